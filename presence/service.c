/* The presence service without its process: trackers, claims and the outbox,
 * tied to the bus and the directory. */
#include "presence/service.h"

#include <assert.h>

#include "presence/claims.h"
#include "presence/hooked.h"
#include "presence/last_seen.h"
#include "presence/outbox.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"

static const struct log_ctx log_ctx = {"presence", 0};

enum {
    TICK_MS = 50,
    /* A dead owner is noticed within CLAIM_LASTS_MS; what it may not have
     * told by then is told by the next one. */
    OUTBOX_KEPT_MS = 2 * CLAIM_LASTS_MS + CLAIM_EVERY_MS,
};

struct part {
    struct service *owner;
    uint16_t partition;
    bool senior;       /* see note_senior */
    uint64_t ready_ms; /* since when the tracker is ready; 0: it is not */
    struct claims claims;
    struct tracker *tracker;
};

struct service {
    struct service_config config;
    struct service_ports ports;
    struct wheel_timer tick;
    uint64_t claim_due_ms;
    uint64_t seen_due_ms;
    bool leaving;
    unsigned owned; /* a bit for each partition, as of the last tick */
    struct outbox outbox;
    struct last_seen last_seen;
    struct hooked hooked;
    struct buf out; /* the message being encoded */
    uint64_t queries;
    uint64_t published;
    uint64_t bad_messages;
    struct part parts[PRESENCE_PARTITIONS];
};

static struct topic topic_of(unsigned partition) {
    return (struct topic){TOPIC_PRESENCE, partition + 1U};
}

/* Presence is told again and again: nobody waits for a confirmation. */
static void publish(struct service *s, struct topic topic,
                    const struct bus_msg *msg) {
    struct bus *bus = s->ports.bus;

    buf_clear(&s->out);
    bus_msg_encode(&s->out, msg);
    bus->ops->publish(bus, &topic, 1, buf_slice(&s->out), false, NULL, NULL);
}

static uint64_t now_ms(const struct service *s) {
    return s->ports.clock->mono_ms;
}

/* Claims. */

static bool part_ready(const struct part *p) {
    return !p->owner->leaving && p->senior && tracker_ready(p->tracker);
}

static bool part_owned(const struct part *p) {
    return claims_own(&p->claims, part_ready(p), now_ms(p->owner));
}

static void claim(struct service *s, const struct part *p) {
    struct bus_msg msg = {.kind = BUS_PRESENCE_CLAIM};

    msg.u.claim.service = s->config.service;
    msg.u.claim.ready = part_ready(p);
    publish(s, topic_of(p->partition), &msg);
}

/* Whoever just became ready has not seen those who are in their grace, and
 * would never say that they went. So it lets the others work until all of
 * that is over, unless there are no others. Once senior it stays so: two that
 * start together must not make way for each other for ever. */
static void note_senior(struct part *p) {
    const struct tracker_config *config = &p->owner->config.tracker;
    uint64_t at_ms = now_ms(p->owner);

    if (!tracker_ready(p->tracker)) {
        p->ready_ms = 0;
        p->senior = false;
        return;
    }
    if (p->ready_ms == 0) {
        p->ready_ms = at_ms;
    }
    p->senior = p->senior || !claims_others(&p->claims, at_ms) ||
                at_ms - p->ready_ms >= config->grace_ms + config->lease_ms;
}

/* Logs what this service owns when it changes. */
static void note_owned(struct service *s) {
    unsigned owned = 0;

    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        owned |= part_owned(&s->parts[i]) ? BIT(i) : 0;
    }
    if (owned != s->owned) {
        if ((owned & ~s->owned) != 0) {
            hooked_sweep(&s->hooked);
        }
        s->owned = owned;
        log_info(&log_ctx, "owned", "partitions=0x%02x", owned);
    }
}

/* What the trackers say. */

static void on_transition(void *owner, struct presence_known known) {
    struct part *p = owner;

    outbox_put(&p->owner->outbox, known, now_ms(p->owner));
}

static void on_ask(void *owner, struct gateway_id gateway) {
    struct part *p = owner;
    struct bus_msg msg = {.kind = BUS_PRESENCE_ASK};
    struct topic topic = {TOPIC_GATEWAY, gateway.v};

    if (gateway.v == 0) {
        topic = (struct topic){TOPIC_GATEWAYS, 1};
    }
    msg.u.ask.partition = p->partition;
    publish(p->owner, topic, &msg);
}

static const struct tracker_events tracker_events = {on_transition, on_ask};

/* Publishes a transition of a partition of ours; others stay in the outbox
 * for the case of a takeover. */
static bool tell(void *ctx, const struct presence_known *known) {
    struct service *s = ctx;
    struct bus_msg msg = {.kind = BUS_PRESENCE_SEEN};

    if (!part_owned(&s->parts[presence_partition(known->user)])) {
        return false;
    }
    msg.u.seen = *known;
    publish(s, (struct topic){TOPIC_SEEN, known->user.v}, &msg);
    s->published++;
    hooked_put(&s->hooked, *known);
    if (known->state == PRESENCE_OFFLINE) {
        last_seen_put(&s->last_seen, known->user, known->since_ms);
    }
    return true;
}

/* Time. */

/* A tracker that does not hear must not judge: it is not ticked, and doubts
 * itself when it is again. */
static void tick_part(struct part *p) {
    const struct clock *clock = p->owner->ports.clock;

    if (claims_hearing(&p->claims, clock->mono_ms)) {
        tracker_tick(p->tracker, *clock);
    }
    note_senior(p);
}

static bool due(uint64_t *due_ms, uint64_t at_ms, uint64_t every_ms) {
    if (at_ms < *due_ms) {
        return false;
    }
    *due_ms = at_ms + every_ms;
    return true;
}

static void on_tick(struct wheel_timer *timer) {
    struct service *s = CONTAINER_OF(timer, struct service, tick);
    uint64_t at_ms = now_ms(s);
    bool claiming = due(&s->claim_due_ms, at_ms, CLAIM_EVERY_MS);

    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        tick_part(&s->parts[i]);
        if (claiming) {
            claim(s, &s->parts[i]);
        }
    }
    note_owned(s);
    outbox_flush(&s->outbox, tell, s);
    hooked_flush(&s->hooked);
    if (at_ms > OUTBOX_KEPT_MS) {
        outbox_trim(&s->outbox, at_ms - OUTBOX_KEPT_MS);
    }
    if (due(&s->seen_due_ms, at_ms, s->config.seen_every_ms)) {
        last_seen_write(&s->last_seen);
    }
    wheel_set(s->ports.wheel, &s->tick, at_ms + TICK_MS);
}

/* Messages. A query asks about users of one partition, that of its topic. */

static void take_report(struct service *s, uint16_t partition,
                        const struct bus_msg *msg) {
    if (msg->u.report.partition != partition) {
        s->bad_messages++;
        return;
    }
    tracker_report(s->parts[partition].tracker, &msg->u.report,
                   *s->ports.clock);
}

static void take_claim(struct service *s, uint16_t partition,
                       const struct bus_msg *msg) {
    claims_hear(&s->parts[partition].claims, msg->u.claim.service,
                msg->u.claim.ready, now_ms(s));
}

/* The tracker forgets who is offline; for a moment after, the directory does
 * not know it yet. */
static struct presence_known known_of(const struct service *s,
                                      const struct part *p,
                                      struct user_id user) {
    struct presence_known known = tracker_known(p->tracker, user);

    if (known.state == PRESENCE_OFFLINE && known.since_ms == 0) {
        known.since_ms = last_seen_of(&s->last_seen, user);
    }
    return known;
}

static void answer(struct service *s, const struct part *p,
                   const struct bus_presence_query *query) {
    struct bus_msg msg = {.kind = BUS_PRESENCE_ANSWER};
    struct buf known;

    buf_init(&known);
    for (uint16_t i = 0; i < query->count; i++) {
        presence_known_put(&known,
                           known_of(s, p, presence_user_at(query->users, i)));
    }
    msg.u.answer.request = query->request;
    msg.u.answer.count = query->count;
    msg.u.answer.known = buf_slice(&known);
    publish(s, (struct topic){TOPIC_GATEWAY, query->gateway.v}, &msg);
    s->queries++;
    buf_fini(&known);
}

static void take_query(struct service *s, uint16_t partition,
                       const struct bus_msg *msg) {
    const struct bus_presence_query *query = &msg->u.query;

    for (uint16_t i = 0; i < query->count; i++) {
        if (presence_partition(presence_user_at(query->users, i)) !=
            partition) {
            s->bad_messages++;
            return;
        }
    }
    if (part_owned(&s->parts[partition])) {
        answer(s, &s->parts[partition], query);
    }
}

static void (*const takers[])(struct service *s, uint16_t partition,
                              const struct bus_msg *msg) = {
    [BUS_PRESENCE_REPORT] = take_report,
    [BUS_PRESENCE_QUERY] = take_query,
    [BUS_PRESENCE_CLAIM] = take_claim,
};

static void on_message(void *owner, struct topic topic, struct slice bytes) {
    struct service *s = owner;
    struct bus_msg msg;

    if (topic.kind != TOPIC_PRESENCE || topic.id > PRESENCE_PARTITIONS ||
        bus_msg_decode(bytes, &msg) != RC_OK ||
        (size_t)msg.kind >= COUNT_OF(takers) || takers[msg.kind] == NULL) {
        s->bad_messages++;
        return;
    }
    takers[msg.kind](s, (uint16_t)(topic.id - 1), &msg);
}

static void on_gap(void *owner, unsigned partition) {
    struct service *s = owner;

    for (unsigned i = 0; i < PRESENCE_PARTITIONS; i++) {
        if (topic_partition(topic_of(i)) == partition) {
            tracker_doubt(s->parts[i].tracker, *s->ports.clock);
        }
    }
}

static const struct bus_events bus_events = {.on_message = on_message,
                                             .on_gap = on_gap};

/* Life. */

static struct presence_known known_now(void *owner, struct user_id user) {
    const struct service *s = owner;
    const struct part *p = &s->parts[presence_partition(user)];

    return part_owned(p) ? tracker_known(p->tracker, user)
                         : (struct presence_known){user, PRESENCE_UNKNOWN, 0};
}

static void part_open(struct service *s, uint16_t partition) {
    struct part *p = &s->parts[partition];
    struct bus *bus = s->ports.bus;

    p->owner = s;
    p->partition = partition;
    claims_init(&p->claims, s->config.service, partition);
    p->tracker =
        tracker_open(&s->config.tracker, &tracker_events, p, *s->ports.clock);
    bus->ops->subscribe(bus, topic_of(partition), NULL, NULL);
}

struct service *service_open(const struct service_config *config,
                             const struct service_ports *ports) {
    struct service *s = mem_new(sizeof(*s));

    s->config = *config;
    s->ports = *ports;
    s->ports.bus->events = &bus_events;
    s->ports.bus->owner = s;
    outbox_init(&s->outbox);
    last_seen_init(&s->last_seen, ports->dir, config->seen_limit);
    s->hooked = (struct hooked){.hooks = ports->hooks,
                                .clock = ports->clock,
                                .known = known_now,
                                .owner = s};
    hooked_init(&s->hooked);
    buf_init(&s->out);
    for (unsigned i = 0; i < PRESENCE_PARTITIONS; i++) {
        part_open(s, (uint16_t)i);
    }
    wheel_timer_init(&s->tick, on_tick);
    wheel_set(ports->wheel, &s->tick, now_ms(s) + TICK_MS);
    return s;
}

void service_close(struct service **s) {
    if (*s == NULL) {
        return;
    }
    wheel_cancel(&(*s)->tick);
    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        tracker_close(&(*s)->parts[i].tracker);
    }
    outbox_fini(&(*s)->outbox);
    last_seen_fini(&(*s)->last_seen);
    hooked_fini(&(*s)->hooked);
    buf_fini(&(*s)->out);
    mem_free(*s);
    *s = NULL;
}

void service_leave(struct service *s) {
    outbox_flush(&s->outbox, tell, s); /* while it is still ours to tell */
    hooked_flush(&s->hooked);
    s->leaving = true;
    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        claim(s, &s->parts[i]);
    }
    last_seen_write(&s->last_seen);
}

bool service_idle(const struct service *s) {
    return last_seen_idle(&s->last_seen) && hooked_idle(&s->hooked);
}

bool service_ready(const struct service *s) {
    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        if (!part_ready(&s->parts[i]) ||
            !claims_hearing(&s->parts[i].claims, now_ms(s))) {
            return false;
        }
    }
    return true;
}

static void add_tracker(struct tracker_counts *sum, struct tracker_counts one) {
    sum->users += one.users;
    sum->gateways = one.gateways > sum->gateways ? one.gateways : sum->gateways;
    sum->incomplete += one.incomplete;
    sum->reports += one.reports;
    sum->asks += one.asks;
    sum->transitions += one.transitions;
}

struct service_counts service_counts(const struct service *s) {
    struct service_counts counts = {
        .queries = s->queries,
        .published = s->published,
        .bad_messages = s->bad_messages,
        .seen_waiting = s->last_seen.by_user.count + s->last_seen.in_flight,
        .seen_written = s->last_seen.written,
        .seen_failed = s->last_seen.failed,
        .seen_dropped = s->last_seen.dropped,
    };

    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        add_tracker(&counts.tracker, tracker_counts(s->parts[i].tracker));
        counts.owned += part_owned(&s->parts[i]);
        counts.ready += tracker_ready(s->parts[i].tracker);
    }
    return counts;
}
