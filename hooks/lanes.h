/* What waits to be told, in lanes: one for each conversation and each user of
 * a partition of the queue. In a lane one thing is told after the other, and
 * when the first fails the lane rests, longer each time; the others go on.
 * Pure: time, chance and the wheel are handed in.
 *
 *   READY --take--> BUSY --done--> READY, or gone with its last job
 *     ^               `--rest--> RESTING
 *     `--------------------------'
 *
 * A pointer stands for all of its conversation up to the head, so one of them
 * is enough: a second one is merged into the first, until the worker has begun
 * to take that one away (lane_finishing). */
#ifndef MOIM_HOOKS_LANES_H
#define MOIM_HOOKS_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/rest.h"
#include "proto/base/ids.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/base/rand.h"
#include "proto/base/wheel.h"
#include "storage/hook_queue.h"

enum {
    REST_FIRST_MS = 500, /* at most, after the first failure; see rest.h */
};

/* One entry of the queue. */
struct job {
    struct list node;
    struct replay_id entry;
    enum hook_kind kind;
    struct msg_seq first; /* HOOK_POINTER: it points there */
    struct msg_seq want;  /* and is to be told up to there at least */
    uint64_t ts_ms;       /* HOOK_EVENT */
    struct slice name;    /* in `text`, as the next two */
    struct slice type;
    struct slice data;
    char *text;
};

enum lane_state {
    LANE_READY,
    LANE_BUSY,
    LANE_RESTING,
};

struct lane {
    struct list node; /* in `ready` */
    struct lanes *owner;
    unsigned part;
    uint64_t id; /* of a conversation, or of a user */
    bool conv;
    enum lane_state state;
    bool dropped;   /* busy, and forgotten by lanes_drop: to end soon */
    bool finishing; /* the first job is being taken away */
    uint64_t ceiling_ms;
    struct wheel_timer rest;
    struct list jobs;
    struct msg_seq told; /* of a conversation; 0: not asked yet */
};

struct lanes_ports {
    const struct clock *clock;
    struct wheel *wheel;
    struct rand *rand;
    void (*on_ready)(void *owner); /* a lane has rested */
    void *owner;
};

struct lanes {
    struct lanes_ports ports;
    struct map convs[HOOK_PARTS];
    struct map users[HOOK_PARTS];
    struct list ready;
    size_t jobs;
    size_t resting; /* lanes */
};

void lanes_init(struct lanes *l, const struct lanes_ports *ports);
/* No lane is busy. */
void lanes_fini(struct lanes *l);
/* Copies the entry, which is a pointer or an event. False: it was added to a
 * pointer that waits, and can be taken away at once. */
bool lanes_put(struct lanes *l, const struct hook_entry *e) MUST_CHECK;
/* The next lane that is ready, busy from now on; NULL: there is none. */
struct lane *lanes_take(struct lanes *l);
/* Forgets a partition: another one works it, or it is read anew. Busy lanes go
 * when they are done. */
void lanes_drop(struct lanes *l, unsigned part);

/* Of a busy lane. */
struct job *lane_job(const struct lane *lane);
/* From now on a new pointer is a job of its own; or not any more. */
void lane_finishing(struct lane *lane, bool yes);
/* Its first job is done. The lane may be gone after it. */
void lane_done(struct lane *lane);
/* It failed. The lane may be gone after it. */
void lane_rest(struct lane *lane);

#endif
