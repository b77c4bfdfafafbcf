#include "proto/base/wheel.h"

#include <stddef.h>

#include "proto/base/macros.h"

enum {
    WORD_BITS = 64,
};

static size_t slot_of(uint64_t tick) {
    return (size_t)(tick % WHEEL_SLOTS);
}

void wheel_init(struct wheel *w, uint64_t now_ms) {
    for (size_t i = 0; i < WHEEL_SLOTS; i++) {
        list_init(&w->slots[i]);
    }
    for (size_t i = 0; i < COUNT_OF(w->busy); i++) {
        w->busy[i] = 0;
    }
    w->tick = now_ms / WHEEL_TICK_MS;
}

void wheel_timer_init(struct wheel_timer *t, wheel_fn fire) {
    list_init(&t->node);
    t->due_ms = 0;
    t->fire = fire;
}

/* A timer stands in the slot of the tick it is due in, whatever the round. One
 * that is overdue stands in the current slot, the first to be looked at. */
void wheel_set(struct wheel *w, struct wheel_timer *t, uint64_t due_ms) {
    uint64_t tick = due_ms / WHEEL_TICK_MS;
    size_t slot = slot_of(tick < w->tick ? w->tick : tick);

    list_remove(&t->node);
    t->due_ms = due_ms;
    list_push_back(&w->slots[slot], &t->node);
    w->busy[slot / WORD_BITS] |= UINT64_C(1) << (slot % WORD_BITS);
}

/* The slot's busy bit stays: who looks there next finds it empty. */
void wheel_cancel(struct wheel_timer *t) {
    list_remove(&t->node);
}

bool wheel_is_set(const struct wheel_timer *t) {
    return list_linked(&t->node);
}

/* Ticks from `tick` to the next one whose slot is busy, less than WHEEL_SLOTS;
 * or WHEEL_SLOTS when no slot is. */
static uint64_t ticks_to_busy(const struct wheel *w, uint64_t tick) {
    uint64_t ahead = 0;

    while (ahead < WHEEL_SLOTS) {
        size_t slot = slot_of(tick + ahead);
        uint64_t word = w->busy[slot / WORD_BITS] >> (slot % WORD_BITS);

        if (word != 0) {
            ahead += (uint64_t)__builtin_ctzll(word);
            break;
        }
        ahead += WORD_BITS - slot % WORD_BITS;
    }
    return ahead < WHEEL_SLOTS ? ahead : WHEEL_SLOTS;
}

/* Whether there are timers in the slot of `tick`, whose bit says so. */
static bool still_busy(struct wheel *w, uint64_t tick) {
    size_t slot = slot_of(tick);

    if (!list_empty(&w->slots[slot])) {
        return true;
    }
    w->busy[slot / WORD_BITS] &= ~(UINT64_C(1) << (slot % WORD_BITS));
    return false;
}

/* Moves the timers of `tick` that are due to `due`; the others wait for their
 * round, or for the rest of the current tick. */
static void collect(struct wheel *w, uint64_t tick, uint64_t now_ms,
                    struct list *due) {
    struct list *slot = &w->slots[slot_of(tick)];
    struct list *node = slot->next;

    while (node != slot) {
        struct wheel_timer *t = CONTAINER_OF(node, struct wheel_timer, node);

        node = node->next;
        if (t->due_ms <= now_ms && t->due_ms / WHEEL_TICK_MS <= tick) {
            list_remove(&t->node);
            list_push_back(due, &t->node);
        }
    }
    (void)still_busy(w, tick);
}

/* First collects, then fires: what a timer sets while it fires lands in the
 * slots and is not fired before the next advance, so this always ends. */
void wheel_advance(struct wheel *w, uint64_t now_ms) {
    uint64_t end = now_ms / WHEEL_TICK_MS;
    uint64_t tick = w->tick;
    uint64_t ahead = ticks_to_busy(w, tick);
    struct list due;
    struct list *node;

    list_init(&due);
    while (ahead < WHEEL_SLOTS && tick + ahead <= end) {
        tick += ahead;
        collect(w, tick, now_ms, &due);
        tick++;
        ahead = ticks_to_busy(w, tick);
    }
    if (end > w->tick) {
        w->tick = end;
    }
    while ((node = list_pop_front(&due)) != NULL) {
        struct wheel_timer *t = CONTAINER_OF(node, struct wheel_timer, node);

        t->fire(t);
    }
}

/* Waits for the end of the tick, when its whole slot is due. */
uint64_t wheel_wait_ms(struct wheel *w, uint64_t now_ms) {
    uint64_t ahead = ticks_to_busy(w, w->tick);
    uint64_t at;

    while (ahead < WHEEL_SLOTS && !still_busy(w, w->tick + ahead)) {
        ahead++;
        ahead += ticks_to_busy(w, w->tick + ahead);
    }
    if (ahead >= WHEEL_SLOTS) {
        return UINT64_MAX;
    }
    at = (w->tick + ahead + 1) * WHEEL_TICK_MS;
    return at > now_ms ? at - now_ms : 0;
}
