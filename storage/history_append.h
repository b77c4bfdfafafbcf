/* Appending: the events of one turn of the loop leave in one call of the
 * script, and what comes while enough calls are on their way gathers for the
 * next. So a busy store is asked less often for more, and what waits for it
 * waits here, where it can still be refused. */
#ifndef MOIM_STORAGE_HISTORY_APPEND_H
#define MOIM_STORAGE_HISTORY_APPEND_H

#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/history.h"
#include "proto/base/list.h"
#include "proto/net/loop.h"

enum {
    HISTORY_BATCH_MAX = 128,    /* events in one call */
    HISTORY_FLYING_MAX = 2,     /* calls on their way */
    HISTORY_WAITING_MAX = 4096, /* events without an answer; then RC_AGAIN */
};

/* What a history keeps for it. */
struct history_appends {
    struct list gathered; /* batches that are not on their way */
    struct list refused;  /* one batch at most, to be answered RC_AGAIN */
    unsigned flying;
    size_t waiting; /* events in all batches but the refused */
    struct loop_task flush;
};

void history_appends_init(struct history_appends *a);
/* The port's function. */
void history_append(struct history *base, const struct history_append *in,
                    history_appended_fn done, void *ctx);
/* Answers RC_CLOSED to what has not left; after the connection was closed. */
void history_appends_close(struct history_appends *a);

#endif
