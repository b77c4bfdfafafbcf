/* The webhooks' worker without its process: holds leases of partitions of the
 * queue (crew.h), reads these into lanes, and starts a task for each lane
 * that is ready, some at a time.
 *
 * Several may run, and share the partitions. A worker that cannot renew a lease
 * in time forgets what it holds of that partition; what it was about to post
 * may be posted twice then, never not at all. */
#ifndef MOIM_HOOKS_WORKER_H
#define MOIM_HOOKS_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/crew.h"
#include "hooks/drain.h"
#include "hooks/notify.h"
#include "hooks/pusher.h"
#include "hooks/task.h"
#include "proto/net/loop.h"

struct worker;

enum {
    WORKER_POLL_MS = 50, /* between two looks at an empty partition */
};

struct worker_config {
    uint64_t id; /* of this process, not 0 */
    size_t concurrency;
    size_t window; /* entries held at once */
    unsigned families;
    uint64_t give_up_ms;
    uint64_t notify_ms; /* see notify.h; 0: nobody asked for that */
    unsigned notify_to; /* then: HOOK_TO_* */
};

/* Borrowed until worker_free. */
struct worker_ports {
    struct loop *loop;
    struct hook_queue *queue;
    struct history *history;
    struct sender *sender; /* NULL: there is no receiver, and no families */
    struct hook_outbox *outbox; /* NULL: nobody asked for what is in it */
    struct pusher *pusher;      /* NULL: devices are not woken */
};

struct worker_counts {
    struct task_counts tasks;
    struct notifier_counts notifier;
    unsigned parts;   /* partitions whose lease it holds */
    uint64_t waiting; /* entries in them, when they were last read */
    size_t held;      /* of them, here */
    size_t resting;   /* lanes whose first event failed */
    uint64_t foreign; /* entries that are not ours */
    uint64_t carried; /* changes from PostgreSQL to the queue */
};

struct worker *worker_open(const struct worker_config *config,
                           const struct worker_ports *ports) MUST_CHECK;
/* Starts nothing any more, and lets another one work at once. `left` comes
 * once, perhaps from within, unless the queue is closed first. */
void worker_leave(struct worker *w, void (*left)(void *ctx), void *ctx);
/* Starts nothing any more. Then its ports are closed, which ends every task. */
void worker_stop(struct worker *w);
/* Every task is over. Sets *w to NULL; NULL inside is fine. */
void worker_free(struct worker **w);
struct worker_counts worker_counts(const struct worker *w);

#endif
