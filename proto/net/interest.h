/* Which descriptors may be read or written: sets of the kernel (epoll(7)) that
 * libuv watches, one for each rank. libuv by itself has 248 bytes for each
 * socket, and calls in any order. The ranks say who keeps whom waiting: what
 * the process itself has connected to goes first, since everybody waits for
 * that; then those who are here; and what is left over, a share of each turn,
 * is for those who come and go, in the order in which the kernel heard of
 * them: a crowd waits there and nobody else does. */
#ifndef MOIM_NET_INTEREST_H
#define MOIM_NET_INTEREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

struct loop;
struct interest;

enum interest_rank {
    INTEREST_OURS,  /* what this process has connected to */
    INTEREST_HERE,  /* also listeners */
    INTEREST_BEGUN, /* comes and was looked at: is done before others begin */
    INTEREST_LAST,  /* comes and was not looked at yet, or has ended and goes */
    INTEREST_RANKS,
};

/* What is wanted, and what is told; whoever wants anything is told that it is
 * broken. */
enum {
    INTEREST_READ = 0x1,          /* EPOLLIN */
    INTEREST_WRITE = 0x4,         /* EPOLLOUT */
    INTEREST_BROKEN = 0x8 | 0x10, /* EPOLLERR, EPOLLHUP */
};

typedef void (*interest_fn)(struct interest *r, uint32_t what);

/* Embedded in who owns the descriptor, whose memory stays until the end of the
 * turn in which it wants nothing any more: it is freed by a loop_task. */
struct interest {
    interest_fn fn;
    int fd;
    uint8_t rank;
    uint8_t wanted; /* 0: it is in no set, and does not keep the loop running */
};

struct interest_set {
    uv_poll_t poll;
    int fd;
    bool due; /* somebody in it is */
    size_t count;
};

struct interest_sets {
    struct interest_set of[INTEREST_RANKS];
    uint64_t share_us; /* of a turn, for those who come and go */
};

/* RC_BACKEND: the kernel refused (descriptors). */
enum rc interest_open(struct loop *l, uint64_t share_us) MUST_CHECK;
/* Asserts that nobody wants anything any more; its handles are closed by the
 * turn that follows. */
void interest_close(struct loop *l);
void interest_init(struct interest *r, int fd, enum interest_rank rank,
                   interest_fn fn);
/* From now on `fn` is told, in every turn in which it is so, that there is some
 * of `what`, which is 0 before the descriptor is closed. RC_BACKEND: the kernel
 * refused (fs.epoll.max_user_watches, memory); logged, and it wants nothing. */
enum rc interest_want(struct loop *l, struct interest *r,
                      unsigned what) MUST_CHECK;
/* The same for wanting nothing, which cannot fail. */
void interest_drop(struct loop *l, struct interest *r);
/* RC_BACKEND: as interest_want. */
enum rc interest_move(struct loop *l, struct interest *r,
                      enum interest_rank rank) MUST_CHECK;
/* Tells everybody who may be told in this turn. */
void interest_turn(struct loop *l);
/* Who come or go, and wait to be looked at. */
size_t interest_waiting(const struct loop *l);

#endif
