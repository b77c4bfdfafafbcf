/* Who is in a wide conversation here, and listening to its topic. */
#include "chat-core/wide.h"

#include "chat-core/deliver.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"

/* A user who is not ready before the conversation's topic is. */
struct wide_wait {
    struct list node;
    struct local_user *user;
};

static struct topic conv_topic(struct conv_id conv) {
    return (struct topic){TOPIC_CONV, conv.v};
}

struct wide *wide_find(struct core *c, struct conv_id conv) {
    return map_get(&c->wides, conv.v);
}

struct wide_user *wide_user_find(const struct wide *w,
                                 const struct local_user *u) {
    return map_get(&w->users, u->id.v);
}

static void catch_up_all(struct wide *w) {
    struct wide_user *wu;
    size_t at = 0;

    while ((wu = map_next(&w->users, &at)) != NULL) {
        if (wu->behind) {
            wide_catch_up(w, wu);
        }
    }
}

static void on_retry(struct wheel_timer *t) {
    struct wide *w = CONTAINER_OF(t, struct wide, retry);

    wide_ask(w);
    if (w->subscribed) {
        catch_up_all(w);
    }
}

void wide_retry_later(struct wide *w) {
    struct core *c = w->core;

    if (!wheel_is_set(&w->retry)) {
        wheel_set(c->wheel, &w->retry, c->clock->mono_ms + WIDE_RETRY_MS);
    }
}

static struct wide *wide_new(struct core *c, struct conv_id id,
                             struct member_version version) {
    struct wide *w = mem_new(sizeof(*w));

    w->core = c;
    w->id = id;
    w->version = version;
    map_init(&w->users);
    list_init(&w->in_order);
    list_init(&w->waits);
    list_init(&w->held);
    wheel_timer_init(&w->retry, on_retry);
    map_put(&c->wides, id.v, w);
    return w;
}

void wide_settle(struct wide *w) {
    struct bus *bus = w->core->bus;

    if (w->users.count > 0) {
        return;
    }
    wide_forget_held(w);
    wheel_cancel(&w->retry);
    if (w->calls > 0) {
        return;
    }
    if (w->subscribed) {
        bus->ops->unsubscribe(bus, conv_topic(w->id));
    }
    map_remove(&w->core->wides, w->id.v);
    map_fini(&w->users);
    mem_free(w);
}

/* ---- in and out ---- */

static void forget_wide(struct local_user *u, const struct wide *w) {
    for (uint32_t i = 0; i < u->wide_count; i++) {
        if (u->wides[i] == w) {
            u->wides[i] = u->wides[--u->wide_count];
            return;
        }
    }
}

void wide_drop(struct wide *w, const struct local_user *u) {
    struct wide_user *wu = map_remove(&w->users, u->id.v);

    if (wu == NULL) {
        return;
    }
    forget_wide(wu->user, w);
    list_remove(&wu->node);
    mem_free(wu);
    wide_settle(w);
}

void wide_leave_all(struct local_user *u) {
    while (u->wide_count > 0) {
        wide_drop(u->wides[u->wide_count - 1], u);
    }
}

/* A new member is known to be one only at the version of his joining. When
 * that is the oldest, nothing newer is certain about everybody any more. */
static struct wide_user *wide_add(struct wide *w, struct local_user *u,
                                  struct member_version version) {
    struct wide_user *wu = mem_new(sizeof(*wu));

    wu->user = u;
    map_put(&w->users, u->id.v, wu);
    list_init(&wu->node);
    list_push_back(&w->in_order, &wu->node);
    u->wides =
        mem_resize(u->wides, (u->wide_count + 1) * sizeof(struct wide *));
    u->wides[u->wide_count++] = w;
    if (version.v < w->version.v) {
        w->version = version;
    }
    if (version.v < w->low.v) {
        w->low = version;
    }
    return wu;
}

static void on_subscribed(void *ctx, enum rc rc) {
    struct wide *w = ctx;
    struct bus *bus = w->core->bus;
    struct list waits;
    struct list *node;

    w->subscribing = false;
    w->subscribed = rc == RC_OK;
    if (rc == RC_OK) {
        catch_up_all(w);
    } else {
        bus->ops->unsubscribe(bus, conv_topic(w->id));
    }
    list_init(&waits);
    list_append(&waits, &w->waits);
    while ((node = list_pop_front(&waits)) != NULL) {
        struct wide_wait *wait = CONTAINER_OF(node, struct wide_wait, node);
        struct local_user *u = wait->user;

        mem_free(wait);
        if (rc != RC_OK) {
            wide_drop(w, u);
        }
        audience_answered(u, rc);
    }
    w->calls--;
    wide_settle(w);
}

/* The user's joining waits until the bus has confirmed the topic. */
static void wait_for_topic(struct wide *w, struct local_user *u) {
    struct wide_wait *wait = mem_new(sizeof(*wait));
    struct bus *bus = w->core->bus;

    list_init(&wait->node);
    wait->user = u;
    audience_expect(u);
    list_push_back(&w->waits, &wait->node);
    if (!w->subscribing) {
        w->subscribing = true;
        w->calls++;
        bus->ops->subscribe(bus, conv_topic(w->id), on_subscribed, w);
    }
}

static void note(struct wide_user *wu, const struct wide_join *join) {
    if (join->version.v > wu->known.v) {
        wu->known = join->version;
    }
    if (wu->from.v == 0) {
        wu->from = join->from;
    }
    if (join->behind && !planted(PLANT_NO_CATCH_UP)) {
        wu->behind = true;
        wu->have.v = join->from.v == 0 ? 0 : join->from.v - 1;
    }
}

void wide_join(struct local_user *u, const struct wide_join *join) {
    struct core *c = u->core;
    struct wide *w = wide_find(c, join->conv);
    struct wide_user *wu;

    if (w == NULL) {
        w = wide_new(c, join->conv, join->version);
    }
    wu = wide_user_find(w, u);
    if (wu == NULL) {
        wu = wide_add(w, u, join->version);
    }
    note(wu, join);
    if (!w->subscribed) {
        wait_for_topic(w, u);
    } else if (wu->behind) {
        wide_catch_up(w, wu);
    }
}

/* Everybody in a group that has perhaps just become wide is told of it; who
 * listens already lacks nothing. */
static bool listens(const struct wide *w, const struct local_user *u) {
    const struct wide_user *wu = w == NULL ? NULL : wide_user_find(w, u);

    return wu != NULL && w->subscribed && wu->from.v != 0 && !wu->behind;
}

/* ---- what the bus tells of members ---- */

/* On the conversation's topic the news comes before the joining has its seq:
 * what stands from there on is read when his own topic tells. Until then he is
 * shown nothing: where he may begin is not known, and what the directory still
 * says of an earlier membership is not what he lacks. */
static void joined(struct core *c, const struct bus_member *change) {
    struct local_user *u = audience_user(c, change->user);
    const struct wide *wide = wide_find(c, change->conv);

    if (u != NULL && u->open) {
        wide_join(u, &(struct wide_join){.conv = change->conv,
                                         .version = change->mver,
                                         .from = change->seq,
                                         .behind = change->seq.v != 0 &&
                                                   !listens(wide, u)});
    }
}

/* Old news about somebody who has come back meanwhile changes nothing. */
static void left(struct wide *w, const struct bus_member *change) {
    struct local_user *u = audience_user(w->core, change->user);
    struct wide_user *wu = u == NULL ? NULL : wide_user_find(w, u);

    if (wu != NULL &&
        (change->mver.v > wu->known.v || planted(PLANT_OLD_NEWS_BELIEVED))) {
        wide_drop(w, u);
    }
}

static bool goes(const struct bus_member *change) {
    return change->change == MEMBER_REMOVED || change->change == MEMBER_LEFT;
}

void wide_user_changed(struct core *c, const struct bus_member *change) {
    struct wide *w = wide_find(c, change->conv);

    if (change->change == MEMBER_ADDED && change->wide) {
        joined(c, change);
    } else if (goes(change) && w != NULL) {
        left(w, change);
    }
}

/* Only the very next version may be applied alone: with a step missed in
 * between, the directory has to tell. */
void wide_conv_changed(struct core *c, const struct bus_member *change) {
    struct wide *w = wide_find(c, change->conv);

    if (w == NULL ||
        (change->mver.v != w->version.v + 1 && !planted(PLANT_STEP_SKIPPED))) {
        return;
    }
    w->calls++;
    w->version = change->mver;
    if (change->change == MEMBER_ADDED) {
        joined(c, change);
    } else if (goes(change)) {
        left(w, change);
    }
    wide_release(w);
    w->calls--;
    wide_settle(w);
}

void wide_tell(const struct wide *w, struct blob *text, bool ephemeral,
               struct user_id skip) {
    for (struct list *n = w->in_order.next; n != &w->in_order; n = n->next) {
        const struct wide_user *wu = CONTAINER_OF(n, struct wide_user, node);

        if (wu->user->id.v != skip.v) {
            deliver_to_user(wu->user, text, ephemeral);
        }
    }
}
