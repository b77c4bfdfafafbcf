/* Secrets on their way in and out: passwords and token keys come from files
 * or a prompt, never from the command line, which everybody on the machine
 * can read. */
#ifndef MOIM_MOIMCTL_SECRET_H
#define MOIM_MOIMCTL_SECRET_H

#include <stddef.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

enum {
    PASSWORD_MAX = 1024,    /* bytes, a limit of ours on what is read */
    PASSWORD_MADE_LEN = 20, /* characters of one we make */
};

/* The first line of the file, without its newline, added to `out`. Complains
 * on stderr. RC_BAD_INPUT: unreadable, empty or too long. */
enum rc secret_read_file(const char *path, struct buf *out) MUST_CHECK;
/* The password of `name`: from `file`; without one from the demo's folder
 * when $MOIMCTL_DEMO_DIR names one; else asked for at the terminal, without
 * echo. Complains on stderr.
 *
 * RC_BAD_INPUT  the file cannot be used
 * RC_NOT_FOUND  no file, and no terminal to ask at */
enum rc secret_password(const char *name, const char *file,
                        struct buf *out) MUST_CHECK;
/* A password of PASSWORD_MADE_LEN letters and digits, added to `out`. */
void secret_make_password(struct buf *out);
/* Writes `text` and a newline to a new file that only its owner reads.
 * Complains on stderr. RC_CONFLICT: it exists. RC_BACKEND: cannot write. */
enum rc secret_write_file(const char *path, struct slice text) MUST_CHECK;

#endif
