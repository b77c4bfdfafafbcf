#include "chat-core/deliver.h"

#include "chat-core/conv_table.h"
#include "chat-core/event.h"
#include "chat-core/linger.h"
#include "chat-core/look.h"
#include "chat-core/wide.h"

void deliver_to_user(struct local_user *u, struct blob *text, bool ephemeral) {
    struct core *c = u->core;

    for (struct seat *seat = u->seats; seat != NULL; seat = seat->next) {
        if (seat->join == NULL) {
            c->stats.delivered++;
            c->events->on_text(c->owner, seat, text, ephemeral);
        }
    }
}

void deliver_page(struct local_user *u, const struct page *page) {
    struct buf text;

    buf_init(&text);
    for (size_t i = 0; i < page->count; i++) {
        struct blob *b;

        buf_clear(&text);
        event_text(&text, page->conv, (struct msg_seq){page->first.v + i},
                   page->events[i]);
        b = blob_new(buf_slice(&text));
        deliver_to_user(u, b, false);
        blob_unref(&b);
    }
    buf_fini(&text);
}

struct blob *deliver_resync_text(void) {
    return blob_new(SLICE_LIT("{\"type\":\"resync\"}"));
}

static void to_user_topic(struct core *c, struct topic topic, struct blob *text,
                          bool ephemeral) {
    struct local_user *u = audience_user(c, (struct user_id){topic.id});

    if (u != NULL) {
        deliver_to_user(u, text, ephemeral);
    }
}

/* In milliseconds, as events tell their time. */
static void note_delay(struct core *c, struct slice text) {
    uint64_t ts_ms = event_text_ts_ms(text);

    if (ts_ms > 0) {
        histogram_add_since(&c->stats.deliveries, ts_ms * 1000,
                            c->clock->wall_ms * 1000);
    }
}

static void on_event(struct core *c, struct topic topic,
                     const struct bus_event *e) {
    struct blob *text = blob_new(e->client);

    note_delay(c, e->client);
    conv_forget_before(c, e->conv, e->mver);
    if (topic.kind == TOPIC_USER) {
        to_user_topic(c, topic, text, false);
    } else {
        wide_event(c, e, text);
    }
    blob_unref(&text);
}

static void on_ephemeral(struct core *c, struct topic topic,
                         const struct bus_ephemeral *e) {
    struct blob *text = blob_new(e->client);
    struct wide *w = wide_find(c, e->conv);

    /* A change of a list is of no conversation, and not to be dropped. */
    if (topic.kind == TOPIC_USER && topic.id != e->from.v) {
        to_user_topic(c, topic, text, e->conv.v != 0);
    } else if (topic.kind == TOPIC_CONV && w != NULL) {
        wide_tell(w, text, true, e->from);
    }
    blob_unref(&text);
}

static void on_joining(struct core *c, struct user_id user,
                       const struct bus_member *told) {
    struct local_user *u = audience_user(c, user);

    if (u != NULL && told->seq.v != 0) {
        look(u, told->conv, told->seq);
    }
}

/* On a user's topic it is about that user: one message can be for many. */
static void on_member(struct core *c, struct topic topic,
                      const struct bus_member *told) {
    struct bus_member change = *told;

    conv_forget_before(c, change.conv, change.mver);
    if (topic.kind == TOPIC_USER && change.change == MEMBER_SAME) {
        on_joining(c, (struct user_id){topic.id}, &change);
    } else if (topic.kind == TOPIC_USER) {
        change.user.v = topic.id;
        wide_user_changed(c, &change);
    } else {
        wide_conv_changed(c, &change);
    }
}

void deliver_revoke(struct core *c, const struct bus_revoke *revoke) {
    struct local_user *u = audience_user(c, revoke->user);

    if (u == NULL) {
        return;
    }
    if (u->seats == NULL) {
        audience_forget(u);
        return;
    }
    for (struct seat *seat = u->seats; seat != NULL; seat = seat->next) {
        c->events->on_revoked(c->owner, seat, revoke->device);
    }
}

/* On the topic of one of the two it is about the other. */
static void on_block(struct core *c, struct topic topic,
                     const struct bus_block *block) {
    struct local_user *u = audience_user(c, (struct user_id){topic.id});
    struct user_id other =
        topic.id == block->user.v ? block->other : block->user;

    if (u == NULL || topic.kind != TOPIC_USER) {
        return;
    }
    for (struct seat *seat = u->seats; seat != NULL; seat = seat->next) {
        c->events->on_blocked(c->owner, seat, other);
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
    } else if (m.kind == BUS_BLOCK) {
        on_block(c, topic, &m.u.block);
    } else {
        c->stats.bus_errors++; /* what is for gateways has its own ear */
    }
}

/* Messages of a partition are gone for good: everybody with a topic in it has
 * to sync. Of who lingers it is not known any more in which conversations he
 * is, and nobody is there for whom it would have to be known. */
static void on_gap(void *owner, unsigned partition) {
    struct core *c = owner;
    struct blob *text = deliver_resync_text();
    struct local_user *u;
    struct wide *w;
    size_t at = 0;

    c->stats.gaps++;
    linger_doubt(c);
    while ((u = map_next(&c->users, &at)) != NULL) {
        if (u->seats != NULL &&
            topic_partition((struct topic){TOPIC_USER, u->id.v}) == partition) {
            audience_lost(u);
        }
    }
    at = 0;
    while ((w = map_next(&c->wides, &at)) != NULL) {
        if (topic_partition((struct topic){TOPIC_CONV, w->id.v}) == partition) {
            wide_tell(w, text, false, (struct user_id){0});
        }
    }
    blob_unref(&text);
}

void deliver_resync_all(struct core *c) {
    struct local_user *u;
    size_t at = 0;

    linger_doubt(c);
    while ((u = map_next(&c->users, &at)) != NULL) {
        if (u->seats != NULL) {
            audience_lost(u);
        }
    }
}

const struct bus_events deliver_bus_events = {
    .on_message = on_message,
    .on_gap = on_gap,
};
