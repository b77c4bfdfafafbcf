#include "storage/bus_redis.h"

#include "proto/base/mem.h"
#include "storage/bus_parts.h"

static struct bus_redis *bus_of(struct bus *base) {
    return CONTAINER_OF(base, struct bus_redis, base);
}

static void on_cmd_ready(void *owner) {
    struct bus_redis *b = owner;

    bus_beat_epoch(b);
    bus_beat(b);
    bus_repair_kick(b);
}

static const struct resp_conn_events cmd_events = {
    .on_ready = on_cmd_ready,
};

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
    bus_subs_init(b);
    bus_publish_init(b);
    bus_beat_init(b);
    rc = open_conn(b, &b->cmd, config, "bus", &cmd_events);
    if (rc == RC_OK) {
        rc = open_conn(b, &b->sub, config, "bus_sub", &bus_subs_events);
    }
    if (rc != RC_OK) {
        bus_redis_close(&base);
        return rc;
    }
    bus_beat_start(b);
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
    bus_beat_stop(b);
    resp_conn_close(&b->cmd);
    resp_conn_close(&b->sub);
    bus_publish_fini(b);
    bus_subs_fini(b);
    bus_beat_fini(b);
    mem_free(b);
}

const struct bus_redis_stats *bus_redis_stats(const struct bus *bus) {
    return &((const struct bus_redis *)(const void *)bus)->stats;
}
