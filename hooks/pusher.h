/* Pushes notifications to the devices of who is away: reads them from a queue
 * of their own (storage/hook_push.h), so many at a time, beside the webhooks
 * and waiting for nothing that those wait for. */
#ifndef MOIM_HOOKS_PUSHER_H
#define MOIM_HOOKS_PUSHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/push_task.h"
#include "proto/net/loop.h"

enum {
    PUSHER_POLL_MS = 100, /* between two looks at an empty partition */
};

struct pusher;

struct pusher_config {
    size_t concurrency; /* users and conversations at once */
    size_t window;      /* notifications held at once */
    uint64_t ttl_ms;
    bool preview;
};

/* Borrowed until pusher_free. */
struct pusher_ports {
    struct loop *loop;
    struct hook_queue *queue;
    struct history *history;
    struct hook_outbox *outbox;
    struct poster *poster;
    const struct vapid_key *key;
};

struct pusher_counts {
    struct push_task_counts tasks;
    uint64_t collapsed; /* a newer one stood for them */
    uint64_t waiting;   /* in its partitions, when they were last read */
    size_t held;        /* of them, here */
    size_t resting;
};

struct pusher *pusher_open(const struct pusher_config *config,
                           const struct pusher_ports *ports) MUST_CHECK;
/* Only who works a partition of the queue pushes what is in it. */
void pusher_run(struct pusher *p, unsigned part, bool yes);
/* Begins nothing any more; its ports are closed next. */
void pusher_stop(struct pusher *p);
/* Every task is over. Sets *p to NULL; NULL inside is fine. */
void pusher_free(struct pusher **p);
struct pusher_counts pusher_counts(const struct pusher *p);

#endif
