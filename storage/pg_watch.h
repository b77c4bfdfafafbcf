/* Waiting for a socket that libpq owns. The poll handle has memory of its own,
 * since libuv lets go of it later than libpq closes the socket. */
#ifndef MOIM_STORAGE_PG_WATCH_H
#define MOIM_STORAGE_PG_WATCH_H

#include <uv.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"

/* `status` is libuv's: 0, or what is wrong with the socket. */
typedef void (*pg_watch_fn)(void *owner, int status);

/* Embedded; holds nothing while nothing is watched. */
struct pg_watch {
    struct loop *loop;
    pg_watch_fn fn;
    void *owner;
    uv_poll_t *poll;
    int events; /* UV_READABLE and so on, as last asked */
};

void pg_watch_init(struct pg_watch *w, struct loop *loop, pg_watch_fn fn,
                   void *owner);
/* Calls `fn` whenever one of `events` holds for `fd`, the same socket until
 * pg_watch_stop. RC_BACKEND: the socket cannot be polled. */
enum rc pg_watch_set(struct pg_watch *w, int fd, int events) MUST_CHECK;
/* Before the socket is closed, or may be replaced. Harmless when not set. */
void pg_watch_stop(struct pg_watch *w);

#endif
