/* Many deadlines at the price of one timer: a hashed timer wheel (Varghese
 * and Lauck, 1987) over a clock that is handed in. A timer is embedded in the
 * object it belongs to; setting and cancelling are O(1). A timer fires at the
 * first advance at or after its due time, at most WHEEL_TICK_MS late. */
#ifndef MOIM_BASE_WHEEL_H
#define MOIM_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/list.h"

enum {
    WHEEL_TICK_MS = 16,
    WHEEL_SLOTS = 1024, /* a timer further away waits for its round */
};

struct wheel_timer;
typedef void (*wheel_fn)(struct wheel_timer *t);

struct wheel_timer {
    struct list node;
    uint64_t due_ms; /* monotonic */
    wheel_fn fire;   /* may set or cancel any timer, this one too */
};

struct wheel {
    struct list slots[WHEEL_SLOTS];
    uint64_t busy[WHEEL_SLOTS / 64]; /* a bit per slot that may hold timers */
    uint64_t tick;                   /* the last tick advanced through */
};

void wheel_init(struct wheel *w, uint64_t now_ms);
/* A timer that is not set. Call once before the first wheel_set. */
void wheel_timer_init(struct wheel_timer *t, wheel_fn fire);
/* Sets, or moves, the timer. */
void wheel_set(struct wheel *w, struct wheel_timer *t, uint64_t due_ms);
/* Harmless when the timer is not set. */
void wheel_cancel(struct wheel_timer *t);
bool wheel_is_set(const struct wheel_timer *t);
/* Fires, in order of ticks, everything due at `now_ms`. */
void wheel_advance(struct wheel *w, uint64_t now_ms);
/* Milliseconds until the next advance is worth making; UINT64_MAX when no
 * timer is set. Never later than the next due timer plus one tick. */
uint64_t wheel_wait_ms(struct wheel *w, uint64_t now_ms);

#endif
