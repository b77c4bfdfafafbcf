#include "storage/bus_redis.h"

#include <stdio.h>

#include "proto/base/mem.h"
#include "storage/bus_parts.h"

static struct bus_redis *bus_of(struct bus *base) {
    return CONTAINER_OF(base, struct bus_redis, base);
}

/* The position. */

static void on_pong(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct bus_redis *b = CONTAINER_OF(call, struct bus_redis, beat_call);

    (void)replies;
    b->beating = false;
    if (rc == RC_OK) {
        b->heard = b->coming;
    }
}

static void on_epoch_made(struct resp_call *call, enum rc rc,
                          const struct resp *replies) {
    (void)call; /* the next beat reads it, whoever made it */
    (void)rc;
    (void)replies;
}

/* The log is new: it gets a name that no other log has. */
static void make_epoch(struct bus_redis *b) {
    char name[TOPIC_TEXT_MAX];

    if (list_linked(&b->epoch_call.node)) {
        return;
    }
    snprintf(name, sizeof(name), "%llu",
             (unsigned long long)(rand_u64(&b->loop->rand) >> 11 | 1));
    resp_conn_send(b->cmd, &b->epoch_call, on_epoch_made,
                   (struct slice[]){SLICE_LIT("SET"), SLICE_LIT(BUS_EPOCH_KEY),
                                    slice_str(name), SLICE_LIT("NX")},
                   4);
}

/* Reads the answers to GET and TIME. */
static bool position_parse(const struct resp *replies,
                           struct bus_position *out) {
    uint64_t seconds;
    uint64_t micros;

    if (!resp_u64(&replies[0], &out->epoch) || !resp_has(&replies[1], 2) ||
        !resp_u64(&replies[1].items[0], &seconds) ||
        !resp_u64(&replies[1].items[1], &micros)) {
        return false;
    }
    out->ms = seconds * 1000 + micros / 1000;
    return true;
}

/* Whatever was published before this moment was on its way to the subscriber
 * connection before the ping, and is there before the ping's answer. */
static void on_time(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct bus_redis *b = CONTAINER_OF(call, struct bus_redis, beat_call);

    if (rc != RC_OK || !position_parse(replies, &b->coming)) {
        b->beating = false;
        if (rc == RC_OK && replies[0].type == RESP_NIL) {
            make_epoch(b);
        }
        return;
    }
    resp_conn_send(b->sub, &b->beat_call, on_pong, &SLICE_LIT("PING"), 1);
}

void bus_redis_beat(struct bus_redis *b) {
    struct buf *out;

    if (b->beating || !resp_conn_ready(b->cmd) || !resp_conn_ready(b->sub)) {
        return;
    }
    b->beating = true;
    out = resp_conn_begin(b->cmd, &b->beat_call, on_time, 2);
    if (out != NULL) {
        resp_command(
            out, (struct slice[]){SLICE_LIT("GET"), SLICE_LIT(BUS_EPOCH_KEY)},
            2);
        resp_command(out, &SLICE_LIT("TIME"), 1);
    }
}

static void on_beat(struct wheel_timer *t) {
    struct bus_redis *b = CONTAINER_OF(t, struct bus_redis, beat);

    loop_timer(b->loop, &b->beat, BUS_BEAT_MS);
    bus_redis_beat(b);
    bus_repair_kick(b); /* also what failed a second ago */
}

static void on_cmd_ready(void *owner) {
    struct bus_redis *b = owner;

    make_epoch(b);
    bus_redis_beat(b);
    bus_repair_kick(b);
}

static const struct resp_conn_events cmd_events = {
    .on_ready = on_cmd_ready,
};

/* The bus. */

static bool ready(struct bus *base) {
    return resp_conn_ready(bus_of(base)->cmd);
}

static const struct bus_ops ops = {
    .publish = bus_publish,
    .subscribe = bus_subs_add,
    .unsubscribe = bus_subs_remove,
    .ready = ready,
};

static enum rc open_conn(struct bus_redis *b, struct resp_conn **out,
                         const struct redis_config *redis, const char *name,
                         const struct resp_conn_events *events) {
    struct resp_conn_config config = {
        .redis = *redis,
        .name = name,
        .events = events,
        .owner = b,
    };

    return resp_conn_open(out, b->loop, &config);
}

enum rc bus_redis_open(struct bus **out, struct loop *l,
                       const struct redis_config *config) {
    struct bus_redis *b = mem_new(sizeof(*b));
    struct bus *base = &b->base;
    enum rc rc;

    b->base.ops = &ops;
    b->loop = l;
    list_init(&b->epoch_call.node);
    bus_subs_init(b);
    bus_publish_init(b);
    wheel_timer_init(&b->beat, on_beat);
    rc = open_conn(b, &b->cmd, config, "bus", &cmd_events);
    if (rc == RC_OK) {
        rc = open_conn(b, &b->sub, config, "bus_sub", &bus_subs_events);
    }
    if (rc != RC_OK) {
        bus_redis_close(&base);
        return rc;
    }
    loop_timer(l, &b->beat, BUS_BEAT_MS);
    *out = base;
    return RC_OK;
}

void bus_redis_close(struct bus **bus) {
    struct bus_redis *b;

    if (*bus == NULL) {
        return;
    }
    b = bus_of(*bus);
    *bus = NULL;
    wheel_cancel(&b->beat);
    resp_conn_close(&b->cmd);
    resp_conn_close(&b->sub);
    bus_publish_fini(b);
    bus_subs_fini(b);
    mem_free(b);
}

const struct bus_redis_stats *bus_redis_stats(const struct bus *bus) {
    return &((const struct bus_redis *)(const void *)bus)->stats;
}
