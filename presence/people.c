/* The people who are online, of one partition of users. */
#include "presence/people.h"

#include <assert.h>

#include "proto/base/mem.h"

void people_init(struct people *p) {
    map_init(&p->users);
    list_init(&p->leaving);
    p->on_turned = NULL;
    p->owner = NULL;
}

static void person_free(struct person *who) {
    if (who->count > 1) {
        mem_free(who->at.many);
    }
    mem_free(who);
}

void people_fini(struct people *p) {
    struct person *who;
    size_t at = 0;

    while ((who = map_next(&p->users, &at)) != NULL) {
        person_free(who);
    }
    map_fini(&p->users);
    list_init(&p->leaving);
}

static struct place *places(struct person *who) {
    return who->count > 1 ? who->at.many : &who->at.one;
}

static struct place *place_find(struct person *who, uint16_t lease) {
    struct place *all = places(who);

    for (size_t i = 0; i < who->count; i++) {
        if (all[i].lease == lease) {
            return &all[i];
        }
    }
    return NULL;
}

static void place_add(struct person *who, struct place place) {
    struct place *all;

    if (who->count == 0) {
        who->at.one = place;
        who->count = 1;
        list_remove(&who->node); /* back within the grace */
        return;
    }
    if (who->count == 1) {
        all = mem_new_array(2, sizeof(*all));
        all[0] = who->at.one;
    } else {
        all = mem_resize(who->at.many, (who->count + 1U) * sizeof(*all));
    }
    all[who->count] = place;
    who->at.many = all;
    who->count++;
}

static void place_remove(struct people *p, struct person *who,
                         struct place *place, uint64_t now_ms) {
    struct place *all = places(who);
    struct place kept;

    *place = all[who->count - 1];
    who->count--;
    if (who->count == 1) {
        kept = all[0];
        mem_free(all);
        who->at.one = kept;
    } else if (who->count == 0) {
        who->gone_ms = now_ms;
        list_push_back(&p->leaving, &who->node);
    }
}

static struct person *person_new(struct people *p, struct user_id user,
                                 uint64_t since_ms) {
    struct person *who = mem_new(sizeof(*who));

    list_init(&who->node);
    who->user = user;
    who->since_ms = since_ms;
    (void)map_put(&p->users, user.v, who);
    return who;
}

static void end_place(struct people *p, struct stand *at, struct person *who,
                      uint64_t now_ms) {
    struct place *place = place_find(who, at->slot);

    if (place == NULL) {
        return;
    }
    at->places--;
    if (place->round == at->round) {
        at->current--;
    }
    place_remove(p, who, place, now_ms);
}

static void put_place(struct stand *at, struct person *who, uint16_t sessions) {
    struct place *place = place_find(who, at->slot);

    if (place == NULL) {
        place_add(who, (struct place){at->slot, at->round, sessions});
        at->places++;
        at->current++;
        return;
    }
    if (place->round != at->round) {
        place->round = at->round;
        at->current++;
    }
    place->sessions = sessions;
}

/* One session of somebody who is there is enough. Who has none is as he was. */
static void summarize(struct people *p, struct person *who) {
    const struct place *all = places(who);
    bool away = true;

    for (size_t i = 0; i < who->count; i++) {
        away = away && (all[i].sessions & PRESENCE_ALL_AWAY) != 0;
    }
    if (who->count == 0 || away == who->away) {
        return;
    }
    who->away = away;
    if (p->on_turned != NULL) {
        p->on_turned(p->owner, who);
    }
}

bool people_set(struct people *p, struct stand *at, struct presence_item item,
                uint64_t now_ms, uint64_t since_ms) {
    struct person *who = map_get(&p->users, item.user.v);
    bool is_new = who == NULL && item.sessions > 0;

    if (is_new) {
        who = person_new(p, item.user, since_ms);
        who->away = (item.sessions & PRESENCE_ALL_AWAY) != 0;
    }
    if (item.sessions > 0) {
        put_place(at, who, item.sessions);
    } else if (who != NULL) {
        end_place(p, at, who, now_ms);
    }
    if (who != NULL) {
        summarize(p, who);
    }
    return is_new;
}

void people_sweep(struct people *p, struct stand *at, uint64_t now_ms) {
    struct person *who;
    size_t walk = 0;

    while (at->places != at->current &&
           (who = map_next(&p->users, &walk)) != NULL) {
        struct place *place = place_find(who, at->slot);

        if (place != NULL && place->round != at->round) {
            end_place(p, at, who, now_ms);
            summarize(p, who);
        }
    }
    assert(at->places == at->current);
}

const struct person *people_find(const struct people *p, struct user_id user) {
    return map_get(&p->users, user.v);
}

struct person *people_leaving(const struct people *p) {
    if (list_empty(&p->leaving)) {
        return NULL;
    }
    return CONTAINER_OF(p->leaving.next, struct person, node);
}

void people_forget(struct people *p, struct person *who) {
    assert(who->count == 0);
    list_remove(&who->node);
    (void)map_remove(&p->users, who->user.v);
    person_free(who);
}
