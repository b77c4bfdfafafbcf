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
#include "storage/bus_marks.h"
#include "storage/bus_peers.h"
#include "storage/bus_redis.h"
#include "storage/bus_replay.h"
#include "storage/redis_call.h"
#include "storage/redis_nodes.h"
#include "storage/resp_conn.h"

/* The tallies of all processes (bus_marks.h). */
#define BUS_MARKS_KEY "{p0}marks"

enum {
    BUS_BEAT_MS = 500,
    /* How far before the position a repair begins: a publisher's two commands
     * are at most its deadline apart. */
    BUS_MARGIN_MS = 3000,
    BUS_BATCH = 512, /* channels in one command */
    BUS_LANES = TOPIC_PARTITIONS + 1,
};

enum bus_sub_state {
    BUS_SUB_WANTED, /* to be asked for; in `joining` */
    BUS_SUB_ASKED,
    BUS_SUB_LIVE,
};

struct bus_wait;

/* One topic we want to hear. There are as many as users are here, nearly all
 * LIVE: what only the others need is in their bus_wait. */
struct bus_sub {
    struct topic topic;
    uint8_t state;         /* enum bus_sub_state */
    bool absent;           /* lost and not back yet: counted by its log */
    uint32_t batch;        /* the command that asked for it */
    uint64_t live_ms;      /* monotonic; nothing later was missed unnoticed */
    struct bus_wait *wait; /* NULL: nothing is waited for */
};

/* A topic that comes or goes. */
struct bus_wait {
    struct list node; /* in joining, leaving or orphans; or in none: asked */
    struct bus_sub *sub;
    bus_done_fn done; /* NULL, or told once */
    void *ctx;
};

/* Everything before `ms` of the clock of the partition's server was heard,
 * from the log that had this `epoch`. 0: no position yet. */
struct bus_position {
    uint64_t ms;
    uint64_t epoch;
};

/* One server of the bus: the only one, or a primary of a cluster. */
struct bus_shard {
    struct list node;
    struct bus_redis *b;
    struct redis_node *server; /* and the connection for publishing */
    struct resp_conn *sub;     /* the one that is subscribed */
    struct resp_call beat_call;
    bool beating;                    /* its beat is on its way */
    bool asked_marks;                /* by that beat */
    uint8_t asked[TOPIC_PARTITIONS]; /* whose logs' names it asks for */
    size_t asked_count;
    uint64_t heard_ms;       /* the last position, of its clock; 0: none */
    uint64_t coming_ms;      /* the one the beat will confirm */
    uint64_t coming_mono_ms; /* when it was read, on our own clock */
};

/* The replay log of a partition, or of several (bus_log_of). */
struct bus_log {
    uint64_t epoch;    /* its name; 0: not read yet */
    bool broken;       /* something may have been missed since `from` */
    bool reading;      /* a repair is on its way */
    unsigned tries;    /* of the repair, in which the connection broke */
    uint64_t begun_ms; /* the first of them; monotonic */
    uint64_t losses;   /* of the subscriber: tells repairs apart */
    size_t absent;     /* topics that were lost and are not back yet */
    struct bus_position from;
    struct replay_id at; /* the repair has delivered up to here */
    char key[TOPIC_TEXT_MAX];
    char epoch_key[TOPIC_TEXT_MAX]; /* whoever finds it empty names the log */
    uint64_t again_ms;              /* not 0: read once more, from there */
};

struct bus_part {
    struct bus_shard *shard; /* who has it; NULL: not known yet */
    struct list joining;     /* bus_wait to subscribe */
    struct list leaving;     /* bus_wait to unsubscribe and free */
    uint64_t losses;         /* of the subscriber: tells its commands apart */
};

/* What is published together: everything, or in a cluster a partition. */
struct bus_lane {
    struct bus_batch *gathered; /* or NULL */
    unsigned flying;            /* batches on their way */
    struct redis_order order;   /* of these */
};

struct bus_redis {
    struct bus base;
    struct loop *loop;
    struct redis_config config;
    struct redis_nodes *nodes;
    struct list shards;
    struct map subs; /* topic_key -> struct bus_sub */
    struct bus_part parts[TOPIC_PARTITIONS];
    struct bus_log logs[TOPIC_PARTITIONS]; /* of a single server the first */
    struct list orphans;    /* unsubscribed before they were confirmed */
    struct loop_task flush; /* joining, leaving, orphans */
    uint32_t batch;         /* the last one's number; may come around */
    struct bus_lane lanes[BUS_LANES]; /* of each partition; the last: of all */
    struct bus_batch *spare;          /* its memory serves the next; or NULL */
    struct loop_task outbox;          /* sends what is gathered */
    struct wheel_timer beat;
    size_t beating;         /* servers whose beat is on its way */
    struct bus_tally tally; /* of what we published */
    struct resp_call tally_call;
    struct buf marks_read;     /* entries of the marks, kept until the pong */
    size_t marks_count;        /* of these entries */
    struct replay_id marks_at; /* read and compared up to here */
    struct replay_id marks_to; /* read by the beat */
    bool marks_fresh;          /* the beat has read them */
    uint64_t marks_ms;         /* when, on the clock of their server */
    uint64_t marks_mono_ms;    /* and on ours */
    uint64_t compared_mono_ms; /* when they were read that were compared last;
                                  0: never */
    struct bus_heard marks;    /* of what came */
    uint64_t process;          /* who we are in the marks */
    bool resting;              /* and what we last said there */
    struct resp_call alive_call;
    struct bus_peers peers;
    struct bus_redis_stats stats;
};

/* bus_beat.c: the position, and the comparison of marks. */
void bus_beat_init(struct bus_redis *b);
void bus_beat_start(struct bus_redis *b);
void bus_beat_stop(struct bus_redis *b);
void bus_beat_fini(struct bus_redis *b);
/* Starts a beat of the servers that are up. */
void bus_beat(struct bus_redis *b);
/* Something is about to be published: if we said that we rest, that is taken
 * back before it. */
void bus_beat_alive(struct bus_redis *b);
/* Writes the tally now. */
void bus_beat_tally(struct bus_redis *b);
/* The marks are on another server: what it lacks of them is looked for in all
 * logs. */
void bus_beat_marks_moved(struct bus_redis *b);

/* bus_publish.c: the way out. */
/* Nothing is on its way, and nothing gathered. */
bool bus_publish_idle(const struct bus_redis *b);
void bus_publish_init(struct bus_redis *b);
/* Tells whoever waits RC_CLOSED; after the connection was closed. */
void bus_publish_fini(struct bus_redis *b);
/* What was gathered leaves now: the lanes change. */
void bus_publish_leave(struct bus_redis *b);
void bus_publish(struct bus *base, const struct topic *topics, size_t count,
                 struct slice msg, bool durable, bus_done_fn done, void *ctx);

/* bus_shards.c: the servers, and who has which partition. */
extern const struct redis_nodes_events bus_shards_events;
void bus_shards_close(struct bus_redis *b);
bool bus_shard_ready(const struct bus_shard *s);
/* The server of a partition takes calls and has its subscriptions. */
bool bus_part_ready(const struct bus_redis *b, unsigned partition);
/* Which log a partition's messages enter: a single server has one for all, so
 * that what is published together is one entry. */
unsigned bus_log_of(const struct bus_redis *b, unsigned partition);

/* bus_subs.c: the table of topics and the subscriber connections, whose owner
 * is a bus_shard. */
extern const struct resp_conn_events bus_subs_events;
void bus_subs_init(struct bus_redis *b);
/* Tells whoever waits RC_CLOSED, and frees the table. */
void bus_subs_fini(struct bus_redis *b);
/* What was subscribed in these partitions (bits) is so no more: it is
 * subscribed anew and what was missed is repaired, or, unless the log is
 * `whole`, a gap. */
void bus_subs_lost(struct bus_redis *b, uint64_t partitions, bool whole);
/* Tells the owner that what is not durable was perhaps missed. */
void bus_subs_back(struct bus_redis *b);
void bus_subs_add(struct bus *base, struct topic topic, bus_done_fn done,
                  void *ctx);
void bus_subs_remove(struct bus *base, struct topic topic);
/* Hands a message to the owner if its topic is subscribed; one from the log
 * only if it was not heard before. */
bool bus_subs_deliver(struct bus_redis *b, struct topic topic, struct slice msg,
                      bool from_log);

/* bus_repair.c: reading the logs after a loss. */
/* Starts what can be: partitions that are broken and subscribed again. */
void bus_repair_kick(struct bus_redis *b);
/* Something that was published to the partition at `ms` of its server's clock,
 * or a little before, did not come though the connection lives. */
void bus_repair_want(struct bus_redis *b, unsigned partition, uint64_t ms);

#endif
