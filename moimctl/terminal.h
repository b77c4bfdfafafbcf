/* Where the person is: lines come in, lines go out. On a terminal the line
 * being typed stays at the bottom, with a prompt in front, while others are
 * printed above it; with anything else lines are just read and written. */
#ifndef MOIM_MOIMCTL_TERMINAL_H
#define MOIM_MOIMCTL_TERMINAL_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"

struct terminal;

enum {
    TERMINAL_LINE_MAX = 64 * 1024, /* bytes; longer ones are cut in pieces */
};

struct terminal_events {
    /* Borrowed until it returns. Without its newline. */
    void (*on_line)(void *owner, struct slice line);
    /* The line being typed has changed and is not empty. */
    void (*on_typing)(void *owner);
    /* The end of the input, or ^C or ^D. */
    void (*on_end)(void *owner);
};

/* Reads standard input and writes standard output; `interactive`: as a
 * terminal, if both are one. RC_BACKEND: standard input cannot be read;
 * complains on stderr. */
enum rc terminal_open(struct terminal **out, struct loop *l, bool interactive,
                      const struct terminal_events *events,
                      void *owner) MUST_CHECK;
/* Gives the terminal back as it was; freed when the loop has run dry. */
void terminal_close(struct terminal *t);

/* True when a person sits there. */
bool terminal_interactive(const struct terminal *t);
/* Prints one line. */
void terminal_print(struct terminal *t, struct slice line);
/* What stands in front of the line being typed, copied; only for a person. */
void terminal_prompt(struct terminal *t, struct slice prompt);
/* Stops reading, or goes on. */
void terminal_want(struct terminal *t, bool lines);

#endif
