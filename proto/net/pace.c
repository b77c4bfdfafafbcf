#include "proto/net/pace.h"

void pace_init(struct pace *p, uint64_t share_us) {
    *p = (struct pace){.share_us = share_us};
    list_init(&p->line);
}

void pace_place_init(struct pace_place *me,
                     void (*call)(struct pace_place *me)) {
    *me = (struct pace_place){.call = call};
    list_init(&me->node);
}

/* Nobody overtakes those who stand in the line, but for who has begun: his
 * half of a handshake is held in memory until he is done. */
static bool may(const struct pace *p, const struct pace_place *me) {
    return p->spent_us < p->share_us &&
           (me->begun || me->called || list_empty(&p->line));
}

bool pace_enter(struct pace *p, struct pace_place *me) {
    if (may(p, me)) {
        pace_leave(p, me);
        me->begun = true;
        return true;
    }
    if (!me->begun && !pace_stands(me)) {
        list_push_back(&p->line, &me->node);
        p->count++;
    }
    return false;
}

bool pace_waits(const struct pace_place *me) {
    return pace_stands(me) && !me->called;
}

bool pace_stands(const struct pace_place *me) {
    return list_linked(&me->node);
}

/* What took less than a microsecond was not for nothing. */
void pace_spend(struct pace *p, uint64_t us) {
    p->spent_us += us > 0 ? us : 1;
}

void pace_leave(struct pace *p, struct pace_place *me) {
    if (pace_stands(me)) {
        list_remove(&me->node);
        p->count--;
    }
    me->called = false;
}

/* Those who were called before and did not get in stand first still. */
void pace_turn(struct pace *p) {
    struct list *node = p->line.next;

    p->spent_us = 0;
    for (unsigned i = 0; i < PACE_CALLED_MAX && node != &p->line; i++) {
        struct pace_place *place = CONTAINER_OF(node, struct pace_place, node);

        node = node->next; /* who is called may leave */
        if (!place->called) {
            place->called = true;
            place->call(place);
        }
    }
}
