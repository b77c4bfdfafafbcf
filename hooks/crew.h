/* Which partitions of the queue this worker works.
 *
 * Every second a worker says that it is there, and so hears who else is. The
 * partitions go round among them, in the order of their names; of each that
 * is its own a worker takes the lease, as soon as nobody else has it, and it
 * gives up the lease of one that is not its own any more. So two never work
 * the same, whatever they believe of each other, and the work of one who died
 * or came is shared out within seconds. Who cannot renew a lease in time takes
 * it for lost. */
#ifndef MOIM_HOOKS_CREW_H
#define MOIM_HOOKS_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/wheel.h"
#include "proto/net/loop.h"
#include "storage/hook_queue.h"

enum {
    LEASE_MS = 3000,
    LEASE_RENEW_MS = 1000,
    LEASE_RETRY_MS = 50, /* the same, while the queue is not there */
};

struct crew;

struct crew_lease {
    struct crew *owner;
    bool held;
    uint64_t held_ms; /* when it was last ours; monotonic */
};

struct crew {
    struct loop *loop;        /* borrowed, as the next */
    struct hook_queue *queue; /* the same */
    uint64_t worker;          /* who we are; not 0 */
    struct crew_lease parts[HOOK_PARTS];
    size_t size; /* workers that run, this one too */
    size_t rank; /* of them, those before this one */
    struct wheel_timer timer;
    bool stopped;
    size_t leaving; /* answers that crew_leave waits for */
    void (*left)(void *ctx);
    void *left_ctx;
    /* A partition is ours, or is not any more. */
    void (*on_change)(void *owner, unsigned part, bool held);
    void *owner;
};

/* `loop`, `queue`, `worker`, `on_change` and `owner` are set by the caller
 * before. */
void crew_open(struct crew *c);
/* Asks for nothing any more. */
void crew_stop(struct crew *c);
/* The same, and what is held is somebody else's at once. `left` comes once,
 * perhaps from within, unless the queue is closed first. */
void crew_leave(struct crew *c, void (*left)(void *ctx), void *ctx);

/* Is the partition that worker's, of a crew of so many? */
bool crew_part_is_mine(unsigned part, size_t rank, size_t crew);

#endif
