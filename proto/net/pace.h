/* What those who have just come may take of one turn of the loop. A handshake
 * under TLS is long work: thousands of them in one turn would keep everybody
 * else waiting for seconds. Who finds the share of the turn used up waits, and
 * they are called in the order in which they came. No clock and no sockets. */
#ifndef MOIM_NET_PACE_H
#define MOIM_NET_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/list.h"
#include "proto/base/macros.h"

enum {
    PACE_CALLED_MAX = 64, /* at once; the share says how many get in */
};

/* Embedded in who comes. */
struct pace_place {
    struct list node; /* in the line; in none before and after it */
    void (*call)(struct pace_place *me); /* it is to try again */
    bool called;
    bool begun; /* was let in once */
};

struct pace {
    struct list line; /* of struct pace_place, who came first is first */
    size_t count;     /* in the line */
    uint64_t share_us;
    uint64_t spent_us; /* in this turn */
};

/* `share_us` of a turn is for those who come, 1 or more. */
void pace_init(struct pace *p, uint64_t share_us);
void pace_place_init(struct pace_place *me,
                     void (*call)(struct pace_place *me));
/* There is something to do for `me`. True: now; pace_spend is told how long it
 * took. False: not in this turn. Who was let in before, or has been called,
 * simply tries again in the next one; anybody else stands in the line until
 * he is called: see pace_waits. */
bool pace_enter(struct pace *p, struct pace_place *me) MUST_CHECK;
/* It stands in the line and has not been called. */
bool pace_waits(const struct pace_place *me);
/* It stands in the line, called or not. */
bool pace_stands(const struct pace_place *me);
void pace_spend(struct pace *p, uint64_t us);
/* Out of the line; harmless when it is in none. */
void pace_leave(struct pace *p, struct pace_place *me);
/* A turn is over: calls the first of those who wait. */
void pace_turn(struct pace *p);

#endif
