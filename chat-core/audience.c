#include "chat-core/audience.h"

#include <assert.h>

#include "chat-core/deliver.h"
#include "chat-core/interval.h"
#include "chat-core/linger.h"
#include "chat-core/wide.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"

/* A seat that waits until its user is ready. */
struct join {
    struct list node; /* in local_user.joins */
    struct seat *seat;
    audience_fn done;
    void *ctx;
};

/* The directory did not answer for a user who is ready: ask again later. */
struct reload {
    struct wheel_timer timer;
    struct local_user *user;
};

static struct topic user_topic(struct user_id user) {
    return (struct topic){TOPIC_USER, user.v};
}

struct local_user *audience_user(struct core *c, struct user_id user) {
    return map_get(&c->users, user.v);
}

size_t audience_count(const struct core *c) {
    return c->users.count - c->linger.count;
}

bool audience_seated(const struct seat *seat) {
    return seat->user != NULL;
}

/* The record goes when no seat, no call and nobody waiting is left, and he does
 * not linger. */
static void user_settle(struct local_user *u) {
    if (u->seats != NULL || u->calls > 0 || u->holds > 0 || u->open) {
        return;
    }
    assert(list_empty(&u->joins));
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

static void cancel_reload(struct local_user *u) {
    if (u->reload != NULL) {
        wheel_cancel(&u->reload->timer);
        mem_free(u->reload);
        u->reload = NULL;
    }
}

static void on_reload(struct wheel_timer *t) {
    audience_lost(CONTAINER_OF(t, struct reload, timer)->user);
}

static void reload_later(struct local_user *u) {
    struct core *c = u->core;

    if (u->reload == NULL) {
        u->reload = mem_new(sizeof(*u->reload));
        u->reload->user = u;
        wheel_timer_init(&u->reload->timer, on_reload);
        wheel_set(c->wheel, &u->reload->timer,
                  c->clock->mono_ms + WIDE_RETRY_MS);
    }
}

/* The gateway has no business with the user any more. */
static void user_close(struct local_user *u) {
    struct core *c = u->core;

    if (!u->open) {
        return;
    }
    u->open = false;
    u->ready = false;
    u->lost = false;
    cancel_reload(u);
    c->bus->ops->unsubscribe(c->bus, user_topic(u->id));
    wide_leave_all(u);
}

void audience_forget(struct local_user *u) {
    if (u->seats == NULL) {
        linger_end(u);
        user_close(u);
        user_settle(u);
    }
}

/* Everybody who waits, except who comes back in from a callback: that is a
 * new attempt. */
static void answer_joins(struct local_user *u, enum rc rc) {
    struct list joins;
    struct list *node;

    list_init(&joins);
    list_append(&joins, &u->joins);
    while ((node = list_pop_front(&joins)) != NULL) {
        struct join *j = CONTAINER_OF(node, struct join, node);
        audience_fn done = j->done;
        void *ctx = j->ctx;

        j->seat->join = NULL;
        mem_free(j);
        done(ctx, rc);
    }
}

/* Everything that was asked for the user has come back. */
static void user_answer(struct local_user *u) {
    enum rc rc = (enum rc)u->why;
    struct blob *text;

    audience_hold(u); /* a callback may take the last seat away */
    if (rc != RC_OK) {
        user_close(u);
    }
    u->ready = u->open;
    if (u->lost) {
        u->lost = false;
        text = deliver_resync_text();
        deliver_to_user(u, text, false);
        blob_unref(&text);
    }
    if (u->seats != NULL) {
        answer_joins(u, rc);
    }
    audience_release(u);
}

void audience_expect(struct local_user *u) {
    u->calls++;
}

void audience_answered(struct local_user *u, enum rc rc) {
    assert(u->calls > 0);
    u->calls--;
    if (rc != RC_OK && u->ready) {
        reload_later(u);
    } else if (rc != RC_OK && u->why == RC_OK) {
        u->why = (uint8_t)rc;
    }
    if (u->calls == 0) {
        user_answer(u);
    }
}

/* ---- opening ---- */

static void on_wide_convs(void *ctx, enum rc rc,
                          const struct conv_of_user *convs, size_t count) {
    struct local_user *u = ctx;

    for (size_t i = 0; rc == RC_OK && u->open && i < count; i++) {
        struct msg_seq since = interval_since(&convs[i].me);

        wide_join(u, &(struct wide_join){.conv = convs[i].id,
                                         .version = convs[i].version,
                                         .from = since,
                                         .behind = since.v == 0});
    }
    audience_answered(u, rc);
}

static void ask_convs(struct local_user *u) {
    struct directory *d = u->core->directory;

    audience_expect(u);
    d->ops->wide_convs_of(d, u->id, on_wide_convs, u);
}

/* Only now is a change heard that the directory's answer does not hold. */
static void on_user_subscribed(void *ctx, enum rc rc) {
    struct local_user *u = ctx;

    if (rc == RC_OK && u->open && !planted(PLANT_LISTEN_AFTER_READING)) {
        ask_convs(u);
    }
    audience_answered(u, rc);
}

static void user_open(struct local_user *u) {
    struct core *c = u->core;

    u->open = true;
    u->why = RC_OK;
    audience_expect(u);
    if (planted(PLANT_LISTEN_AFTER_READING)) {
        ask_convs(u);
    }
    c->bus->ops->subscribe(c->bus, user_topic(u->id), on_user_subscribed, u);
}

void audience_lost(struct local_user *u) {
    if (u->seats == NULL) {
        audience_forget(u);
    } else if (u->open) {
        cancel_reload(u);
        u->lost = true;
        ask_convs(u);
    }
}

/* ---- joining and leaving ---- */

static struct local_user *user_find_or_new(struct core *c, struct user_id id) {
    struct local_user *u = audience_user(c, id);

    if (u == NULL) {
        u = mem_new(sizeof(*u));
        u->core = c;
        u->id = id;
        list_init(&u->joins);
        map_put(&c->users, id.v, u);
    }
    return u;
}

/* The link that leads to `seat`, or, for NULL, the last one. */
static struct seat **link_to(struct local_user *u, const struct seat *seat) {
    struct seat **at = &u->seats;

    while (*at != seat) {
        at = &(*at)->next;
    }
    return at;
}

void audience_join(struct core *c, struct seat *seat, struct user_id user,
                   audience_fn done, void *ctx) {
    struct local_user *u = user_find_or_new(c, user);
    struct join *j;

    assert(seat->user == NULL);
    if (u->seats == NULL) {
        linger_end(u);
    }
    seat->user = u;
    seat->next = NULL;
    *link_to(u, NULL) = seat;
    if (!u->open) {
        user_open(u);
    }
    if (u->ready) {
        done(ctx, RC_OK);
        return;
    }
    j = mem_new(sizeof(*j));
    *j = (struct join){.seat = seat, .done = done, .ctx = ctx};
    list_init(&j->node);
    list_push_back(&u->joins, &j->node);
    seat->join = j;
}

static void forget_join(struct seat *seat) {
    if (seat->join != NULL) {
        list_remove(&seat->join->node);
        mem_free(seat->join);
        seat->join = NULL;
    }
}

void audience_leave(struct seat *seat) {
    struct local_user *u = seat->user;

    if (u == NULL) {
        return;
    }
    seat->user = NULL;
    *link_to(u, seat) = seat->next;
    forget_join(seat);
    if (u->seats == NULL && !linger_begin(u)) {
        audience_forget(u);
    }
}
