/* Turns a real loop until something has come true, or a deadline says that it
 * never will. Waits for nothing. Peers are plain sockets that never block. */
#ifndef MOIM_TESTS_DRIVE_H
#define MOIM_TESTS_DRIVE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/buf.h"
#include "proto/net/address.h"
#include "proto/net/loop.h"

enum {
    DRIVE_LIMIT_MS = 5000,
};

typedef bool (*drive_done_fn)(void *ctx);

static inline bool drive_until(struct loop *l, drive_done_fn done, void *ctx) {
    struct clock clock;
    uint64_t end_ms;

    clock_update(&clock);
    end_ms = clock.mono_ms + DRIVE_LIMIT_MS;
    while (!done(ctx)) {
        uv_run(&l->uv, UV_RUN_NOWAIT);
        clock_update(&clock);
        if (clock.mono_ms > end_ms) {
            return false;
        }
    }
    return true;
}

/* A few turns: enough for what is already on its way inside the process. */
static inline void drive_turns(struct loop *l, unsigned turns) {
    while (turns-- > 0) {
        uv_run(&l->uv, UV_RUN_NOWAIT);
    }
}

/* Both ends do not block. */
static inline bool drive_pair(int fds[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                      fds) == 0;
}

/* A plain listening socket at "unix:/path", or -1. */
static inline int drive_listen(const char *address) {
    struct address a;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (address_parse(address, &a) != RC_OK ||
        bind(fd, (const struct sockaddr *)&a.sa, a.len) != 0 ||
        listen(fd, 8) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Is `want` somewhere in `b`? */
static inline bool drive_has(const struct buf *b, const char *want) {
    struct slice rest = buf_slice(b);

    while (rest.n > 0) {
        rest = slice_drop(rest, slice_find(rest, (uint8_t)want[0]));
        if (slice_starts(rest, want)) {
            return true;
        }
        rest = slice_drop(rest, rest.n > 0 ? 1 : 0);
    }
    return false;
}

/* What a plain socket has to read now goes to `in`. True at its end. */
static inline bool drive_read(int fd, struct buf *in) {
    ssize_t n;

    do {
        n = read(fd, buf_room(in, 65536), 65536);
        if (n > 0) {
            in->n += (size_t)n;
        }
    } while (n > 0);
    return n == 0 || errno == ECONNRESET;
}

#endif
