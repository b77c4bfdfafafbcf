/* Publishing on the Redis bus. What one turn of the loop publishes leaves
 * together, and what comes while enough is on its way gathers: a partition's
 * messages then share one entry of its replay log, which costs little more
 * than an entry for each. The live messages keep their order. */
#include <assert.h>
#include <stdio.h>

#include "proto/base/mem.h"
#include "storage/bus_parts.h"

enum {
    FLYING_MAX = 2,            /* batches on their way */
    BATCH_BYTES = 1024 * 1024, /* more does not wait */
    ENTRY_BYTES = 64 * 1024,   /* the same, of one entry; so it is no larger
                                  than one message longer */
    KEEP_BYTES = 4 * 1024,     /* of a partition's buffer, between batches */
    LIVE_ROOM = 2048,          /* of a batch to begin with */
    WAITERS_MIN = 4,
    KEYS_MAX = 16, /* of topics, in one record of the tally */
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
    const char *key;   /* where the call goes */
    struct buf live;   /* the SPUBLISH commands */
    struct buf log;    /* the XADD commands, once it has left */
    uint32_t want_log; /* their replies, and those to the others */
    uint32_t want_live;
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

/* The partitions of a lane: one, or all. */
static unsigned lane_first(const struct bus_redis *b,
                           const struct bus_lane *lane) {
    return lane_index(b, lane) % TOPIC_PARTITIONS;
}

static unsigned lane_last(const struct bus_redis *b,
                          const struct bus_lane *lane) {
    unsigned i = lane_index(b, lane);

    return i < TOPIC_PARTITIONS ? i : TOPIC_PARTITIONS - 1;
}

static struct bus_lane *lane_of(struct bus_redis *b, struct topic topic) {
    return &b->lanes[redis_nodes_clustered(b->nodes) ? topic_partition(topic)
                                                     : TOPIC_PARTITIONS];
}

static struct bus_batch *gathered(struct bus_redis *b, struct bus_lane *lane) {
    struct bus_batch *batch = lane->gathered;

    if (batch == NULL) {
        batch = mem_new(sizeof(*batch));
        batch->b = b;
        batch->lane = lane;
        batch->key = b->parts[lane_first(b, lane)].log_key;
        batch->route.nodes = b->nodes;
        batch->route.send = batch_again;
        buf_init(&batch->live);
        buf_init(&batch->log);
        bus_tally_init(&batch->marks);
        (void)buf_room(&batch->live, LIVE_ROOM);
        lane->gathered = batch;
    }
    return batch;
}

/* Nothing but the batch is touched after the first is told. */
static void batch_tell(struct bus_batch *batch, enum rc rc) {
    for (size_t i = 0; i < batch->count; i++) {
        struct waiter *w = &batch->waiters[i];

        if (w->done != NULL) {
            w->done(w->ctx, rc);
        }
    }
    buf_fini(&batch->live);
    buf_fini(&batch->log);
    bus_tally_fini(&batch->marks);
    mem_free(batch->waiters);
    mem_free(batch);
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

    if (again && rc == RC_OK && batch->want_log > 0 && batch->want_live > 0 &&
        resp_rc(&replies[batch->want_log]) == RC_OK) {
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

/* The log's entry: t and m, as often as there are messages. */
static void put_entry(struct buf *out, const struct bus_part *part) {
    resp_command_begin(out, 6 + 4 * part->entry_messages);
    resp_command_arg(out, SLICE_LIT("XADD"));
    resp_command_arg(out, slice_str(part->log_key));
    resp_command_arg(out, SLICE_LIT("MAXLEN"));
    resp_command_arg(out, SLICE_LIT("~"));
    resp_command_arg(out, SLICE_LIT(BUS_REPLAY_ENTRIES));
    resp_command_arg(out, SLICE_LIT("*"));
    buf_add(out, buf_slice(&part->entry));
}

static void entry_clear(struct bus_part *part) {
    part->entry_messages = 0;
    buf_clear(&part->entry);
    if (part->entry.cap > KEEP_BYTES) {
        buf_fini(&part->entry);
    }
}

/* What is gathered for the logs of a lane goes into its batch. */
static void entries_leave(struct bus_redis *b, struct bus_lane *lane,
                          struct bus_batch *batch) {
    unsigned last = lane_last(b, lane);

    for (unsigned p = lane_first(b, lane); p <= last && lane->entries > 0;
         p++) {
        struct bus_part *part = &b->parts[p];

        if (part->entry_messages > 0) {
            put_entry(&batch->log, part);
            batch->want_log++;
            lane->entries--;
        }
        entry_clear(part);
    }
}

/* Each log first: who hears nothing live finds it there. */
static void batch_call(struct bus_batch *batch) {
    uint32_t want = batch->want_log + batch->want_live;
    struct resp_conn *conn =
        redis_nodes_conn(batch->b->nodes, slice_str(batch->key));
    struct buf *out = resp_conn_begin(conn, &batch->route.call, on_published,
                                      want > 0 ? want : 1);

    if (out != NULL && want == 0) {
        resp_command(out, &SLICE_LIT("PING"), 1); /* in time for nobody */
    } else if (out != NULL) {
        buf_add(out, buf_slice(&batch->log));
        buf_add(out, buf_slice(&batch->live));
    }
}

static void batch_again(struct redis_call *route) {
    struct bus_batch *batch = CONTAINER_OF(route, struct bus_batch, route);

    if (redis_order_turn(&batch->lane->order, route)) {
        batch_call(batch);
    }
}

static void batch_send(struct bus_redis *b, struct bus_lane *lane) {
    struct bus_batch *batch = lane->gathered;

    if (batch->marks.bytes.n > 0) {
        bus_beat_alive(b);
    }
    lane->gathered = NULL;
    lane->flying++;
    batch->want_live = (uint32_t)batch->topics;
    entries_leave(b, lane, batch);
    batch_call(batch);
    if (!redis_nodes_clustered(b->nodes)) {
        buf_fini(&batch->live); /* it will not be sent again */
        buf_fini(&batch->log);
    }
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

    for (size_t i = 0; i < BUS_LANES; i++) {
        struct bus_lane *lane = &b->lanes[i];

        if (lane->gathered != NULL && lane->flying < FLYING_MAX &&
            lane->order.refused == 0) {
            batch_send(b, lane);
        }
    }
}

void bus_publish_leave(struct bus_redis *b) {
    struct bus_lane *all = &b->lanes[TOPIC_PARTITIONS];

    if (all->gathered != NULL && redis_nodes_clustered(b->nodes)) {
        batch_send(b, all);
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

/* False: there is no more room, and it has to leave. */
static bool add_topic(struct bus_batch *batch, struct topic topic,
                      struct slice msg, bool durable) {
    struct bus_redis *b = batch->b;
    struct bus_part *part = &b->parts[topic_partition(topic)];
    struct topic_text channel = topic_text(topic);

    batch->topics++;
    resp_command(
        &batch->live,
        (struct slice[]){SLICE_LIT("SPUBLISH"), slice_str(channel.s), msg}, 3);
    if (durable) {
        batch->lane->entries += part->entry_messages == 0;
        part->entry_messages++;
        resp_command_arg(&part->entry, SLICE_LIT("t"));
        resp_command_arg(&part->entry, slice_str(channel.s));
        resp_command_arg(&part->entry, SLICE_LIT("m"));
        resp_command_arg(&part->entry, msg);
    }
    return batch->live.n < BATCH_BYTES && part->entry.n < ENTRY_BYTES;
}

/* For the tally; as if it was sent at once: whoever subscribed meanwhile
 * reads it in the history. */
static void add_marks(struct bus_batch *batch, const struct topic *topics,
                      size_t count, struct slice msg) {
    uint64_t mark = bus_mark(msg);
    uint64_t keys[KEYS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (lane_of(batch->b, topics[i]) == batch->lane) {
            keys[n++] = topic_key(topics[i]);
        }
        if (n == KEYS_MAX || (n > 0 && i + 1 == count)) {
            bus_tally_add(&batch->marks, mark, batch->b->loop->clock.mono_ms,
                          keys, n);
            n = 0;
        }
    }
}

/* All of a publish that is of one lane. */
static void publish_lane(struct bus_redis *b, struct bus_lane *lane,
                         const struct bus_out *x, bus_done_fn done, void *ctx) {
    struct bus_batch *batch = gathered(b, lane);
    bool room = true;

    add_waiter(batch, done, ctx);
    for (size_t i = 0; i < x->count; i++) {
        if (lane_of(b, x->topics[i]) == lane) {
            room = add_topic(batch, x->topics[i], x->msg, x->durable) && room;
        }
    }
    if (x->durable) {
        add_marks(batch, x->topics, x->count, x->msg);
    }
    if (room && batch->marks.bytes.n < BUS_TALLY_MAX) {
        loop_defer(b->loop, &b->outbox);
    } else {
        batch_send(b, lane);
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
        struct bus_part *part = &b->parts[p];

        snprintf(part->log_key, sizeof(part->log_key), "{p%u}replay", p);
        snprintf(part->epoch_key, sizeof(part->epoch_key), "{p%u}epoch", p);
        buf_init(&part->entry);
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
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        buf_fini(&b->parts[p].entry);
    }
    loop_undefer(&b->outbox);
}
