/* The topics of the bus: what is subscribed, what is on its way to be, and the
 * connection that hears the messages. See bus_parts.h. */
#include <assert.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "storage/bus_parts.h"

static const struct log_ctx log_bus = {"bus", 0};

/* One SSUBSCRIBE or SUNSUBSCRIBE on its way. */
struct batch_call {
    struct resp_call call;
    struct bus_redis *b;
    unsigned partition;
    uint32_t batch;
    uint64_t losses; /* of the partition, when it was sent */
    struct topic topics[];
};

static void on_flush(struct loop_task *t);

void bus_subs_init(struct bus_redis *b) {
    map_init(&b->subs);
    list_init(&b->orphans);
    loop_task_init(&b->flush, on_flush);
    for (size_t i = 0; i < COUNT_OF(b->parts); i++) {
        list_init(&b->parts[i].joining);
        list_init(&b->parts[i].leaving);
    }
}

/* What waits for `s` to come or go; made when nothing did. */
static struct bus_wait *wait_of(struct bus_sub *s) {
    if (s->wait == NULL) {
        s->wait = mem_new(sizeof(*s->wait));
        s->wait->sub = s;
        list_init(&s->wait->node);
    }
    return s->wait;
}

/* Tells the one who waits, if any: once. */
static void wait_end(struct bus_sub *s, enum rc rc) {
    struct bus_wait *w = s->wait;
    bus_done_fn done = w->done;
    void *ctx = w->ctx;

    s->wait = NULL;
    list_remove(&w->node);
    mem_free(w);
    if (done != NULL) {
        done(ctx, rc);
    }
}

/* Frees them, and tells who waits. */
static void end_all(struct list *waits) {
    struct list *node;

    while ((node = list_pop_front(waits)) != NULL) {
        struct bus_wait *w = CONTAINER_OF(node, struct bus_wait, node);
        struct bus_sub *s = w->sub;

        wait_end(s, RC_CLOSED);
        mem_free(s);
    }
}

void bus_subs_fini(struct bus_redis *b) {
    struct list all;
    struct bus_sub *s;
    size_t at = 0;

    list_init(&all);
    loop_undefer(&b->flush);
    list_append(&all, &b->orphans);
    for (size_t i = 0; i < COUNT_OF(b->parts); i++) {
        list_append(&all, &b->parts[i].leaving);
    }
    while ((s = map_next(&b->subs, &at)) != NULL) {
        if (s->wait == NULL) {
            mem_free(s); /* nobody waits for it */
            continue;
        }
        list_remove(&s->wait->node);
        list_push_back(&all, &s->wait->node);
    }
    map_fini(&b->subs);
    end_all(&all);
}

static struct bus_sub *find(const struct bus_redis *b, struct topic topic) {
    struct bus_sub *s = map_get(&b->subs, topic_key(topic));

    return s != NULL && topic_eq(s->topic, topic) ? s : NULL;
}

static struct bus_sub *find_channel(const struct bus_redis *b,
                                    const struct resp *channel) {
    struct topic topic;

    if (channel->type != RESP_STRING || !topic_parse(channel->str, &topic)) {
        return NULL;
    }
    return find(b, topic);
}

static void want(struct bus_redis *b, struct bus_sub *s) {
    s->state = BUS_SUB_WANTED;
    list_push_back(&b->parts[topic_partition(s->topic)].joining,
                   &wait_of(s)->node);
}

static struct bus_log *log_of(struct bus_redis *b, const struct bus_sub *s) {
    return &b->logs[bus_log_of(b, topic_partition(s->topic))];
}

/* Its log is not read before it is back. */
static void set_absent(struct bus_redis *b, struct bus_sub *s, bool absent) {
    struct bus_log *log = log_of(b, s);

    log->absent += absent && !s->absent;
    log->absent -= !absent && s->absent;
    s->absent = absent;
}

void bus_subs_add(struct bus *base, struct topic topic, bus_done_fn done,
                  void *ctx) {
    struct bus_redis *b = CONTAINER_OF(base, struct bus_redis, base);
    struct bus_sub *s = mem_new(sizeof(*s));
    struct bus_sub *old;

    s->topic = topic;
    want(b, s);
    s->wait->done = done;
    s->wait->ctx = ctx;
    old = map_put(&b->subs, topic_key(topic), s);
    assert(old == NULL); /* the owner counts references */
    (void)old;
    b->stats.topics++;
    loop_defer(b->loop, &b->flush);
}

void bus_subs_remove(struct bus *base, struct topic topic) {
    struct bus_redis *b = CONTAINER_OF(base, struct bus_redis, base);
    struct bus_sub *s = map_remove(&b->subs, topic_key(topic));
    struct list *node;

    assert(s != NULL && topic_eq(s->topic, topic));
    b->stats.topics--;
    set_absent(b, s, false);
    node = &wait_of(s)->node;
    list_remove(node);
    if (s->state == BUS_SUB_WANTED) {
        list_push_back(&b->orphans, node); /* Redis never heard of it */
    } else {
        list_push_back(&b->parts[topic_partition(topic)].leaving, node);
    }
    loop_defer(b->loop, &b->flush);
}

/* Messages. */

bool bus_subs_deliver(struct bus_redis *b, struct topic topic, struct slice msg,
                      bool from_log) {
    uint64_t key = topic_key(topic);
    uint64_t mark;

    if (find(b, topic) == NULL) {
        return false;
    }
    mark = bus_mark(msg);
    if (from_log && bus_heard_has(&b->marks, key, mark)) {
        return false;
    }
    bus_heard_add(&b->marks, key, mark, b->loop->clock.mono_ms);
    b->base.events->on_message(b->base.owner, topic, msg);
    return true;
}

static bool deliver_live(struct bus_redis *b, const struct resp *channel,
                         const struct resp *payload) {
    struct topic topic;

    return channel->type == RESP_STRING && payload->type == RESP_STRING &&
           topic_parse(channel->str, &topic) &&
           bus_subs_deliver(b, topic, payload->str, false);
}

static void on_unsubscribed(struct resp_call *call, enum rc rc,
                            const struct resp *replies) {
    (void)rc;
    (void)replies;
    mem_free(CONTAINER_OF(call, struct batch_call, call));
}

/* Nobody asked for it: the slot has moved to another server. */
static bool push_gone(struct bus_redis *b, const struct resp *channel,
                      const struct resp_call *oldest) {
    const struct bus_sub *s = find_channel(b, channel);

    if (s != NULL && s->state == BUS_SUB_LIVE) {
        bus_subs_lost(b, UINT64_C(1) << topic_partition(s->topic), true);
        redis_nodes_look(b->nodes);
        return true;
    }
    return oldest == NULL || oldest->done != on_unsubscribed;
}

/* True: not an answer. */
static bool on_push(void *owner, const struct resp *r,
                    const struct resp_call *oldest) {
    struct bus_redis *b = ((struct bus_shard *)owner)->b;

    if (!resp_has(r, 3)) {
        return false;
    }
    if (resp_is(&r->items[0], "smessage")) {
        if (deliver_live(b, &r->items[1], &r->items[2])) {
            b->stats.delivered++;
        } else {
            b->stats.strays++;
        }
        return true;
    }
    return resp_is(&r->items[0], "sunsubscribe") &&
           push_gone(b, &r->items[1], oldest);
}

/* Subscribing. */

/* A confirmation counts for the subscription that asked for it, not for a
 * later one of the same topic: between them lies an unsubscription. */
static void confirm(struct bus_redis *b, uint32_t batch, const struct resp *r) {
    struct bus_sub *s = NULL;

    if (resp_has(r, 3) && resp_is(&r->items[0], "ssubscribe")) {
        s = find_channel(b, &r->items[1]);
    }
    if (s == NULL || s->state != BUS_SUB_ASKED || s->batch != batch) {
        return;
    }
    s->state = BUS_SUB_LIVE;
    set_absent(b, s, false);
    s->live_ms = b->loop->clock.mono_ms;
    wait_end(s, RC_OK);
}

/* The slot is elsewhere, or on its way: asked again when that is known, or at
 * the next beat. */
static void want_again(struct bus_redis *b, const struct batch_call *c) {
    for (size_t i = 0; i < c->call.want; i++) {
        struct bus_sub *s = find(b, c->topics[i]);

        if (s != NULL && s->state == BUS_SUB_ASKED && s->batch == c->batch) {
            want(b, s);
        }
    }
}

static void on_subscribed(struct resp_call *call, enum rc rc,
                          const struct resp *replies) {
    struct batch_call *c = CONTAINER_OF(call, struct batch_call, call);
    struct bus_redis *b = c->b;
    struct bus_part *part = &b->parts[c->partition];
    struct bus_shard *shard = part->shard;

    if (c->losses != part->losses || rc == RC_CLOSED) {
        mem_free(c); /* all of it has been asked for anew, or never will be */
        return;
    }
    if (rc == RC_OK && redis_nodes_hear(b->nodes, &replies[0])) {
        want_again(b, c);
    } else if (rc == RC_OK && replies[0].type == RESP_ERROR) {
        log_error(&log_bus, "bus_subscribe_refused", "error=\"%.*s\"",
                  (int)replies[0].str.n, (const char *)replies[0].str.p);
        resp_conn_drop(shard->sub);
    } else if (rc == RC_AGAIN) {
        resp_conn_drop(shard->sub); /* if merely full: ask for all again */
    } else if (rc == RC_OK) {
        for (size_t i = 0; i < call->want; i++) {
            confirm(b, c->batch, &replies[i]);
        }
        bus_repair_kick(b);
    }
    mem_free(c);
}

/* Takes up to BUS_BATCH topics of one partition off `waits` into `out`. */
static size_t take_topics(struct list *waits, struct bus_sub *out[BUS_BATCH]) {
    size_t n = 0;

    while (n < BUS_BATCH && !list_empty(waits)) {
        struct list *node = list_pop_front(waits);

        out[n++] = CONTAINER_OF(node, struct bus_wait, node)->sub;
    }
    return n;
}

/* False: the connection does not take it; `done` will be told. */
static bool send_batch(struct bus_redis *b, unsigned partition,
                       struct slice command, resp_done_fn done,
                       struct bus_sub *const *subs, size_t n) {
    struct batch_call *c = mem_new(sizeof(*c) + n * sizeof(c->topics[0]));
    struct topic_text names[BUS_BATCH];
    struct slice args[1 + BUS_BATCH] = {command};
    struct buf *out;

    c->b = b;
    c->partition = partition;
    c->batch = b->batch;
    c->losses = b->parts[partition].losses;
    for (size_t i = 0; i < n; i++) {
        c->topics[i] = subs[i]->topic;
        names[i] = topic_text(subs[i]->topic);
        args[1 + i] = slice_str(names[i].s);
    }
    out = resp_conn_begin(b->parts[partition].shard->sub, &c->call, done,
                          (uint32_t)n);
    if (out == NULL) {
        return false;
    }
    c->call.all_or_error = true;
    resp_command(out, args, 1 + n);
    return true;
}

static void send_leaving(struct bus_redis *b, unsigned partition) {
    struct list *leaving = &b->parts[partition].leaving;
    struct bus_sub *subs[BUS_BATCH];
    size_t n;

    while ((n = take_topics(leaving, subs)) > 0) {
        send_batch(b, partition, SLICE_LIT("SUNSUBSCRIBE"), on_unsubscribed,
                   subs, n);
        for (size_t i = 0; i < n; i++) {
            list_push_back(&b->orphans, &subs[i]->wait->node);
        }
    }
}

static void send_joining(struct bus_redis *b, unsigned partition) {
    struct bus_part *part = &b->parts[partition];
    struct bus_sub *subs[BUS_BATCH];
    size_t n;

    while ((n = take_topics(&part->joining, subs)) > 0) {
        b->batch++;
        for (size_t i = 0; i < n; i++) {
            subs[i]->state = BUS_SUB_ASKED;
            subs[i]->batch = b->batch;
        }
        send_batch(b, partition, SLICE_LIT("SSUBSCRIBE"), on_subscribed, subs,
                   n);
    }
}

/* The end of a turn in which topics came or went. First those that leave: one
 * may be back already. */
static void on_flush(struct loop_task *t) {
    struct bus_redis *b = CONTAINER_OF(t, struct bus_redis, flush);

    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        const struct bus_shard *shard = b->parts[p].shard;

        if (shard != NULL && resp_conn_ready(shard->sub)) {
            send_leaving(b, p);
            send_joining(b, p);
        }
    }
    end_all(&b->orphans);
}

/* Losing. */

static void break_part(struct bus_redis *b, unsigned partition, bool whole) {
    struct bus_part *part = &b->parts[partition];
    struct bus_log *log = &b->logs[bus_log_of(b, partition)];

    part->losses++;
    log->losses++;
    log->reading = false;
    if (!whole && log->broken) {
        log->from = (struct bus_position){0};
    }
    list_append(&b->orphans, &part->leaving);
}

static void lose(struct bus_redis *b, struct bus_sub *s) {
    const struct bus_part *part = &b->parts[topic_partition(s->topic)];
    struct bus_log *log = log_of(b, s);

    if (s->state == BUS_SUB_LIVE && !log->broken) {
        log->broken = true;
        log->from = (struct bus_position){part->shard->heard_ms, log->epoch};
    }
    if (s->state != BUS_SUB_WANTED && !planted(PLANT_NOT_RESUBSCRIBED)) {
        want(b, s);
        set_absent(b, s, true);
    }
}

void bus_subs_lost(struct bus_redis *b, uint64_t partitions, bool whole) {
    struct bus_sub *s;
    size_t at = 0;

    while (partitions != 0 && (s = map_next(&b->subs, &at)) != NULL) {
        if ((partitions >> topic_partition(s->topic) & 1) != 0) {
            lose(b, s);
        }
    }
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        if ((partitions >> p & 1) != 0) {
            break_part(b, p, whole);
        }
    }
    loop_defer(b->loop, &b->flush);
}

void bus_subs_back(struct bus_redis *b) {
    if (b->base.events->on_back != NULL) {
        b->base.events->on_back(b->base.owner);
    }
}

/* The connections. */

static uint64_t partitions_of(const struct bus_shard *s) {
    uint64_t partitions = 0;

    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        partitions |= (uint64_t)(s->b->parts[p].shard == s) << p;
    }
    return partitions;
}

static void on_ready(void *owner) {
    struct bus_shard *s = owner;
    struct bus_redis *b = s->b;
    bool again = resp_conn_stats(s->sub)->connects > 1;

    b->stats.reconnects += again;
    for (size_t i = 0; i < COUNT_OF(b->logs); i++) {
        /* Unless nobody is left who could have missed something. */
        b->logs[i].broken &= b->parts[i].shard != s || b->logs[i].absent > 0;
    }
    loop_defer(b->loop, &b->flush);
    bus_beat(b);
    if (again) {
        bus_subs_back(b);
    }
}

static void on_lost(void *owner) {
    struct bus_shard *s = owner;

    bus_subs_lost(s->b, partitions_of(s), true);
}

const struct resp_conn_events bus_subs_events = {
    .on_ready = on_ready,
    .on_lost = on_lost,
    .on_push = on_push,
};
