#include "storage/bus_redis.h"

#include "proto/base/mem.h"
#include "storage/bus_parts.h"

static struct bus_redis *bus_of(struct bus *base) {
    return CONTAINER_OF(base, struct bus_redis, base);
}

static bool ready(struct bus *base) {
    return redis_nodes_ready(bus_of(base)->nodes);
}

static const struct bus_ops ops = {
    .publish = bus_publish,
    .subscribe = bus_subs_add,
    .unsubscribe = bus_subs_remove,
    .ready = ready,
};

enum rc bus_redis_open(struct bus **out, struct loop *l,
                       const struct redis_config *config) {
    struct bus_redis *b = mem_new(sizeof(*b));
    struct redis_nodes_config nodes = {
        .redis = *config,
        .name = "bus",
        .events = &bus_shards_events,
        .owner = b,
    };
    struct bus *base = &b->base;
    enum rc rc;

    b->base.ops = &ops;
    b->loop = l;
    b->config = *config;
    list_init(&b->shards);
    bus_subs_init(b);
    bus_publish_init(b);
    bus_beat_init(b);
    rc = redis_nodes_open(&b->nodes, l, &nodes);
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
    bus_shards_close(b);
    bus_publish_fini(b);
    bus_subs_fini(b);
    bus_beat_fini(b);
    mem_free(b);
}

const struct bus_redis_stats *bus_redis_stats(const struct bus *bus) {
    return &((const struct bus_redis *)(const void *)bus)->stats;
}
