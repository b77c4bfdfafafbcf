/* What the parts of the Redis bus share; private to them. */
#ifndef MOIM_STORAGE_BUS_PARTS_H
#define MOIM_STORAGE_BUS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/bus.h"
#include "proto/base/buf.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/net/loop.h"
#include "proto/wire/topic.h"
#include "storage/bus_redis.h"
#include "storage/bus_replay.h"
#include "storage/resp_conn.h"

/* Names the log: whoever finds it empty writes a new one. */
#define BUS_EPOCH_KEY "{p0}epoch"

enum {
    BUS_BEAT_MS = 1000,
    /* How far before the position a repair begins: a publisher's two commands
     * are at most its deadline apart. */
    BUS_MARGIN_MS = 3000,
    BUS_BATCH = 512, /* channels in one command */
};

enum bus_sub_state {
    BUS_SUB_WANTED, /* to be asked for; in `joining` */
    BUS_SUB_ASKED,
    BUS_SUB_LIVE,
};

/* One topic we want to hear. */
struct bus_sub {
    struct topic topic;
    enum bus_sub_state state;
    uint32_t batch;   /* the command that asked for it */
    bus_done_fn done; /* NULL, or told once */
    void *ctx;
    struct list node; /* in joining, leaving or orphans */
};

/* Everything before `ms` of Redis' clock was heard, from the log that had
 * this `epoch`. 0: no position yet. */
struct bus_position {
    uint64_t ms;
    uint64_t epoch;
};

struct bus_part {
    struct list joining; /* bus_sub to subscribe */
    struct list leaving; /* bus_sub to unsubscribe and free */
    size_t batches;      /* subscribe commands on their way */
    bool broken;         /* something may have been missed since `from` */
    bool reading;        /* a repair is on its way */
    unsigned tries;      /* of the repair, in which the connection broke */
    uint64_t losses;     /* of the subscriber: tells repairs apart */
    struct bus_position from;
    struct replay_id at; /* the repair has delivered up to here */
    char log_key[TOPIC_TEXT_MAX];
    struct buf entry; /* what is gathered for the log, as it is sent */
    size_t entry_messages;
};

struct bus_redis {
    struct bus base;
    struct loop *loop;
    struct resp_conn *cmd;
    struct resp_conn *sub;
    struct map subs; /* topic_key -> struct bus_sub */
    struct bus_part parts[TOPIC_PARTITIONS];
    struct list orphans;        /* unsubscribed before they were confirmed */
    struct loop_task flush;     /* joining, leaving, orphans */
    uint32_t batch;             /* the last one's number; may come around */
    struct bus_batch *gathered; /* to be published, or NULL */
    size_t entries;             /* partitions with something for the log */
    unsigned flying;            /* batches on their way */
    struct loop_task outbox;    /* sends what is gathered */
    struct wheel_timer beat;
    bool beating;               /* a beat is on its way */
    struct bus_position heard;  /* the last position */
    struct bus_position coming; /* the one the beat will confirm */
    struct resp_call beat_call;
    struct resp_call epoch_call;
    struct bus_redis_stats stats;
};

/* bus_redis.c: starts to agree on a position, if both connections are up. */
void bus_redis_beat(struct bus_redis *b);

/* bus_publish.c: the way out. */
void bus_publish_init(struct bus_redis *b);
/* Tells whoever waits RC_CLOSED; after the connection was closed. */
void bus_publish_fini(struct bus_redis *b);
void bus_publish(struct bus *base, const struct topic *topics, size_t count,
                 struct slice msg, bool durable, bus_done_fn done, void *ctx);

/* bus_subs.c: the table of topics and the subscriber connection. */
extern const struct resp_conn_events bus_subs_events;
void bus_subs_init(struct bus_redis *b);
/* Tells whoever waits RC_CLOSED, and frees the table. */
void bus_subs_fini(struct bus_redis *b);
void bus_subs_add(struct bus *base, struct topic topic, bus_done_fn done,
                  void *ctx);
void bus_subs_remove(struct bus *base, struct topic topic);
/* Hands a message to the owner if its topic is subscribed. */
bool bus_subs_deliver(struct bus_redis *b, struct slice channel,
                      struct slice msg);

/* bus_repair.c: reading the logs after a loss. */
/* Starts what can be: partitions that are broken and subscribed again. */
void bus_repair_kick(struct bus_redis *b);

#endif
