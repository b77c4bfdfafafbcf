#include "chat-core/audience.h"

#include <assert.h>

#include "chat-core/deliver.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

/* Somebody who waits until a user's topics are all subscribed. */
struct join {
    struct list node; /* in local_user.joins */
    struct seat *seat;
    audience_fn done;
    void *ctx;
};

static struct topic user_topic(struct user_id user) {
    return (struct topic){TOPIC_USER, user.v};
}

static struct topic conv_topic(struct conv_id conv) {
    return (struct topic){TOPIC_CONV, conv.v};
}

struct local_user *audience_user(struct core *c, struct user_id user) {
    return map_get(&c->users, user.v);
}

struct wide *audience_wide(struct core *c, struct conv_id conv) {
    return map_get(&c->wides, conv.v);
}

bool audience_seated(const struct seat *seat) {
    return seat->user != NULL;
}

/* The record goes when no seat, no call and nobody waiting is left. */
static void user_settle(struct local_user *u) {
    if (u->seat_count > 0 || u->calls > 0 || u->holds > 0) {
        return;
    }
    assert(list_empty(&u->joins));
    assert(u->wide_count == 0);
    map_remove(&u->core->users, u->id.v);
    mem_free(u->wides);
    mem_free(u);
}

void audience_hold(struct local_user *u) {
    u->holds++;
}

void audience_release(struct local_user *u) {
    assert(u->holds > 0);
    u->holds--;
    user_settle(u);
}

/* All calls of the joining have come back: tell those who wait. */
static void user_answer(struct local_user *u) {
    enum rc rc = u->failed ? u->why : RC_OK;
    struct list *node;

    u->ready = !u->failed;
    audience_hold(u); /* a callback may take the last seat away */
    while ((node = list_pop_front(&u->joins)) != NULL) {
        struct join *j = CONTAINER_OF(node, struct join, node);
        audience_fn done = j->done;
        void *ctx = j->ctx;

        mem_free(j);
        done(ctx, rc);
    }
    audience_release(u);
}

static void call_back(struct local_user *u, enum rc rc) {
    assert(u->calls > 0);
    u->calls--;
    if (rc != RC_OK && !u->failed) {
        u->failed = true;
        u->why = rc;
    }
    if (u->calls == 0) {
        user_answer(u);
    }
}

static void on_user_subscribed(void *ctx, enum rc rc) {
    call_back(ctx, rc);
}

/* ---- wide conversations ---- */

/* A user who joins while the conversation's topic is not confirmed yet. */
struct wide_wait {
    struct list node;
    struct local_user *user;
    struct msg_seq catch_up; /* 0: he will sync by himself */
};

void wide_settle(struct wide *w) {
    struct core *c = w->core;

    if (w->users.count > 0 || w->calls > 0) {
        return;
    }
    deliver_forget_held(w);
    c->bus->ops->unsubscribe(c->bus, conv_topic(w->id));
    map_remove(&c->wides, w->id.v);
    map_fini(&w->users);
    mem_free(w);
}

void wide_drop(struct wide *w, struct local_user *u) {
    if (map_remove(&w->users, u->id.v) == NULL) {
        return;
    }
    for (uint32_t i = 0; i < u->wide_count; i++) {
        if (u->wides[i] == w) {
            u->wides[i] = u->wides[--u->wide_count];
            break;
        }
    }
    wide_settle(w);
}

static void on_wide_subscribed(void *ctx, enum rc rc) {
    struct wide *w = ctx;
    struct list *node;

    w->subscribing = false;
    w->subscribed = rc == RC_OK;
    while ((node = list_pop_front(&w->waits)) != NULL) {
        struct wide_wait *wait = CONTAINER_OF(node, struct wide_wait, node);
        struct local_user *u = wait->user;

        if (rc == RC_OK && wait->catch_up.v != 0 && u->seat_count > 0) {
            deliver_catch_up(u, w->id, wait->catch_up);
        }
        mem_free(wait);
        call_back(u, rc);
    }
    w->calls--;
    wide_settle(w);
}

static struct wide *wide_new(struct core *c, struct conv_id id,
                             struct member_version version) {
    struct wide *w = mem_new(sizeof(*w));

    w->core = c;
    w->id = id;
    w->version = version;
    map_init(&w->users);
    list_init(&w->waits);
    list_init(&w->held);
    deliver_wide_init(w);
    map_put(&c->wides, id.v, w);
    return w;
}

static void wide_add_user(struct wide *w, struct local_user *u) {
    if (map_get(&w->users, u->id.v) != NULL) {
        return;
    }
    map_put(&w->users, u->id.v, u);
    u->wides =
        mem_resize(u->wides, (u->wide_count + 1) * sizeof(struct wide *));
    u->wides[u->wide_count++] = w;
}

/* The user's joining waits until the bus has confirmed the topic. */
static void wide_wait_for_topic(struct wide *w, struct local_user *u,
                                struct msg_seq catch_up) {
    struct wide_wait *wait = mem_new(sizeof(*wait));
    struct bus *bus = w->core->bus;

    list_init(&wait->node);
    wait->user = u;
    wait->catch_up = catch_up;
    u->calls++;
    list_push_back(&w->waits, &wait->node);
    if (!w->subscribing) {
        w->subscribing = true;
        w->calls++;
        bus->ops->subscribe(bus, conv_topic(w->id), on_wide_subscribed, w);
    }
}

/* `u` is a member as of `version`, and wants what stands from `catch_up` on
 * when it is not 0. */
static void wide_join(struct local_user *u, struct conv_id id,
                      struct member_version version, struct msg_seq catch_up) {
    struct core *c = u->core;
    struct wide *w = audience_wide(c, id);

    if (w == NULL) {
        w = wide_new(c, id, version);
    }
    wide_add_user(w, u);
    if (!w->subscribed) {
        wide_wait_for_topic(w, u, catch_up);
    } else if (catch_up.v != 0) {
        deliver_catch_up(u, id, catch_up);
    }
}

void audience_member(struct core *c, const struct bus_member *change) {
    struct local_user *u = audience_user(c, change->user);
    struct wide *w = audience_wide(c, change->conv);

    if (change->change == MEMBER_ADDED) {
        if (u != NULL && u->seat_count > 0 && change->wide) {
            wide_join(u, change->conv, change->mver, change->seq);
        }
    } else if (w != NULL && u != NULL) {
        wide_drop(w, u);
    }
}

static void on_wide_convs(void *ctx, enum rc rc,
                          const struct conv_of_user *convs, size_t count) {
    struct local_user *u = ctx;

    for (size_t i = 0; rc == RC_OK && u->seat_count > 0 && i < count; i++) {
        wide_join(u, convs[i].id, convs[i].version, (struct msg_seq){0});
    }
    call_back(u, rc);
}

/* ---- joining and leaving ---- */

/* Subscribes to the user's own topic first, and asks for the conversations
 * after that, so that a change in between is heard or is in the answer. */
static void user_open(struct local_user *u) {
    struct core *c = u->core;

    u->failed = false;
    u->calls += 2;
    c->bus->ops->subscribe(c->bus, user_topic(u->id), on_user_subscribed, u);
    c->directory->ops->wide_convs_of(c->directory, u->id, on_wide_convs, u);
}

static struct local_user *user_find_or_new(struct core *c, struct user_id id) {
    struct local_user *u = audience_user(c, id);

    if (u == NULL) {
        u = mem_new(sizeof(*u));
        u->core = c;
        u->id = id;
        list_init(&u->seats);
        list_init(&u->joins);
        map_put(&c->users, id.v, u);
    }
    return u;
}

void audience_join(struct core *c, struct seat *seat, struct user_id user,
                   audience_fn done, void *ctx) {
    struct local_user *u = user_find_or_new(c, user);
    struct join *j;

    assert(seat->user == NULL);
    seat->user = u;
    list_init(&seat->node);
    list_push_back(&u->seats, &seat->node);
    u->seat_count++;
    if (u->seat_count == 1) {
        u->ready = false;
        user_open(u);
    }
    if (u->ready) {
        done(ctx, RC_OK);
        return;
    }
    if (u->failed && u->calls == 0) {
        done(ctx, u->why);
        return;
    }
    j = mem_new(sizeof(*j));
    *j = (struct join){.seat = seat, .done = done, .ctx = ctx};
    list_init(&j->node);
    list_push_back(&u->joins, &j->node);
}

static void forget_join(struct local_user *u, const struct seat *seat) {
    for (struct list *n = u->joins.next; n != &u->joins; n = n->next) {
        struct join *j = CONTAINER_OF(n, struct join, node);

        if (j->seat == seat) {
            list_remove(&j->node);
            mem_free(j);
            return;
        }
    }
}

/* The last seat went: the gateway has no business with the user any more. */
static void user_close(struct local_user *u) {
    struct core *c = u->core;

    c->bus->ops->unsubscribe(c->bus, user_topic(u->id));
    u->ready = false;
    while (u->wide_count > 0) {
        wide_drop(u->wides[u->wide_count - 1], u);
    }
}

void audience_leave(struct seat *seat) {
    struct local_user *u = seat->user;

    if (u == NULL) {
        return;
    }
    seat->user = NULL;
    list_remove(&seat->node);
    u->seat_count--;
    forget_join(u, seat);
    if (u->seat_count == 0) {
        user_close(u);
        user_settle(u);
    }
}
