/* One attempt at one notification, from its start to its end: is it wanted
 * still, which devices of the user can be woken, what does it say; posts to
 * those that have not got it, and takes the entry away when nobody needs it
 * any more. */
#ifndef MOIM_HOOKS_PUSH_TASK_H
#define MOIM_HOOKS_PUSH_TASK_H

#include <stdint.h>

#include "chat-core/ports/history.h"
#include "hooks/poster.h"
#include "hooks/pushes.h"
#include "proto/base/clock.h"
#include "storage/hook_outbox.h"
#include "storage/hook_queue.h"

struct push_task_counts {
    uint64_t recalled; /* their reason was gone */
    uint64_t expired;  /* they had been tried for too long */
    uint64_t nowhere;  /* the user has no device that can be woken */
};

/* What a task works with; outlives it. */
struct push_task_ports {
    struct hook_queue *queue;
    struct history *history;
    struct hook_outbox *outbox;
    struct poster *poster;
    const struct vapid_key *key;
    const struct clock *clock;
    uint64_t ttl_ms; /* so long after its message a push is of use */
    bool preview;    /* it says what was written */
    struct push_task_counts *counts;
    /* The task is over and gone: is the notification through? If not, it is to
     * be tried again after `wait_ms` or more. */
    void (*on_over)(void *owner, struct push *push, bool done,
                    uint64_t wait_ms);
    void *owner;
};

/* `push` is busy, and stays so until on_over, which comes once, from the loop,
 * never from within. */
void push_task_start(const struct push_task_ports *ports, struct push *push);

#endif
