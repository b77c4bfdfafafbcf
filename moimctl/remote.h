/* Moim's HTTP side, asked one thing at a time: each call runs the loop until
 * the answer is there. */
#ifndef MOIM_MOIMCTL_REMOTE_H
#define MOIM_MOIMCTL_REMOTE_H

#include <stdint.h>

#include "moimctl/args.h"
#include "moimctl/frame.h"
#include "moimctl/target.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/net/loop.h"
#include "proto/net/tls_client.h"

enum {
    REMOTE_TIMEOUT_MS = 10000,
    REMOTE_PATIENCE_MS = 30000, /* spent waiting because we were told to */
};

struct remote {
    struct loop loop;
    struct target target;
    struct tls_client *tls; /* NULL: plain */
    struct user_id user;    /* who is logged in */
    char *name;             /* the same; NULL: nobody */
    struct buf token;
    struct buf body;    /* of the last answer */
    unsigned status;    /* of the last answer; 0: there was none */
    struct frame frame; /* what the last answer holds */
};

/* Finds `url` as target_find does. `ca`: file of those who may certify an
 * https:// server; NULL: $MOIMCTL_CA, else the system's. CTL_OK, CTL_USAGE,
 * CTL_UNAVAILABLE; complains on stderr. */
enum ctl_exit remote_open(struct remote *r, const char *url,
                          const char *ca) MUST_CHECK;
void remote_close(struct remote *r);

/* One GET; `timeout_ms` for all of it. CTL_OK: any answer, in `status` and
 * `body`. CTL_UNAVAILABLE: none; nothing is written to stderr. */
enum ctl_exit remote_get(struct remote *r, const char *path,
                         uint64_t timeout_ms) MUST_CHECK;

/* One POST of JSON as whoever is logged in. Told to come back later, it does,
 * for at most REMOTE_PATIENCE_MS: every command may be repeated.
 *
 * CTL_OK           it was done; the answer is in `frame`
 * CTL_FAILED       it was refused; `frame` says why
 * CTL_UNAVAILABLE  no answer, or still told to come back later */
enum ctl_exit remote_post(struct remote *r, const char *path,
                          struct slice json) MUST_CHECK;
/* True when the last answer was the error `code`. */
bool remote_refused(const struct remote *r, const char *code);
/* Says on stderr that `what` did not work, and why. */
void remote_complain(const struct remote *r, const char *what);

/* Become the user `name`. Complain on stderr unless the answer was `taken`
 * (CTL_FAILED, sign-up only). */
enum ctl_exit remote_login(struct remote *r, const char *name,
                           struct slice password) MUST_CHECK;
enum ctl_exit remote_signup(struct remote *r, const char *name,
                            struct slice password) MUST_CHECK;
/* Opens and logs in as --as with the password of --password-file. On failure
 * there is nothing to close. `password`: initialized; gets the password, for
 * another login; may be NULL. */
enum ctl_exit remote_enter(struct remote *r, const struct args *a,
                           struct buf *password) MUST_CHECK;

#endif
