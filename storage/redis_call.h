/* A call to a Redis that may be a cluster: what its slot's server refuses,
 * because the slot is elsewhere or on its way, is asked again a moment later,
 * as often as the deadline allows. All that wait are asked in the order in
 * which they were refused. */
#ifndef MOIM_STORAGE_REDIS_CALL_H
#define MOIM_STORAGE_REDIS_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/wheel.h"
#include "proto/net/loop.h"
#include "storage/redis_nodes.h"
#include "storage/resp_calls.h"

enum {
    REDIS_AGAIN_MS = 25,
};

/* A call that can be made again, embedded instead of a resp_call. All of its
 * keys are in one slot, and making it twice is harmless. */
struct redis_call {
    struct resp_call call;
    struct redis_nodes *nodes;
    void (*send)(struct redis_call *c); /* makes the call, as the first time */
    uint64_t until_ms;                  /* 0, until it has waited */
    bool refused;                       /* kept by redis_order */
};

/* Calls among which order counts: the first that is refused is made again
 * before any other. All zeros: none was. */
struct redis_order {
    unsigned refused;               /* and not answered for good */
    const struct redis_call *first; /* of these; the others wait for it */
};

/* Those that wait; a part of redis_nodes. */
struct redis_calls {
    struct loop *loop;
    uint64_t patience_ms;
    struct list waiting;
    struct wheel_timer timer;
    bool closed;
};

void redis_calls_init(struct redis_calls *q, struct loop *l,
                      uint64_t patience_ms);
/* Answers RC_CLOSED to all that wait; none waits any more. */
void redis_calls_close(struct redis_calls *q);

/* Looks at the answer to an attempt. True: the call will be made again, and
 * the answer is to be forgotten. False: it stands, be it that the time is
 * over. Always so with a single server. */
bool redis_call_again(struct redis_call *c, enum rc rc,
                      const struct resp *replies, size_t count) MUST_CHECK;
/* The same, when redis_nodes_hear has said that it shall. */
bool redis_call_wait(struct redis_call *c) MUST_CHECK;

/* What an answer was: to be forgotten (again) or for good. */
void redis_order_answered(struct redis_order *o, struct redis_call *c,
                          bool again);
/* The call is to be made again. False: it waits for the first. */
bool redis_order_turn(struct redis_order *o, struct redis_call *c) MUST_CHECK;

#endif
