/* The servers of the bus and who has which partition. A partition that changes
 * hands is subscribed anew. Its replay log comes along when its slot was
 * moved; but when the server that had it is a primary no more, the log of the
 * one that took over may lack its last moment, and that is a gap. See
 * bus_parts.h. */
#include <assert.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "storage/bus_parts.h"

static const struct log_ctx log_bus = {"bus", 0};

static_assert((int)TOPIC_PARTITIONS <= 64, "partitions are bits");

bool bus_shard_ready(const struct bus_shard *s) {
    return s->sub != NULL && resp_conn_ready(s->sub) &&
           resp_conn_ready(s->server->conn);
}

bool bus_part_ready(const struct bus_redis *b, unsigned partition) {
    const struct bus_part *part = &b->parts[partition];

    return part->shard != NULL && bus_shard_ready(part->shard) &&
           part->shard->server ==
               redis_nodes_at(b->nodes, slice_str(b->logs[partition].key));
}

unsigned bus_log_of(const struct bus_redis *b, unsigned partition) {
    return redis_nodes_clustered(b->nodes) ? partition : 0;
}

static struct bus_shard *shard_of(struct bus_redis *b,
                                  struct redis_node *server) {
    struct bus_shard *s = server->user;
    struct resp_conn_config config = {
        .redis = b->config,
        .name = "bus_sub",
        .events = &bus_subs_events,
    };

    if (s != NULL) {
        return s;
    }
    s = mem_new(sizeof(*s));
    s->b = b;
    s->server = server;
    config.redis.address = server->address;
    config.owner = s;
    if (resp_conn_open(&s->sub, b->loop, &config) != RC_OK) {
        mem_free(s);
        redis_nodes_look(b->nodes); /* and find it again */
        return NULL;
    }
    list_init(&s->node);
    list_push_back(&b->shards, &s->node);
    server->user = s;
    return s;
}

static void shard_close(struct bus_shard *s) {
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        assert(s->b->parts[p].shard != s);
    }
    s->server->user = NULL;
    list_remove(&s->node);
    resp_conn_close(&s->sub);
    mem_free(s);
}

static void on_map(void *owner) {
    struct bus_redis *b = owner;
    uint64_t moved = 0;
    uint64_t taken = 0; /* over from one that is no primary any more */
    struct bus_shard *marks = b->parts[0].shard;

    bus_publish_leave(b);
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        struct bus_part *part = &b->parts[p];
        struct slice key = slice_str(b->logs[p].key);
        struct bus_shard *shard = shard_of(b, redis_nodes_at(b->nodes, key));
        const struct bus_shard *old = part->shard;

        if (old != NULL && shard != old) {
            *(old->server->has_slots ? &moved : &taken) |= UINT64_C(1) << p;
        }
    }
    bus_subs_lost(b, moved, true);
    bus_subs_lost(b, taken, false);
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        struct slice key = slice_str(b->logs[p].key);

        b->parts[p].shard = shard_of(b, redis_nodes_at(b->nodes, key));
    }
    if ((moved | taken) != 0) {
        log_info(&log_bus, "bus_moved", "partitions=%d",
                 __builtin_popcountll(moved | taken));
        bus_subs_back(b);
    }
    if (marks != NULL && b->parts[0].shard != marks) {
        bus_beat_marks_moved(b);
    }
    loop_defer(b->loop, &b->flush);
}

static void on_ready(void *owner, struct redis_node *server) {
    struct bus_redis *b = owner;

    (void)server;
    bus_beat(b);
    bus_repair_kick(b);
}

static void on_gone(void *owner, struct redis_node *server) {
    (void)owner;
    if (server->user != NULL) {
        shard_close(server->user);
    }
}

const struct redis_nodes_events bus_shards_events = {
    .on_map = on_map,
    .on_ready = on_ready,
    .on_gone = on_gone,
};

/* The calls of both kinds of connection are answered before anything goes. */
void bus_shards_close(struct bus_redis *b) {
    struct list *node;

    for (node = b->shards.next; node != &b->shards; node = node->next) {
        resp_conn_close(&CONTAINER_OF(node, struct bus_shard, node)->sub);
    }
    redis_nodes_close(&b->nodes);
    while ((node = list_pop_front(&b->shards)) != NULL) {
        mem_free(CONTAINER_OF(node, struct bus_shard, node));
    }
}
