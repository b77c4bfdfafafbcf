/* Carries what happened in PostgreSQL (friends, devices) into the queue, from
 * where it is told as everything else. A change leaves its table after it is
 * in the queue, so one that is there twice has the same name. */
#ifndef MOIM_HOOKS_DRAIN_H
#define MOIM_HOOKS_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/wheel.h"
#include "proto/net/loop.h"
#include "storage/hook_outbox.h"
#include "storage/hook_queue.h"

enum {
    DRAIN_EVERY_MS = 500,
};

struct drain {
    struct loop *loop; /* borrowed, as the next two */
    struct hook_queue *queue;
    struct hook_outbox *outbox; /* NULL: nobody asked for such events */
    struct wheel_timer timer;
    bool running; /* it is this worker's */
    bool busy;    /* a batch is on its way */
    uint64_t ids[HOOK_CHANGES_MAX];
    size_t count;  /* of the batch */
    size_t asked;  /* of them, not yet answered by the queue */
    enum rc rc;    /* the worst answer */
    uint64_t done; /* changes carried */
};

void drain_init(struct drain *d, struct loop *l, struct hook_queue *queue,
                struct hook_outbox *outbox);
/* Only one worker carries. */
void drain_run(struct drain *d, bool yes);
/* Asks nothing any more; its ports are closed next. */
void drain_stop(struct drain *d);

#endif
