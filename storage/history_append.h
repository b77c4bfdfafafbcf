/* Appending: the events of one turn of the loop leave in one call of the
 * script, and what comes while enough calls are on their way gathers for the
 * next. So a busy store is asked less often for more, and what waits for it
 * waits here, where it can still be refused.
 *
 * In a cluster that is so for each slot, which is as much as a call of a
 * script may name; the calls to one server leave in one write. */
#ifndef MOIM_STORAGE_HISTORY_APPEND_H
#define MOIM_STORAGE_HISTORY_APPEND_H

#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/history.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/net/loop.h"
#include "storage/copies.h"
#include "storage/redis_call.h"

enum {
    HISTORY_BATCH_MAX = 128,    /* events in one call */
    HISTORY_FLYING_MAX = 2,     /* calls of a lane on their way */
    HISTORY_WAITING_MAX = 4096, /* events without an answer; then RC_AGAIN */
};

/* What may share a call of the script: everything, or one slot. */
struct history_lane {
    struct list gathered; /* batches that are not on their way */
    struct list node;     /* in `due`, when something may leave */
    uint64_t slot;
    unsigned flying;
    struct redis_order order; /* of these */
};

/* What a history keeps for it. */
struct history_appends {
    struct copies copies;     /* what else an ack needs */
    struct history_lane lane; /* of a single server */
    struct map lanes;         /* of a cluster: slot -> history_lane */
    struct list due;
    struct list refused; /* one batch at most, to be answered RC_AGAIN */
    size_t waiting;      /* events in all batches but the refused */
    struct batch *spare; /* its memory serves the next; or NULL */
    struct loop_task flush;
};

/* A call may take `deadline_ms`. */
void history_appends_init(struct history_appends *a, struct loop *l,
                          uint64_t deadline_ms);
/* The port's function. */
void history_append(struct history *base, const struct history_append *in,
                    history_appended_fn done, void *ctx);
/* Answers RC_CLOSED to what has not left; after the connection was closed. */
void history_appends_close(struct history_appends *a);

#endif
