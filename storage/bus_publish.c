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

struct bus_batch {
    struct resp_call call;
    struct bus_redis *b;
    struct buf live; /* the SPUBLISH commands */
    size_t topics;
    struct bus_tally marks; /* of the durable messages */
    struct waiter *waiters;
    size_t count;
    size_t room;
};

static struct bus_batch *gathered(struct bus_redis *b) {
    if (b->gathered == NULL) {
        b->gathered = mem_new(sizeof(*b->gathered));
        b->gathered->b = b;
        buf_init(&b->gathered->live);
        bus_tally_init(&b->gathered->marks);
        (void)buf_room(&b->gathered->live, LIVE_ROOM);
    }
    return b->gathered;
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

/* One refusal is everybody's: those who were not refused publish again, which
 * is harmless. */
static void on_published(struct resp_call *call, enum rc rc,
                         const struct resp *replies) {
    struct bus_batch *batch = CONTAINER_OF(call, struct bus_batch, call);
    struct bus_redis *b = batch->b;

    for (size_t i = 0; i < call->want && rc == RC_OK; i++) {
        rc = resp_rc(&replies[i]) == RC_OK ? RC_OK : RC_BACKEND;
    }
    if (rc == RC_OK) {
        b->stats.published += batch->topics;
    } else {
        b->stats.failed += batch->count;
    }
    b->flying--;
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

/* To `out`, or nowhere when that is NULL. */
static void entries_leave(struct bus_redis *b, struct buf *out) {
    for (unsigned p = 0; p < TOPIC_PARTITIONS && b->entries > 0; p++) {
        struct bus_part *part = &b->parts[p];

        if (part->entry_messages > 0 && out != NULL) {
            put_entry(out, part);
        }
        b->entries -= part->entry_messages > 0;
        entry_clear(part);
    }
}

/* Each log first: who hears nothing live finds it there. */
static void batch_send(struct bus_redis *b) {
    struct bus_batch *batch = b->gathered;
    size_t want = batch->topics + b->entries;
    struct buf *out;

    b->gathered = NULL;
    b->flying++;
    out = resp_conn_begin(b->cmd, &batch->call, on_published,
                          want > 0 ? (uint32_t)want : 1);
    if (out != NULL && want == 0) {
        resp_command(out, &SLICE_LIT("PING"), 1); /* in time for nobody */
    }
    entries_leave(b, out);
    if (out != NULL) {
        buf_add(out, buf_slice(&batch->live));
    }
    buf_fini(&batch->live);
}

static void on_outbox(struct loop_task *t) {
    struct bus_redis *b = CONTAINER_OF(t, struct bus_redis, outbox);

    if (b->gathered != NULL && b->flying < FLYING_MAX) {
        batch_send(b);
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
        b->entries += part->entry_messages == 0;
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
        keys[n++] = topic_key(topics[i]);
        if (n == KEYS_MAX || i + 1 == count) {
            bus_tally_add(&batch->marks, mark, batch->b->loop->clock.mono_ms,
                          keys, n);
            n = 0;
        }
    }
}

/* The port has so many parameters.
 * NOLINTNEXTLINE(readability-function-size) */
void bus_publish(struct bus *base, const struct topic *topics, size_t count,
                 struct slice msg, bool durable, bus_done_fn done, void *ctx) {
    struct bus_redis *b = CONTAINER_OF(base, struct bus_redis, base);
    struct bus_batch *batch = gathered(b);
    bool room = true;

    add_waiter(batch, done, ctx);
    for (size_t i = 0; i < count; i++) {
        room = add_topic(batch, topics[i], msg, durable) && room;
    }
    if (durable) {
        add_marks(batch, topics, count, msg);
    }
    if (room && batch->marks.bytes.n < BUS_TALLY_MAX) {
        loop_defer(b->loop, &b->outbox);
    } else {
        batch_send(b);
    }
}

void bus_publish_init(struct bus_redis *b) {
    loop_task_init(&b->outbox, on_outbox);
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        struct bus_part *part = &b->parts[p];

        snprintf(part->log_key, sizeof(part->log_key), "{p%u}replay", p);
        buf_init(&part->entry);
    }
}

void bus_publish_fini(struct bus_redis *b) {
    while (b->gathered != NULL) {
        struct bus_batch *batch = b->gathered;

        b->gathered = NULL;
        batch_tell(batch, RC_CLOSED);
    }
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        buf_fini(&b->parts[p].entry);
    }
    loop_undefer(&b->outbox);
}
