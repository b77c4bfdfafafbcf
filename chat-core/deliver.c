#include "chat-core/deliver.h"

#include "chat-core/conv_table.h"
#include "chat-core/event.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"

/* An event that came before its membership. */
struct held {
    struct list node;
    struct member_version mver;
    struct blob *text;
};

static void ask_members(struct wide *w);

void deliver_to_user(struct local_user *u, struct blob *text, bool ephemeral) {
    struct core *c = u->core;

    for (struct list *n = u->seats.next; n != &u->seats; n = n->next) {
        c->stats.delivered++;
        c->events->on_text(c->owner, CONTAINER_OF(n, struct seat, node), text,
                           ephemeral);
    }
}

static void deliver_wide(struct wide *w, struct blob *text, uint64_t skip_user,
                         bool ephemeral) {
    struct local_user *u;
    size_t at = 0;

    while ((u = map_next(&w->users, &at)) != NULL) {
        if (u->id.v != skip_user) {
            deliver_to_user(u, text, ephemeral);
        }
    }
}

static struct blob *resync_text(void) {
    return blob_new(SLICE_LIT("{\"type\":\"resync\"}"));
}

/* ---- catching up ---- */

struct catch_up {
    struct local_user *user;
    struct conv_id conv;
};

static void on_missed(void *ctx, enum rc rc, const struct history_page *page) {
    struct catch_up *up = ctx;
    struct local_user *u = up->user;
    struct buf text;

    if (rc != RC_OK || page->first.v + page->count <= page->head.head.v) {
        struct blob *resync = resync_text();

        deliver_to_user(u, resync, false);
        blob_unref(&resync);
    }
    buf_init(&text);
    for (size_t i = 0; rc == RC_OK && i < page->count; i++) {
        struct blob *b;

        buf_clear(&text);
        event_text(&text, up->conv, (struct msg_seq){page->first.v + i},
                   page->events[i]);
        b = blob_new(buf_slice(&text));
        deliver_to_user(u, b, false);
        blob_unref(&b);
    }
    buf_fini(&text);
    mem_free(up);
    audience_release(u);
}

void deliver_catch_up(struct local_user *u, struct conv_id conv,
                      struct msg_seq from) {
    struct history *h = u->core->history;
    struct catch_up *up = mem_new(sizeof(*up));

    up->user = u;
    up->conv = conv;
    audience_hold(u);
    h->ops->range(h, conv, from, HISTORY_PAGE_MAX, on_missed, up);
}

/* ---- events that wait ---- */

static void on_retry(struct wheel_timer *t) {
    ask_members(CONTAINER_OF(t, struct wide, retry));
}

void deliver_wide_init(struct wide *w) {
    wheel_timer_init(&w->retry, on_retry);
}

static void held_free(struct wide *w, struct held *h) {
    list_remove(&h->node);
    w->held_count--;
    blob_unref(&h->text);
    mem_free(h);
}

void deliver_forget_held(struct wide *w) {
    while (!list_empty(&w->held)) {
        held_free(w, CONTAINER_OF(w->held.next, struct held, node));
    }
    wheel_cancel(&w->retry);
}

/* Delivers, in order, what the known version covers. */
static void release_held(struct wide *w) {
    while (!list_empty(&w->held)) {
        struct held *h = CONTAINER_OF(w->held.next, struct held, node);

        if (h->mver.v > w->version.v) {
            ask_members(w);
            return;
        }
        deliver_wide(w, h->text, 0, false);
        held_free(w, h);
    }
    wheel_cancel(&w->retry);
}

static void on_members(void *ctx, enum rc rc, struct member_version version,
                       const struct member_row *rows, size_t count) {
    struct wide *w = ctx;
    struct core *c = w->core;

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct local_user *u = audience_user(c, rows[i].user);

        if (u != NULL && rows[i].role == ROLE_NONE) {
            wide_drop(w, u); /* w->calls keeps the record */
        }
    }
    if (rc == RC_OK && version.v > w->version.v) {
        w->version = version;
    }
    w->calls--;
    if (w->users.count > 0 && rc == RC_OK) {
        release_held(w);
    } else if (w->users.count > 0) {
        wheel_set(c->wheel, &w->retry, c->clock->mono_ms + HELD_RETRY_MS);
    }
    wide_settle(w);
}

/* Too many local users for one question: they sync instead, which asks for
 * each of them alone. */
static void give_up(struct wide *w) {
    struct blob *text = resync_text();

    deliver_forget_held(w);
    deliver_wide(w, text, 0, false);
    blob_unref(&text);
}

static void ask_members(struct wide *w) {
    struct directory *d = w->core->directory;
    struct user_id *users;
    struct local_user *u;
    size_t count = 0;
    size_t at = 0;

    if (w->users.count == 0 || w->users.count > DIRECTORY_BATCH_MAX) {
        give_up(w);
        return;
    }
    users = mem_new_array(w->users.count, sizeof(*users));
    while ((u = map_next(&w->users, &at)) != NULL) {
        users[count++] = u->id;
    }
    w->calls++;
    w->core->stats.reloads++;
    d->ops->members_of(d, w->id, users, count, on_members, w);
    mem_free(users);
}

static void hold(struct wide *w, const struct bus_event *e, struct blob *text) {
    struct held *h;

    if (w->held_count >= HELD_MAX) {
        give_up(w);
        return;
    }
    h = mem_new(sizeof(*h));
    list_init(&h->node);
    h->mver = e->mver;
    h->text = blob_ref(text);
    list_push_back(&w->held, &h->node);
    w->held_count++;
    w->core->stats.held++;
    if (w->held_count == 1) {
        ask_members(w);
    }
}

/* ---- one message of the bus ---- */

static void on_event(struct core *c, struct topic topic,
                     const struct bus_event *e) {
    struct blob *text = blob_new(e->client);
    struct local_user *u;
    struct wide *w;

    conv_forget_before(c, e->conv, e->mver);
    if (topic.kind == TOPIC_USER) {
        u = audience_user(c, (struct user_id){topic.id});
        if (u != NULL) {
            deliver_to_user(u, text, false);
        }
    } else if (topic.kind == TOPIC_CONV) {
        w = audience_wide(c, e->conv);
        if (w != NULL && (e->mver.v > w->version.v || w->held_count > 0)) {
            hold(w, e, text);
        } else if (w != NULL) {
            deliver_wide(w, text, 0, false);
        }
    }
    blob_unref(&text);
}

static void on_ephemeral(struct core *c, struct topic topic,
                         const struct bus_ephemeral *e) {
    struct blob *text = blob_new(e->client);
    struct local_user *u;
    struct wide *w;

    if (topic.kind == TOPIC_USER && topic.id != e->from.v) {
        u = audience_user(c, (struct user_id){topic.id});
        if (u != NULL) {
            deliver_to_user(u, text, true);
        }
    } else if (topic.kind == TOPIC_CONV) {
        w = audience_wide(c, e->conv);
        if (w != NULL) {
            deliver_wide(w, text, e->from.v, true);
        }
    }
    blob_unref(&text);
}

static void on_member(struct core *c, struct topic topic,
                      const struct bus_member *change) {
    struct wide *w = audience_wide(c, change->conv);

    conv_forget_before(c, change->conv, change->mver);
    if (topic.kind == TOPIC_USER) {
        audience_member(c, change);
        return;
    }
    if (w == NULL) {
        return;
    }
    /* Only the very next version may be applied alone: with a step missed in
     * between, the directory has to tell. */
    w->calls++;
    if (change->mver.v == w->version.v + 1) {
        audience_member(c, change);
        w->version = change->mver;
        if (w->users.count > 0) {
            release_held(w);
        }
    }
    w->calls--;
    wide_settle(w);
}

static void on_revoke(struct core *c, const struct bus_revoke *revoke) {
    struct local_user *u = audience_user(c, revoke->user);

    if (u == NULL) {
        return;
    }
    for (struct list *n = u->seats.next; n != &u->seats; n = n->next) {
        c->events->on_revoked(c->owner, CONTAINER_OF(n, struct seat, node),
                              revoke->device);
    }
}

static void on_message(void *owner, struct topic topic, struct slice msg) {
    struct core *c = owner;
    struct bus_msg m;

    if (bus_msg_decode(msg, &m) != RC_OK) {
        c->stats.bus_errors++;
        return;
    }
    if (m.kind == BUS_EVENT) {
        on_event(c, topic, &m.u.event);
    } else if (m.kind == BUS_EPHEMERAL) {
        on_ephemeral(c, topic, &m.u.ephemeral);
    } else if (m.kind == BUS_MEMBER) {
        on_member(c, topic, &m.u.member);
    } else if (m.kind == BUS_REVOKE) {
        on_revoke(c, &m.u.revoke);
    } else {
        c->stats.bus_errors++; /* presence has its own ear */
    }
}

/* Messages of a partition are gone for good: everybody with a topic in it has
 * to sync. */
static void on_gap(void *owner, unsigned partition) {
    struct core *c = owner;
    struct blob *text = resync_text();
    struct local_user *u;
    struct wide *w;
    size_t at = 0;

    c->stats.gaps++;
    while ((u = map_next(&c->users, &at)) != NULL) {
        if (topic_partition((struct topic){TOPIC_USER, u->id.v}) == partition) {
            deliver_to_user(u, text, false);
        }
    }
    at = 0;
    while ((w = map_next(&c->wides, &at)) != NULL) {
        if (topic_partition((struct topic){TOPIC_CONV, w->id.v}) == partition) {
            deliver_wide(w, text, 0, false);
        }
    }
    blob_unref(&text);
}

const struct bus_events deliver_bus_events = {
    .on_message = on_message,
    .on_gap = on_gap,
};
