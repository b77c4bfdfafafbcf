/* The port of presence in memory for tests. */
#include "tests/fakes/fake_presence.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"

struct fake_query {
    struct fake_query *next;
    struct user_id *users;
    size_t count;
    presence_known_fn done;
    void *ctx;
};

struct reported {
    unsigned sessions;
};

static struct fake_presence *fake_of(struct presence *p) {
    return CONTAINER_OF(p, struct fake_presence, presence);
}

static void report(struct presence *port, struct user_id user,
                   unsigned sessions) {
    struct fake_presence *p = fake_of(port);
    struct reported *r = map_get(&p->sessions, user.v);

    if (r == NULL) {
        r = mem_new(sizeof(*r));
        map_put(&p->sessions, user.v, r);
    }
    r->sessions = sessions;
}

static void query(struct presence *port, const struct user_id *users,
                  size_t count, presence_known_fn done, void *ctx) {
    struct fake_presence *p = fake_of(port);
    struct fake_query *q = mem_new(sizeof(*q));

    q->users = mem_new_array(count, sizeof(*users));
    memcpy(q->users, users, count * sizeof(*users));
    q->count = count;
    q->done = done;
    q->ctx = ctx;
    *p->end = q;
    p->end = &q->next;
}

static const struct presence_ops ops = {.report = report, .query = query};

void fake_presence_init(struct fake_presence *p) {
    p->presence.ops = &ops;
    map_init(&p->known);
    map_init(&p->sessions);
    p->first = NULL;
    p->end = &p->first;
}

static struct fake_query *pop(struct fake_presence *p) {
    struct fake_query *q = p->first;

    p->first = q->next;
    if (p->first == NULL) {
        p->end = &p->first;
    }
    return q;
}

static void query_free(struct fake_query *q) {
    mem_free(q->users);
    mem_free(q);
}

static void free_values(struct map *m) {
    size_t at = 0;
    void *value;

    while ((value = map_next(m, &at)) != NULL) {
        mem_free(value);
    }
    map_fini(m);
}

void fake_presence_fini(struct fake_presence *p) {
    while (p->first != NULL) {
        query_free(pop(p));
    }
    free_values(&p->known);
    free_values(&p->sessions);
}

void fake_presence_set(struct fake_presence *p,
                       const struct presence_known *known) {
    struct presence_known *mine = map_get(&p->known, known->user.v);

    if (mine == NULL) {
        mine = mem_new(sizeof(*mine));
        map_put(&p->known, known->user.v, mine);
    }
    *mine = *known;
}

unsigned fake_presence_sessions(const struct fake_presence *p,
                                struct user_id user) {
    const struct reported *r = map_get(&p->sessions, user.v);

    return r == NULL ? 0 : r->sessions;
}

static void answer(struct fake_presence *p, struct fake_query *q) {
    struct presence_known *known = mem_new_array(q->count, sizeof(*known));

    for (size_t i = 0; i < q->count; i++) {
        const struct presence_known *mine = map_get(&p->known, q->users[i].v);

        known[i] = mine != NULL
                       ? *mine
                       : (struct presence_known){.user = q->users[i],
                                                 .state = PRESENCE_UNKNOWN};
    }
    q->done(q->ctx, known, q->count);
    mem_free(known);
    query_free(q);
}

size_t fake_presence_turn(struct fake_presence *p) {
    size_t count = 0;

    for (const struct fake_query *q = p->first; q != NULL; q = q->next) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        answer(p, pop(p));
    }
    return count;
}
