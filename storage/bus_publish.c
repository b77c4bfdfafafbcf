/* Publishing on the Redis bus. What one turn of the loop publishes leaves
 * together, and what comes while enough is on its way gathers: all of it then
 * is one entry of the replay log, which costs little more than an entry for
 * each. The live messages keep their order. */
#include <assert.h>
#include <stdio.h>

#include "proto/base/mem.h"
#include "storage/bus_parts.h"

enum {
    FLYING_MAX = 2,            /* batches on their way */
    BATCH_BYTES = 1024 * 1024, /* more does not wait */
    ENTRY_BYTES = 64 * 1024,   /* the same, of its entry; so it is no larger
                                  than one message longer */
    LIVE_ROOM = 2048,          /* of a batch to begin with */
    WAITERS_MIN = 4,
    SPARE_BYTES = 256 * 1024, /* more than that is not kept */
};

/* Who waits for a publish. */
struct waiter {
    bus_done_fn done; /* may be NULL */
    void *ctx;
};

/* What is published. */
struct bus_out {
    const struct topic *topics;
    size_t count;
    struct slice msg;
    bool durable;
};

/* A publish to topics of several lanes. */
struct joined {
    bus_done_fn done;
    void *ctx;
    size_t batches; /* without an answer */
    enum rc rc;
};

struct bus_batch {
    struct redis_call route;
    struct bus_redis *b;
    struct bus_lane *lane;
    struct buf live;    /* the SPUBLISH commands */
    struct buf entry;   /* of the log (bus_replay.h) */
    uint32_t want_live; /* replies to those commands */
    size_t topics;
    struct bus_tally marks; /* of the durable messages */
    struct waiter *waiters;
    size_t count;
    size_t room;
};

static void batch_again(struct redis_call *route);

static unsigned lane_index(const struct bus_redis *b,
                           const struct bus_lane *lane) {
    return (unsigned)(lane - b->lanes);
}

/* The log that a lane's batches enter. */
static const struct bus_log *log_of(const struct bus_redis *b,
                                    const struct bus_lane *lane) {
    return &b->logs[lane_index(b, lane) % TOPIC_PARTITIONS];
}

static struct bus_lane *lane_of(struct bus_redis *b, struct topic topic) {
    return &b->lanes[redis_nodes_clustered(b->nodes) ? topic_partition(topic)
                                                     : TOPIC_PARTITIONS];
}

/* In the memory of one that is over, if there is one (history_append.c). */
static struct bus_batch *batch_new(struct bus_redis *b, struct bus_lane *lane) {
    struct bus_batch *batch = b->spare;

    b->spare = NULL;
    if (batch == NULL) {
        batch = mem_new(sizeof(*batch));
        (void)buf_room(&batch->live, LIVE_ROOM);
    }
    *batch =
        (struct bus_batch){.b = b,
                           .lane = lane,
                           .route = {.nodes = b->nodes, .send = batch_again},
                           .live = batch->live,
                           .entry = batch->entry,
                           .waiters = batch->waiters,
                           .room = batch->room};
    buf_clear(&batch->live);
    buf_clear(&batch->entry);
    bus_tally_init(&batch->marks);
    return batch;
}

static struct bus_batch *gathered(struct bus_redis *b, struct bus_lane *lane) {
    struct bus_batch *batch = lane->gathered;

    if (batch == NULL) {
        batch = batch_new(b, lane);
        lane->gathered = batch;
    }
    return batch;
}

static void batch_delete(struct bus_batch *batch) {
    if (batch != NULL) {
        buf_fini(&batch->live);
        buf_fini(&batch->entry);
        mem_free(batch->waiters);
        mem_free(batch);
    }
}

static void batch_free(struct bus_batch *batch) {
    struct bus_redis *b = batch->b;

    bus_tally_fini(&batch->marks);
    if (b->spare == NULL && batch->live.cap <= SPARE_BYTES) {
        b->spare = batch;
    } else {
        batch_delete(batch);
    }
}

/* Nothing but the batch is touched after the first is told. */
static void batch_tell(struct bus_batch *batch, enum rc rc) {
    for (size_t i = 0; i < batch->count; i++) {
        struct waiter *w = &batch->waiters[i];

        if (w->done != NULL) {
            w->done(w->ctx, rc);
        }
    }
    batch_free(batch);
}

/* What was perhaps published counts as published: nobody has heard it who can
 * not find it in the log. */
static void batch_count(const struct bus_batch *batch, enum rc rc) {
    struct bus_redis *b = batch->b;

    if (rc == RC_AGAIN || rc == RC_CLOSED) {
        return;
    }
    bus_tally_join(&b->tally, &batch->marks);
    if (b->tally.bytes.n > BUS_TALLY_MAX) {
        bus_beat_tally(b);
    }
}

/* A batch of one partition waits for its slot; who heard it live need not hear
 * it again. */
static bool batch_waits(struct bus_batch *batch, enum rc rc,
                        const struct resp *replies) {
    bool again =
        lane_index(batch->b, batch->lane) != TOPIC_PARTITIONS &&
        redis_call_again(&batch->route, rc, replies, batch->route.call.want);

    if (again && rc == RC_OK && batch->entry.n > 0 && batch->want_live > 0 &&
        resp_rc(&replies[1]) == RC_OK) {
        batch->want_live = 0;
        buf_fini(&batch->live);
    }
    redis_order_answered(&batch->lane->order, &batch->route, again);
    return again;
}

/* One refusal is everybody's: those who were not refused publish again, which
 * is harmless. */
static void on_published(struct resp_call *call, enum rc rc,
                         const struct resp *replies) {
    struct bus_batch *batch = CONTAINER_OF(call, struct bus_batch, route.call);
    struct bus_redis *b = batch->b;

    if (batch_waits(batch, rc, replies)) {
        return;
    }
    for (size_t i = 0; i < call->want && rc == RC_OK; i++) {
        rc = resp_rc(&replies[i]) == RC_OK ? RC_OK : RC_BACKEND;
    }
    if (rc == RC_OK) {
        b->stats.published += batch->topics;
    } else {
        b->stats.failed += batch->count;
    }
    batch->lane->flying--;
    loop_defer(b->loop, &b->outbox);
    batch_count(batch, rc);
    batch_tell(batch, rc);
}

/* So many entries are kept: on the one log of a single server more of small
 * ones, so that it reaches as far back whatever a turn publishes. */
static size_t entries_kept(const struct bus_redis *b, size_t bytes) {
    size_t many = BUS_REPLAY_BYTES / bytes;

    return redis_nodes_clustered(b->nodes) || many < BUS_REPLAY_ENTRIES
               ? BUS_REPLAY_ENTRIES
               : many;
}

static void put_entry(struct buf *out, const struct bus_batch *batch) {
    struct buf most;

    buf_init(&most);
    buf_add_u64(&most, entries_kept(batch->b, batch->entry.n));
    resp_command(out,
                 (struct slice[]){SLICE_LIT("XADD"),
                                  slice_str(log_of(batch->b, batch->lane)->key),
                                  SLICE_LIT("MAXLEN"), SLICE_LIT("~"),
                                  buf_slice(&most), SLICE_LIT("*"),
                                  SLICE_LIT("d"), buf_slice(&batch->entry)},
                 8);
    buf_fini(&most);
}

/* The log first: who hears nothing live finds it there. */
static void batch_call(struct bus_batch *batch) {
    struct bus_redis *b = batch->b;
    uint32_t want = batch->want_live + (batch->entry.n > 0);
    struct resp_conn *conn =
        redis_nodes_conn(b->nodes, slice_str(log_of(b, batch->lane)->key));
    struct buf *out = resp_conn_begin(conn, &batch->route.call, on_published,
                                      want > 0 ? want : 1);

    if (out == NULL) {
        return;
    }
    if (want == 0) {
        resp_command(out, &SLICE_LIT("PING"), 1); /* in time for nobody */
    }
    if (batch->entry.n > 0) {
        put_entry(out, batch);
    }
    buf_add(out, buf_slice(&batch->live));
}

static void batch_again(struct redis_call *route) {
    struct bus_batch *batch = CONTAINER_OF(route, struct bus_batch, route);

    if (redis_order_turn(&batch->lane->order, route)) {
        batch_call(batch);
    }
}

static void batch_send(struct bus_lane *lane) {
    struct bus_batch *batch = lane->gathered;

    if (batch->marks.bytes.n > 0) {
        bus_beat_alive(batch->b);
    }
    lane->gathered = NULL;
    lane->flying++;
    batch->want_live = (uint32_t)batch->topics;
    batch_call(batch);
}

bool bus_publish_idle(const struct bus_redis *b) {
    for (size_t i = 0; i < BUS_LANES; i++) {
        if (b->lanes[i].gathered != NULL || b->lanes[i].flying > 0) {
            return false;
        }
    }
    return true;
}

static void on_outbox(struct loop_task *t) {
    struct bus_redis *b = CONTAINER_OF(t, struct bus_redis, outbox);
    size_t first = redis_nodes_clustered(b->nodes) ? 0 : TOPIC_PARTITIONS;

    for (size_t i = first; i < BUS_LANES; i++) {
        struct bus_lane *lane = &b->lanes[i];

        if (lane->gathered != NULL && lane->flying < FLYING_MAX &&
            lane->order.refused == 0) {
            batch_send(lane);
        }
    }
}

void bus_publish_leave(struct bus_redis *b) {
    struct bus_lane *all = &b->lanes[TOPIC_PARTITIONS];

    if (all->gathered != NULL && redis_nodes_clustered(b->nodes)) {
        batch_send(all);
    }
}

static void add_waiter(struct bus_batch *batch, bus_done_fn done, void *ctx) {
    if (batch->count == batch->room) {
        batch->room = batch->room == 0 ? WAITERS_MIN : 2 * batch->room;
        batch->waiters =
            mem_resize(batch->waiters, batch->room * sizeof(*batch->waiters));
    }
    batch->waiters[batch->count++] = (struct waiter){done, ctx};
}

/* One message for some of its topics, all of the batch's lane. For the tally
 * it counts as sent at once: whoever subscribed meanwhile reads it in the
 * history. */
static void add_message(struct bus_batch *batch, const struct topic *topics,
                        size_t count, const struct bus_out *x) {
    uint64_t keys[REPLAY_TOPICS_MAX];

    for (size_t i = 0; i < count; i++) {
        struct topic_text channel = topic_text(topics[i]);

        keys[i] = topic_key(topics[i]);
        resp_command(&batch->live,
                     (struct slice[]){SLICE_LIT("SPUBLISH"),
                                      slice_str(channel.s), x->msg},
                     3);
    }
    batch->topics += count;
    if (x->durable) {
        replay_put(&batch->entry, topics, count, x->msg);
        bus_tally_add(&batch->marks, bus_mark(x->msg),
                      batch->b->loop->clock.mono_ms, keys, count);
    }
}

static bool has_room(const struct bus_batch *batch) {
    return batch->live.n < BATCH_BYTES && batch->entry.n < ENTRY_BYTES &&
           batch->marks.bytes.n < BUS_TALLY_MAX;
}

/* All of a publish that is of one lane. */
static void publish_lane(struct bus_redis *b, struct bus_lane *lane,
                         const struct bus_out *x, bus_done_fn done, void *ctx) {
    struct bus_batch *batch = gathered(b, lane);
    struct topic some[REPLAY_TOPICS_MAX];
    size_t n = 0;

    add_waiter(batch, done, ctx);
    for (size_t i = 0; i < x->count; i++) {
        if (lane_of(b, x->topics[i]) == lane) {
            some[n++] = x->topics[i];
        }
        if (n == REPLAY_TOPICS_MAX || (n > 0 && i + 1 == x->count)) {
            add_message(batch, some, n, x);
            n = 0;
        }
    }
    if (has_room(batch)) {
        loop_defer(b->loop, &b->outbox);
    } else {
        batch_send(lane);
    }
}

static void on_joined(void *ctx, enum rc rc) {
    struct joined *j = ctx;

    j->rc = j->rc == RC_OK ? rc : j->rc;
    j->batches--;
    if (j->batches > 0) {
        return;
    }
    if (j->done != NULL) {
        j->done(j->ctx, j->rc);
    }
    mem_free(j);
}

/* The partitions of the topics, as bits. */
static uint64_t partitions_of(const struct bus_out *x) {
    uint64_t partitions = 0;

    for (size_t i = 0; i < x->count; i++) {
        partitions |= UINT64_C(1) << topic_partition(x->topics[i]);
    }
    return partitions;
}

/* In a cluster: to as many lanes as there are partitions. */
static void publish_split(struct bus_redis *b, const struct bus_out *x,
                          bus_done_fn done, void *ctx) {
    uint64_t partitions = partitions_of(x);
    struct joined *j = mem_new(sizeof(*j));

    j->done = done;
    j->ctx = ctx;
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        if ((partitions >> p & 1) != 0) {
            j->batches++; /* none of them answers before we have returned */
            publish_lane(b, &b->lanes[p], x, on_joined, j);
        }
    }
}

/* The port has so many parameters.
 * NOLINTNEXTLINE(readability-function-size) */
void bus_publish(struct bus *base, const struct topic *topics, size_t count,
                 struct slice msg, bool durable, bus_done_fn done, void *ctx) {
    struct bus_redis *b = CONTAINER_OF(base, struct bus_redis, base);
    const struct bus_out x = {topics, count, msg, durable};

    if (count == 0 || !redis_nodes_clustered(b->nodes)) {
        publish_lane(b, &b->lanes[TOPIC_PARTITIONS], &x, done, ctx);
    } else if (count == 1) {
        publish_lane(b, lane_of(b, topics[0]), &x, done, ctx);
    } else {
        publish_split(b, &x, done, ctx);
    }
}

void bus_publish_init(struct bus_redis *b) {
    loop_task_init(&b->outbox, on_outbox);
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        struct bus_log *log = &b->logs[p];

        snprintf(log->key, sizeof(log->key), "{p%u}replay", p);
        snprintf(log->epoch_key, sizeof(log->epoch_key), "{p%u}epoch", p);
    }
}

void bus_publish_fini(struct bus_redis *b) {
    for (size_t i = 0; i < BUS_LANES; i++) {
        while (b->lanes[i].gathered != NULL) {
            struct bus_batch *batch = b->lanes[i].gathered;

            b->lanes[i].gathered = NULL;
            batch_tell(batch, RC_CLOSED);
        }
    }
    batch_delete(b->spare);
    loop_undefer(&b->outbox);
}
