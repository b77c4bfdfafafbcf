/* What the team's webhooks are to hear, as the logic sees it: something
 * happened, and is written down for moim-hooks, which tells the receiver.
 * Asynchronous: a callback comes once, from the loop, never before the call
 * that started it has returned. */
#ifndef MOIM_PORTS_HOOKS_H
#define MOIM_PORTS_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/rc.h"

struct hooks;

/* RC_OK       it is written down
 * RC_AGAIN    not connected or refused: it is not
 * RC_TIMEOUT  no answer within the deadline; it may be
 * RC_BACKEND  the connection broke; it may be
 * RC_CLOSED   the queue was closed first; it may be */
typedef void (*hooks_done_fn)(void *ctx, enum rc rc);

/* A user came, or went. */
struct hooks_seen {
    struct user_id user;
    bool online;
    uint64_t since_ms; /* wall clock */
};

/* Some of those who were last written down as online, and where the next of
 * them are; 0: these were the last. */
typedef void (*hooks_online_fn)(void *ctx, enum rc rc,
                                const struct user_id *users, size_t count,
                                uint64_t next);

struct hooks_ops {
    /* The event at (conv, seq) is in the history. Again does no harm. */
    void (*said)(struct hooks *h, struct conv_id conv, struct msg_seq seq,
                 hooks_done_fn done, void *ctx);
    /* What was written down before is not written again. */
    void (*seen)(struct hooks *h, const struct hooks_seen *seen,
                 hooks_done_fn done, void *ctx);
    /* From `next` on, 0 at first. One may come twice. */
    void (*online)(struct hooks *h, uint64_t next, hooks_online_fn done,
                   void *ctx);
    /* False: a call now would answer RC_AGAIN. */
    bool (*ready)(struct hooks *h);
};

/* Embedded first in every implementation. */
struct hooks {
    const struct hooks_ops *ops;
};

#endif
