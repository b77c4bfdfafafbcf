#include "chat-core/say.h"

#include <assert.h>
#include <string.h>

#include "chat-core/conv_table.h"
#include "chat-core/event.h"
#include "chat-core/interval.h"
#include "chat-core/members.h"
#include "chat-core/policy.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "proto/wire/bus_msg.h"

enum {
    BUS_ROOM = 64,                       /* around a text on the bus */
    TRIES_MAX = 4,                       /* memberships found stale in a row */
    TOPICS_MAX = LISTED_MAX_MEMBERS + 2, /* the members, conv: and extra */
};

/* One event on its way. */
struct saying {
    struct core *core;
    struct conv_id conv;
    struct user_id from;
    struct slice name;   /* in `bytes` */
    struct slice stored; /* the same: the event, as the log has it */
    uint64_t body_hash;
    uint64_t ts_ms;
    uint64_t asked_us; /* monotonic */
    enum deed deed;
    struct user_id author;
    const struct history_change *amends; /* NULL: no earlier event */
    bool system;                         /* a member change: no check */
    struct say_change change;
    struct member_version version;
    uint64_t keep_ms;
    /* From the front who is told; from the end the members whose joining is
     * not complete: whether it stands before the event only the history can
     * tell. */
    struct topic topics[TOPICS_MAX];
    size_t topic_count;
    size_t joining_count;
    bool wide;
    unsigned tries;
    struct said said;
    said_fn done;
    void *ctx;
    uint8_t bytes[];
};

static void look_up(struct saying *s);

static void on_member_complete(void *ctx, enum rc rc, struct conv_id conv,
                               struct msg_seq seq) {
    (void)ctx;
    (void)rc; /* the next one to touch the conversation tries again */
    (void)conv;
    (void)seq;
}

static const struct topic *joining_of(const struct saying *s) {
    return s->topics + TOPICS_MAX - s->joining_count;
}

/* Whoever began these joinings has perhaps died. What the system says is part
 * of such a change itself, and leaves the others to the next message. */
static void complete_joinings(const struct saying *s) {
    for (size_t i = 0; !s->system && i < s->joining_count; i++) {
        member_complete(s->core, s->conv, (struct user_id){joining_of(s)[i].id},
                        on_member_complete, NULL);
    }
}

static void finish(struct saying *s, enum rc rc) {
    said_fn done = s->done;
    void *ctx = s->ctx;
    struct said said = s->said;

    if (rc == RC_OK) {
        s->core->stats.said++;
        histogram_add_since(&s->core->stats.acks, s->asked_us,
                            s->core->clock->mono_us);
        complete_joinings(s);
    }
    mem_free(s);
    done(ctx, rc, rc == RC_OK ? &said : NULL);
}

/* The event is stored: a failure now does not mean "nothing happened". */
static void finish_stored(struct saying *s, enum rc rc) {
    finish(s, rc == RC_AGAIN ? RC_BACKEND : rc);
}

static void on_noted(void *ctx, enum rc rc) {
    finish_stored(ctx, rc);
}

/* Everybody concerned has it, as far as this process can see to that. The
 * webhooks are to hear of it too, and only then comes the ack. */
static void note(struct saying *s) {
    struct hooks *h = s->core->hooks;

    if (h == NULL) {
        finish(s, RC_OK);
        return;
    }
    h->ops->said(h, s->conv, s->said.seq, on_noted, s);
}

static void on_told(void *ctx, enum rc rc) {
    struct saying *s = ctx;

    if (rc != RC_OK) {
        finish_stored(s, rc);
        return;
    }
    note(s);
}

/* Who is joining a narrow conversation is told where to look. Of a wide one he
 * reads everything from his joining on anyway. */
static void tell_joining(struct saying *s) {
    struct bus *bus = s->core->bus;
    struct buf msg;

    if (s->joining_count == 0 || s->wide) {
        note(s);
        return;
    }
    buf_init(&msg);
    bus_msg_encode(&msg,
                   &(struct bus_msg){.kind = BUS_MEMBER,
                                     .u.member = {.conv = s->conv,
                                                  .user = s->from,
                                                  .mver = s->version,
                                                  .seq = s->said.seq,
                                                  .change = MEMBER_SAME}});
    bus->ops->publish(bus, joining_of(s), s->joining_count, buf_slice(&msg),
                      true, on_told, s);
    buf_fini(&msg);
}

static void on_published(void *ctx, enum rc rc) {
    struct saying *s = ctx;

    if (rc != RC_OK) {
        finish_stored(s, rc);
        return;
    }
    tell_joining(s);
}

static void publish(struct saying *s, struct slice stored) {
    struct core *c = s->core;

    event_text(&c->text, s->conv, s->said.seq, stored);
    (void)buf_room(&c->msg, c->text.n + BUS_ROOM);
    bus_msg_encode(
        &c->msg, &(struct bus_msg){.kind = BUS_EVENT,
                                   .u.event = {.conv = s->conv,
                                               .seq = s->said.seq,
                                               .mver = s->version,
                                               .from = s->from,
                                               .client = buf_slice(&c->text)}});
    c->bus->ops->publish(
        c->bus, s->topics, s->topic_count, buf_slice(&c->msg), true,
        planted(PLANT_ACK_BEFORE_PUBLISH) ? NULL : on_published, s);
    if (planted(PLANT_ACK_BEFORE_PUBLISH)) {
        on_published(s, RC_OK);
    }
    buf_clear(&c->text);
    buf_clear(&c->msg);
}

/* `since`: from there its user may read. Of a repeat's members, who are
 * today's, only those were recipients who had come by then; one who has been
 * out since finds it by his next sync. */
static void add_topic(struct saying *s, struct topic topic,
                      struct msg_seq since) {
    uint64_t repeated = s->said.seq.v; /* or 0 */

    assert(s->topic_count + s->joining_count < TOPICS_MAX);
    if (repeated == 0 || (since.v != 0 && since.v <= repeated)) {
        s->topics[s->topic_count++] = topic;
    }
}

static void take_member(struct saying *s, const struct place *place,
                        const struct member_row *m) {
    struct topic topic = {TOPIC_USER, m->user.v};
    struct msg_seq since = interval_since(m);

    if (since.v == 0 && !planted(PLANT_TOLD_WHILE_JOINING)) {
        s->topics[TOPICS_MAX - ++s->joining_count] = topic;
    } else if (!place->wide || place->joining) {
        add_topic(s, topic, since);
    }
}

/* The topics of everybody who is a member at the place's version. A wide
 * conversation has its own; while a joining is not complete its few members
 * get the event on theirs too, since those who were there when it was narrow
 * have perhaps not been told yet to listen to it. Whoever is joining looks
 * himself: what stands before his joining is not for him. */
static void take_topics(struct saying *s, const struct place *place) {
    const struct msg_seq always = {1};

    s->topic_count = 0;
    s->joining_count = 0;
    s->wide = place->wide;
    if (place->wide) {
        add_topic(s, (struct topic){TOPIC_CONV, s->conv.v}, always);
    }
    if (s->change.extra.v != 0) {
        add_topic(s, (struct topic){TOPIC_USER, s->change.extra.v}, always);
    }
    for (size_t i = 0; i < place->listed; i++) {
        if (place->members[i].user.v != s->change.extra.v) {
            take_member(s, place, &place->members[i]);
        }
    }
}

static void tell_members(struct saying *s) {
    if (s->topic_count == 0) {
        tell_joining(s); /* everybody else has left */
    } else {
        publish(s, s->stored);
    }
}

/* It may have been edited or deleted since. */
static void on_repeated(void *ctx, enum rc rc,
                        const struct history_page *page) {
    struct saying *s = ctx;

    if (rc != RC_OK || page->count == 0) {
        finish_stored(s, rc == RC_OK ? RC_BACKEND : rc);
        return;
    }
    publish(s, page->events[0]);
}

static void on_place_of_repeat(void *ctx, enum rc rc,
                               const struct place *place) {
    struct saying *s = ctx;
    struct history *h = s->core->history;

    if (rc != RC_OK) {
        finish_stored(s, rc);
        return;
    }
    s->version = place->version;
    take_topics(s, place);
    if (s->topic_count == 0) {
        tell_joining(s); /* everybody else has left */
        return;
    }
    h->ops->range(h, s->conv, s->said.seq, 1, on_repeated, s);
}

/* A repeat is published again, as it stands now: the first attempt may have
 * died between the append and the bus. Clients drop what they have by
 * (conv, seq). A known name
 * is answered whatever membership we believe in, and so it says nothing about
 * that: ours may be from before somebody was removed. Read it again. */
static void repeat(struct saying *s) {
    const struct member_version never = {UINT64_MAX};

    s->core->stats.repeats++;
    if (planted(PLANT_REPEAT_NOT_PUBLISHED)) {
        finish(s, RC_OK);
        return;
    }
    if (!planted(PLANT_REPEAT_OLD_MEMBERS)) {
        conv_forget_before(s->core, s->conv, never);
    }
    conv_place(s->core, s->conv, s->from, on_place_of_repeat, s);
}

static void on_appended(void *ctx, enum rc rc,
                        const struct history_appended *out) {
    static const struct history_appended lie = {.seq = {1}, .ts_ms = 1};
    struct saying *s = ctx;

    if (rc != RC_OK && rc != RC_STALE && planted(PLANT_APPEND_NOT_ASKED)) {
        out = &lie;
        rc = RC_OK;
    }
    if (rc == RC_STALE) {
        conv_forget_before(s->core, s->conv,
                           (struct member_version){s->version.v + 1});
        look_up(s);
        return;
    }
    if (rc != RC_OK) {
        finish(s, rc);
        return;
    }
    s->said = (struct said){out->seq, out->ts_ms, out->repeat};
    if (out->repeat) {
        repeat(s);
    } else {
        tell_members(s);
    }
}

static void append(struct saying *s) {
    struct history *h = s->core->history;

    h->ops->append(h,
                   &(struct history_append){.conv = s->conv,
                                            .from = s->from,
                                            .name = s->name,
                                            .body_hash = s->body_hash,
                                            .mver = s->version,
                                            .ts_ms = s->ts_ms,
                                            .keep_ms = s->keep_ms,
                                            .event = s->stored,
                                            .change = s->amends},
                   on_appended, s);
}

static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct saying *s = ctx;

    if (rc != RC_OK) {
        finish(s, rc);
        return;
    }
    if (s->system && place->version.v < s->change.version.v) {
        /* The table still holds what was true before the change. */
        conv_forget_before(s->core, s->conv, s->change.version);
        look_up(s);
        return;
    }
    rc = s->system ? RC_OK : policy_may(s->deed, place, s->author);
    if (rc == RC_DENIED && conv_place_doubted(s->core, place)) {
        look_up(s);
        return;
    }
    if (rc != RC_OK) {
        finish(s, rc);
        return;
    }
    s->keep_ms = place->keep_ms;
    s->version = place->version;
    take_topics(s, place);
    if (planted(PLANT_VERSION_NOT_SENT)) {
        s->version.v = UINT64_MAX / 2;
    }
    append(s);
}

static void look_up(struct saying *s) {
    s->tries++;
    if (s->tries > TRIES_MAX) {
        finish(s, RC_AGAIN);
        return;
    }
    conv_place(s->core, s->conv, s->from, on_place, s);
}

static struct slice keep_bytes(uint8_t *room, struct slice from) {
    if (from.n > 0) {
        memcpy(room, from.p, from.n);
    }
    return slice_of(room, from.n);
}

static struct saying *saying_new(struct core *c, const struct say *in,
                                 said_fn done, void *ctx) {
    uint64_t ts_ms = c->clock->wall_ms;
    struct saying *s;

    event_store(&c->text, &(struct event){.ts_ms = ts_ms,
                                          .from = in->from,
                                          .kind = in->kind,
                                          .name = in->name,
                                          .body = in->body});
    s = mem_new(sizeof(*s) + in->name.n + c->text.n);
    s->name = keep_bytes(s->bytes, in->name);
    s->stored = keep_bytes(s->bytes + in->name.n, buf_slice(&c->text));
    buf_clear(&c->text);
    s->core = c;
    s->conv = in->conv;
    s->from = in->from;
    s->deed = in->deed;
    s->author = in->author;
    s->amends = in->change;
    s->ts_ms = ts_ms;
    s->asked_us = c->clock->mono_us;
    s->done = done;
    s->ctx = ctx;
    return s;
}

void say(struct core *c, const struct say *in, said_fn done, void *ctx) {
    struct saying *s = saying_new(c, in, done, ctx);

    s->body_hash = hash_fnv1a(in->body);
    look_up(s);
}

/* What the system says is known by its name alone: the rest of it may have
 * changed until it is said again. */
void say_change(struct core *c, const struct say *in,
                const struct say_change *change, said_fn done, void *ctx) {
    struct saying *s = saying_new(c, in, done, ctx);

    s->system = true;
    s->change = *change;
    look_up(s);
}
