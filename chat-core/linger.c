#include "chat-core/linger.h"

#include <assert.h>

#include "proto/base/macros.h"
#include "proto/base/plant.h"

enum {
    S_MS = 1000,
};

/* Who went first, or NULL. */
static struct local_user *oldest(struct core *c) {
    struct list *users = &c->linger.users;

    return list_empty(users)
               ? NULL
               : CONTAINER_OF(users->next, struct local_user, joins);
}

static uint64_t over_ms(const struct local_user *u) {
    return ((uint64_t)u->left_s + LINGER_S) * S_MS;
}

/* The timer fires when the oldest is over, and not twice within a second. */
static void wait_for_oldest(struct core *c) {
    const struct local_user *u = oldest(c);
    uint64_t soon_ms = c->clock->mono_ms + S_MS;

    if (u != NULL) {
        wheel_set(c->wheel, &c->linger.timer,
                  over_ms(u) > soon_ms ? over_ms(u) : soon_ms);
    }
}

/* Thousands who went together are not forgotten in one turn of the loop:
 * others wait for its end. */
static void on_timer(struct wheel_timer *t) {
    struct core *c = CONTAINER_OF(t, struct core, linger.timer);
    struct local_user *u = oldest(c);

    for (size_t i = 0;
         i < LINGER_FORGET_MAX && u != NULL && over_ms(u) <= c->clock->mono_ms;
         i++) {
        audience_forget(u);
        u = oldest(c);
    }
    wait_for_oldest(c);
}

void linger_init(struct core *c) {
    list_init(&c->linger.users);
    c->linger.count = 0;
    wheel_timer_init(&c->linger.timer, on_timer);
}

/* What was asked for him has been answered, and nothing has to be asked. */
static bool is_certain(const struct local_user *u) {
    return u->ready && !u->lost && u->calls == 0 && u->reload == NULL;
}

bool linger_begin(struct local_user *u) {
    struct core *c = u->core;
    struct core_linger *l = &c->linger;

    assert(u->seats == NULL && !list_linked(&u->joins));
    if (c->linger_max == 0 || !is_certain(u)) {
        return false;
    }
    if (l->count >= c->linger_max) {
        audience_forget(oldest(c));
    }
    u->left_s = (uint32_t)(c->clock->mono_ms / S_MS);
    list_push_back(&l->users, &u->joins);
    l->count++;
    if (!wheel_is_set(&l->timer)) {
        wait_for_oldest(c);
    }
    return true;
}

void linger_end(struct local_user *u) {
    assert(u->seats == NULL);
    if (list_linked(&u->joins)) {
        list_remove(&u->joins);
        u->core->linger.count--;
    }
}

static void forget_all(struct core *c) {
    struct local_user *u;

    while ((u = oldest(c)) != NULL) {
        audience_forget(u);
    }
}

void linger_doubt(struct core *c) {
    if (!planted(PLANT_LINGER_THROUGH_GAP)) {
        forget_all(c);
    }
}

void linger_stop(struct core *c) {
    c->linger_max = 0;
    forget_all(c);
    wheel_cancel(&c->linger.timer);
}
