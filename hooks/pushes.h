/* What waits to be pushed: of each user and conversation the newest
 * notification only. Another one takes the place of the one that waits and
 * stands for its messages too; while one is on its way the newest waits behind
 * it. Who fails rests, longer each time, but not when there is something new.
 * Pure: time, chance and the wheel are handed in.
 *
 *   READY --take--> BUSY --done--> gone, or READY with the one behind it
 *     ^               `--rest--> RESTING
 *     `------- put, or time ------'                                       */
#ifndef MOIM_HOOKS_PUSHES_H
#define MOIM_HOOKS_PUSHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/devices.h"
#include "hooks/recall.h"
#include "hooks/rest.h"
#include "proto/base/clock.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/base/rand.h"
#include "proto/base/wheel.h"
#include "storage/bus_replay.h"
#include "storage/hook_keys.h"

enum {
    PUSHES_REST_FIRST_MS =
        1000, /* at most, after the first failure; see rest.h */
};

struct push_notice {
    struct replay_id entry; /* in the queue; ms 0: there is none */
    struct notice_of of;
    uint64_t ts_ms; /* of its last message */
    uint64_t count; /* messages that it stands for */
};

enum push_state {
    PUSH_READY,
    PUSH_BUSY,
    PUSH_RESTING,
};

struct push {
    struct list node; /* in `ready` */
    struct pushes *owner;
    unsigned part; /* of the queue, by its conversation */
    uint64_t key;
    enum push_state state;
    bool dropped; /* busy, and forgotten by pushes_drop: to end soon */
    struct push_notice now;
    struct push_notice next;                /* while that is busy */
    struct device_id done[DEVICE_PUSH_MAX]; /* need it no more */
    size_t done_count;
    uint64_t ceiling_ms;
    struct wheel_timer rest;
};

struct pushes_ports {
    const struct clock *clock;
    struct wheel *wheel;
    struct rand *rand;
    void (*on_ready)(void *owner); /* one has rested */
    void *owner;
};

struct pushes {
    struct pushes_ports ports;
    struct map by_key[HOOK_PARTS]; /* of the queue */
    struct list ready;
    size_t resting;
};

void pushes_init(struct pushes *p, const struct pushes_ports *ports);
/* None is busy. */
void pushes_fini(struct pushes *p);
/* Copies. Answers the entry that this one stands for from now on, to be taken
 * out of the queue. */
struct replay_id pushes_put(struct pushes *p,
                            const struct push_notice *n) MUST_CHECK;
/* The next that is ready, busy from now on; NULL: there is none. */
struct push *pushes_take(struct pushes *p);
/* Forgets a partition: another one works it, or it is read anew. Busy ones go
 * when they are done. */
void pushes_drop(struct pushes *p, unsigned part);
/* Those that wait, and those that are busy. */
size_t pushes_held(const struct pushes *p);

/* Of a busy one. */

bool push_has(const struct push *p, struct device_id device) MUST_CHECK;
/* This device needs it no more. */
void push_give(struct push *p, struct device_id device);
/* Something newer waits behind it. */
bool push_is_old(const struct push *p) MUST_CHECK;
/* It is through. May be gone after it. */
void push_done(struct push *p);
/* It failed, and is tried again after `least_ms` or more. May be gone after
 * it. Not push_is_old. */
void push_rest(struct push *p, uint64_t least_ms);

#endif
