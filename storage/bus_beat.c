/* The heartbeat of the bus: which moment everything before was heard, and
 * whether something that was published did not come. See bus_redis.h. */
#include <inttypes.h>
#include <stdio.h>

#include "proto/base/log.h"
#include "proto/base/plant.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"
#include "storage/bus_parts.h"

static const struct log_ctx log_bus = {"bus", 0};

enum {
    REPLIES = 3,      /* the log's name, the time, the marks */
    ENTRIES_MAX = 64, /* of the marks, at once */
    MARKS_KEEP_MS = 60000 /* what nobody has read by then, nobody will */,
    /* A tally that never arrived was about so much time at the most. */
    TALLY_LOST_MS = 10000,
};

/* The comparison of one entry. */
struct comparison {
    struct bus_redis *b;
    uint64_t written_ms; /* Redis' clock */
};

/* The name of the log. */

static void on_epoch_made(struct resp_call *call, enum rc rc,
                          const struct resp *replies) {
    (void)call; /* the next beat reads it, whoever made it */
    (void)rc;
    (void)replies;
}

/* The log is new: it gets a name that no other log has. */
void bus_beat_epoch(struct bus_redis *b) {
    char name[TOPIC_TEXT_MAX];

    if (list_linked(&b->epoch_call.node)) {
        return;
    }
    snprintf(name, sizeof(name), "%" PRIu64,
             rand_u64(&b->loop->rand) >> 11 | 1);
    resp_conn_send(b->cmd, &b->epoch_call, on_epoch_made,
                   (struct slice[]){SLICE_LIT("SET"), SLICE_LIT(BUS_EPOCH_KEY),
                                    slice_str(name), SLICE_LIT("NX")},
                   4);
}

/* What we published. */

static void on_tally_written(struct resp_call *call, enum rc rc,
                             const struct resp *replies) {
    struct bus_redis *b = CONTAINER_OF(call, struct bus_redis, tally_call);

    if (rc != RC_OK || resp_rc(&replies[0]) != RC_OK) {
        b->tally.lost = true; /* the next one says so */
    }
}

void bus_beat_tally(struct bus_redis *b) {
    uint64_t keep_ms =
        b->heard.ms > MARKS_KEEP_MS ? b->heard.ms - MARKS_KEEP_MS : 0;
    char oldest[TOPIC_TEXT_MAX];
    struct buf entry;

    if (list_linked(&b->tally_call.node) || !resp_conn_ready(b->cmd)) {
        return;
    }
    buf_init(&entry);
    if (bus_tally_take(&b->tally, b->loop->clock.mono_ms, &entry)) {
        snprintf(oldest, sizeof(oldest), "%" PRIu64, keep_ms);
        resp_conn_send(b->cmd, &b->tally_call, on_tally_written,
                       (struct slice[]){SLICE_LIT("XADD"),
                                        SLICE_LIT(BUS_MARKS_KEY),
                                        SLICE_LIT("MINID"), SLICE_LIT("~"),
                                        slice_str(oldest), SLICE_LIT("*"),
                                        SLICE_LIT("d"), buf_slice(&entry)},
                       8);
    }
    buf_fini(&entry);
}

/* What everybody published. */

/* Was it for a topic that we listened to by then, and did it not come? */
static void compare(void *ctx, uint64_t key, uint64_t mark, uint32_t ago_ms) {
    const struct comparison *c = ctx;
    struct bus_redis *b = c->b;
    const struct bus_sub *s = map_get(&b->subs, key);
    uint64_t at_ms = c->written_ms - ago_ms;

    if (s == NULL || s->state != BUS_SUB_LIVE || planted(PLANT_NO_HEAD_CHECK) ||
        bus_heard_has(&b->marks, key, mark)) {
        return;
    }
    if (at_ms + b->coming_mono_ms < s->live_ms + b->coming.ms) {
        return; /* whoever asked for the topic has read the history since */
    }
    b->stats.missed++;
    bus_repair_want(b, topic_partition(s->topic), at_ms);
}

static void want_all(struct bus_redis *b, uint64_t ms) {
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        bus_repair_want(b, p, ms);
    }
}

static void compare_entry(struct bus_redis *b, struct slice entry,
                          uint64_t written_ms) {
    struct comparison c = {.b = b, .written_ms = written_ms};
    bool lost = false;

    if (bus_tally_read(entry, &lost, compare, &c) != RC_OK) {
        log_error(&log_bus, "bus_bad_marks", "bytes=%zu", entry.n);
        lost = true;
    }
    if (lost) {
        want_all(b, written_ms - TALLY_LOST_MS);
    }
}

static void compare_entries(struct bus_redis *b) {
    uint64_t missed = b->stats.missed;
    struct reader r;

    reader_init(&r, buf_slice(&b->marks_read));
    while (!r.bad && r.rest.n > 0) {
        uint64_t ms = reader_u64(&r);

        compare_entry(b, reader_str(&r), ms);
    }
    b->marks_at = b->marks_to;
    if (b->stats.missed > missed) {
        log_warn(&log_bus, "bus_missed", "messages=%" PRIu64,
                 b->stats.missed - missed);
        bus_repair_kick(b);
    }
}

/* Keeps a copy of one entry until the subscriber connection has caught up
 * with it. */
static bool take_entry(struct bus_redis *b, const struct resp *r) {
    const struct resp *fields;

    if (!resp_has(r, 2) || r->items[0].type != RESP_STRING ||
        !replay_id_parse(r->items[0].str, &b->marks_to)) {
        return false;
    }
    fields = &r->items[1];
    if (!resp_has(fields, 2) || fields->items[1].type != RESP_STRING) {
        return false;
    }
    writer_u64(&b->marks_read, b->marks_to.ms);
    writer_str(&b->marks_read, fields->items[1].str);
    return true;
}

static bool take_entries(struct bus_redis *b, const struct resp *list) {
    buf_clear(&b->marks_read);
    b->marks_to = b->marks_at;
    b->marks_count = 0;
    if (list->type != RESP_ARRAY) {
        return false;
    }
    if (b->marks_at.ms == UINT64_MAX) {
        b->marks_to = (struct replay_id){b->coming.ms, 0}; /* from now on */
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!take_entry(b, &list->items[i])) {
            return false;
        }
    }
    b->marks_count = list->count;
    return true;
}

/* The position. */

static void on_pong(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct bus_redis *b = CONTAINER_OF(call, struct bus_redis, beat_call);

    (void)replies;
    b->beating = false;
    if (rc != RC_OK) {
        return;
    }
    if (b->heard.ms != 0 && b->coming.ms > b->heard.ms + MARKS_KEEP_MS / 2) {
        want_all(b, b->heard.ms); /* so long ago: some marks may be gone */
    }
    b->heard = b->coming;
    compare_entries(b);
    if (b->marks_count == ENTRIES_MAX) {
        bus_beat(b); /* there are more */
    }
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

    if (rc != RC_OK || !position_parse(replies, &b->coming) ||
        !take_entries(b, &replies[2])) {
        b->beating = false;
        if (rc == RC_OK && replies[0].type == RESP_NIL) {
            bus_beat_epoch(b);
        }
        return;
    }
    b->coming_mono_ms = b->loop->clock.mono_ms;
    resp_conn_send(b->sub, &b->beat_call, on_pong, &SLICE_LIT("PING"), 1);
}

static void ask(struct bus_redis *b, struct buf *out) {
    char from[2 * TOPIC_TEXT_MAX];
    char most[TOPIC_TEXT_MAX];

    snprintf(from, sizeof(from), "(%" PRIu64 "-%" PRIu64, b->marks_at.ms,
             b->marks_at.seq);
    snprintf(most, sizeof(most), "%d", ENTRIES_MAX);
    resp_command(
        out, (struct slice[]){SLICE_LIT("GET"), SLICE_LIT(BUS_EPOCH_KEY)}, 2);
    resp_command(out, &SLICE_LIT("TIME"), 1);
    resp_command(out,
                 (struct slice[]){SLICE_LIT("XRANGE"), SLICE_LIT(BUS_MARKS_KEY),
                                  slice_str(from), SLICE_LIT("+"),
                                  SLICE_LIT("COUNT"), slice_str(most)},
                 6);
}

void bus_beat(struct bus_redis *b) {
    struct buf *out;

    if (b->beating || !resp_conn_ready(b->cmd) || !resp_conn_ready(b->sub)) {
        return;
    }
    b->beating = true;
    out = resp_conn_begin(b->cmd, &b->beat_call, on_time, REPLIES);
    if (out != NULL) {
        ask(b, out);
    }
}

static void on_beat(struct wheel_timer *t) {
    struct bus_redis *b = CONTAINER_OF(t, struct bus_redis, beat);

    loop_timer(b->loop, &b->beat, BUS_BEAT_MS);
    bus_beat_tally(b);
    bus_beat(b);
    bus_repair_kick(b); /* also what failed a beat ago */
}

void bus_beat_init(struct bus_redis *b) {
    list_init(&b->epoch_call.node);
    list_init(&b->tally_call.node);
    buf_init(&b->marks_read);
    bus_tally_init(&b->tally);
    bus_heard_init(&b->marks);
    b->marks_at.ms = UINT64_MAX;
    wheel_timer_init(&b->beat, on_beat);
}

void bus_beat_start(struct bus_redis *b) {
    loop_timer(b->loop, &b->beat, BUS_BEAT_MS);
}

void bus_beat_stop(struct bus_redis *b) {
    wheel_cancel(&b->beat);
}

void bus_beat_fini(struct bus_redis *b) {
    buf_fini(&b->marks_read);
    bus_tally_fini(&b->tally);
    bus_heard_fini(&b->marks);
}
