/* The heartbeat of the bus: which moment everything before was heard, of each
 * server, and whether something that was published did not come. First the
 * server of the marks is asked, then the others; when all have answered, what
 * the marks know of has come, or was lost. See bus_redis.h. */
#include <inttypes.h>
#include <stdio.h>

#include "proto/base/log.h"
#include "proto/base/plant.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"
#include "storage/bus_parts.h"

static const struct log_ctx log_bus = {"bus", 0};

enum {
    NAME_REPLIES = 2, /* of each log whose name is not known */
    ENTRIES_MAX = 64, /* of the marks, at once */
    MARKS_KEEP_MS = 60000 /* what nobody has read by then, nobody will */,
    /* A tally that never arrived, of a process that does not say since when,
     * was about so much time at the most. */
    TALLY_LOST_MS = 10000,
    PEER_SILENT_MS = 3000, /* six tallies that did not come */
};

/* The comparison of one entry. */
struct comparison {
    struct bus_redis *b;
    uint64_t written_mono_ms; /* on our own clock, about */
    uint64_t lost_ago_ms;     /* 0: not told */
};

/* What we published. */

static void on_tally_written(struct resp_call *call, enum rc rc,
                             const struct resp *replies) {
    struct bus_redis *b = CONTAINER_OF(call, struct bus_redis, tally_call);

    if (rc != RC_OK || resp_rc(&replies[0]) != RC_OK) {
        if (!b->resting) {
            bus_tally_lose(&b->tally, b->tally.taken_ms);
        }
        b->resting = false; /* the next one says so */
    }
    if (rc == RC_OK) {
        redis_nodes_hear(b->nodes, &replies[0]);
    }
}

static void on_alive_written(struct resp_call *call, enum rc rc,
                             const struct resp *replies) {
    (void)call;
    (void)rc; /* the tally will say it again */
    (void)replies;
}

/* One entry; `call` is not on its way. */
static void write_entry(struct bus_redis *b, struct resp_call *call,
                        resp_done_fn done, struct slice entry) {
    uint64_t keep_ms =
        b->marks_ms > MARKS_KEEP_MS ? b->marks_ms - MARKS_KEEP_MS : 0;
    char oldest[TOPIC_TEXT_MAX];

    snprintf(oldest, sizeof(oldest), "%" PRIu64, keep_ms);
    resp_conn_send(
        redis_nodes_conn(b->nodes, SLICE_LIT(BUS_MARKS_KEY)), call, done,
        (struct slice[]){SLICE_LIT("XADD"), SLICE_LIT(BUS_MARKS_KEY),
                         SLICE_LIT("MINID"), SLICE_LIT("~"), slice_str(oldest),
                         SLICE_LIT("*"), SLICE_LIT("d"), entry},
        8);
}

static bool may_write(const struct bus_redis *b, const struct resp_call *call) {
    return !list_linked(&call->node) &&
           resp_conn_ready(
               redis_nodes_conn(b->nodes, SLICE_LIT(BUS_MARKS_KEY)));
}

void bus_beat_alive(struct bus_redis *b) {
    struct buf entry;

    if (!b->resting || !may_write(b, &b->alive_call)) {
        return;
    }
    b->resting = false;
    buf_init(&entry);
    bus_note_add(&entry, BUS_NOTE_ALIVE, b->process, b->loop->clock.mono_ms);
    write_entry(b, &b->alive_call, on_alive_written, buf_slice(&entry));
    buf_fini(&entry);
}

/* What is published while this leaves is in the next one; so we rest only when
 * nothing is on its way. */
void bus_beat_tally(struct bus_redis *b) {
    uint64_t now_ms = b->loop->clock.mono_ms;
    bool told;
    struct buf entry;

    if (!may_write(b, &b->tally_call)) {
        return;
    }
    buf_init(&entry);
    told = bus_tally_take(&b->tally, now_ms, &entry);
    if (told || (!b->resting && bus_publish_idle(b))) {
        bus_note_add(&entry, told ? BUS_NOTE_ALIVE : BUS_NOTE_RESTS, b->process,
                     now_ms);
        b->resting = !told;
        write_entry(b, &b->tally_call, on_tally_written, buf_slice(&entry));
    }
    buf_fini(&entry);
}

/* What everybody published. */

/* The partition lacks what was published at a time of our own clock. */
static void want(struct bus_redis *b, unsigned partition, uint64_t mono_ms) {
    const struct bus_shard *s = b->parts[partition].shard;

    if (s != NULL && s->coming_ms != 0) {
        bus_repair_want(b, partition,
                        s->coming_ms + mono_ms - s->coming_mono_ms);
    }
}

static void want_all(struct bus_redis *b, uint64_t mono_ms) {
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        want(b, p, mono_ms);
    }
}

static void take_note(struct comparison *c, uint64_t note, uint64_t value,
                      uint32_t ago_ms) {
    struct bus_peers *peers = &c->b->peers;

    if (note == BUS_NOTE_ALIVE && value != c->b->process) {
        bus_peers_alive(peers, value, c->written_mono_ms);
    } else if (note == BUS_NOTE_RESTS) {
        bus_peers_rests(peers, value);
    } else if (note == BUS_NOTE_LOST) {
        c->lost_ago_ms = ago_ms;
    }
}

/* Was it for a topic that we listened to by then, and did it not come? */
static void compare(void *ctx, uint64_t key, uint64_t mark, uint32_t ago_ms) {
    struct comparison *c = ctx;
    struct bus_redis *b = c->b;
    const struct bus_sub *s = map_get(&b->subs, key);
    uint64_t at_ms = c->written_mono_ms - ago_ms;

    if (bus_note_key(key)) {
        take_note(c, key, mark, ago_ms);
        return;
    }

    if (s == NULL || s->state != BUS_SUB_LIVE || planted(PLANT_NO_HEAD_CHECK) ||
        bus_heard_has(&b->marks, key, mark)) {
        return;
    }
    if ((int64_t)(at_ms - s->live_ms) < 0) {
        return; /* whoever asked for the topic has read the history since */
    }
    b->stats.missed++;
    want(b, topic_partition(s->topic), at_ms);
}

static void compare_entry(struct bus_redis *b, struct slice entry,
                          uint64_t written_ms) {
    struct comparison c = {
        .b = b,
        .written_mono_ms = written_ms - b->marks_ms + b->marks_mono_ms,
    };
    bool lost = false;

    if (bus_tally_read(entry, &lost, compare, &c) != RC_OK) {
        log_error(&log_bus, "bus_bad_marks", "bytes=%zu", entry.n);
        lost = true;
    }
    if (lost) {
        want_all(b, c.written_mono_ms -
                        (c.lost_ago_ms > 0 ? c.lost_ago_ms : TALLY_LOST_MS));
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

void bus_beat_marks_moved(struct bus_redis *b) {
    b->marks_at.ms = UINT64_MAX;
    b->marks_fresh = false;
    if (b->compared_mono_ms != 0) {
        want_all(b, b->compared_mono_ms);
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
        b->marks_to = (struct replay_id){b->marks_ms, 0}; /* from now on */
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!take_entry(b, &list->items[i])) {
            return false;
        }
    }
    b->marks_count = list->count;
    return true;
}

/* What a process has published since it last told nobody will tell: it is
 * looked for once, in all logs. */
static void miss_the_silent(struct bus_redis *b) {
    uint64_t since_ms;

    while (bus_peers_silent(&b->peers, b->marks_mono_ms - PEER_SILENT_MS,
                            &since_ms)) {
        log_warn(&log_bus, "bus_peer_silent", "ms=%" PRIu64,
                 b->marks_mono_ms - since_ms);
        want_all(b, since_ms);
    }
}

/* Entries behind these may be trimmed before we come to them: everything since
 * then is looked for, and the reading goes on from now. */
static bool give_up_marks(struct bus_redis *b) {
    uint64_t at_ms = b->marks_to.ms;

    if (b->marks_count < ENTRIES_MAX || at_ms > b->marks_ms ||
        !bus_marks_late(b->marks_ms - at_ms, MARKS_KEEP_MS)) {
        return false;
    }
    log_warn(&log_bus, "bus_marks_late", "ms=%" PRIu64, b->marks_ms - at_ms);
    want_all(b, at_ms - b->marks_ms + b->marks_mono_ms);
    b->marks_at = (struct replay_id){b->marks_ms, 0};
    return true;
}

/* All have. */
static void beat_end(struct bus_redis *b) {
    if (!b->marks_fresh) {
        return;
    }
    b->marks_fresh = false;
    if (b->compared_mono_ms != 0 &&
        b->marks_mono_ms > b->compared_mono_ms + MARKS_KEEP_MS / 2) {
        want_all(b, b->compared_mono_ms); /* some marks may be gone */
    }
    b->compared_mono_ms = b->marks_mono_ms;
    compare_entries(b);
    if (give_up_marks(b) || b->marks_count < ENTRIES_MAX) {
        miss_the_silent(b);
    } else {
        bus_beat(b); /* there are more */
    }
}

/* One server has answered, or could not. */
static void shard_done(struct bus_shard *s) {
    s->beating = false;
    s->b->beating--;
    if (s->b->beating == 0) {
        beat_end(s->b);
    }
}

/* The position. */

static void on_pong(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct bus_shard *s = CONTAINER_OF(call, struct bus_shard, beat_call);

    (void)replies;
    if (rc == RC_OK) {
        s->heard_ms = s->coming_ms;
    }
    shard_done(s);
}

static bool take_time(struct bus_shard *s, const struct resp *r) {
    uint64_t seconds;
    uint64_t micros;

    if (!resp_has(r, 2) || !resp_u64(&r->items[0], &seconds) ||
        !resp_u64(&r->items[1], &micros)) {
        return false;
    }
    s->coming_ms = seconds * 1000 + micros / 1000;
    s->coming_mono_ms = s->b->loop->clock.mono_ms;
    return true;
}

static void take_names(struct bus_shard *s, const struct resp *replies) {
    for (size_t i = 0; i < s->asked_count; i++) {
        unsigned log = s->asked[i];
        uint64_t epoch;

        if (s->b->parts[log].shard == s &&
            resp_u64(&replies[NAME_REPLIES * i + 1], &epoch)) {
            s->b->logs[log].epoch = epoch;
        }
    }
}

static bool take_marks(struct bus_shard *s, const struct resp *list) {
    struct bus_redis *b = s->b;

    b->marks_ms = s->coming_ms;
    b->marks_mono_ms = s->coming_mono_ms;
    redis_nodes_hear(b->nodes, list);
    return take_entries(b, list);
}

static void ask_shard(struct bus_shard *s, bool marks);

/* Every server that has a partition and is up. */
static void ask_others(struct bus_redis *b) {
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        struct bus_shard *s = b->parts[p].shard;

        if (s != NULL && !s->beating && bus_shard_ready(s)) {
            ask_shard(s, false);
        }
    }
}

/* Whatever was published before this moment was on its way to the subscriber
 * connection before the ping, and is there before the ping's answer. */
static void on_time(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct bus_shard *s = CONTAINER_OF(call, struct bus_shard, beat_call);
    bool ok = rc == RC_OK && take_time(s, &replies[0]) && s->sub != NULL;

    if (ok) {
        take_names(s, replies + call->want - NAME_REPLIES * s->asked_count);
    }
    if (s->asked_marks) {
        s->b->marks_fresh = ok && take_marks(s, &replies[1]);
        ask_others(s->b);
    }
    if (ok) {
        resp_conn_send(s->sub, &s->beat_call, on_pong, &SLICE_LIT("PING"), 1);
    } else {
        shard_done(s);
    }
}

/* Names the logs that have no name yet, and asks for their names. */
static void put_names(const struct bus_shard *s, struct buf *out) {
    char name[TOPIC_TEXT_MAX];

    for (size_t i = 0; i < s->asked_count; i++) {
        struct slice key = slice_str(s->b->logs[s->asked[i]].epoch_key);

        snprintf(name, sizeof(name), "%" PRIu64,
                 rand_u64(&s->b->loop->rand) >> 11 | 1);
        resp_command(out,
                     (struct slice[]){SLICE_LIT("SET"), key, slice_str(name),
                                      SLICE_LIT("NX")},
                     4);
        resp_command(out, (struct slice[]){SLICE_LIT("GET"), key}, 2);
    }
}

static void put_marks(const struct bus_redis *b, struct buf *out) {
    char from[2 * TOPIC_TEXT_MAX];
    char most[TOPIC_TEXT_MAX];

    snprintf(from, sizeof(from), "(%" PRIu64 "-%" PRIu64, b->marks_at.ms,
             b->marks_at.seq);
    snprintf(most, sizeof(most), "%d", ENTRIES_MAX);
    resp_command(out,
                 (struct slice[]){SLICE_LIT("XRANGE"), SLICE_LIT(BUS_MARKS_KEY),
                                  slice_str(from), SLICE_LIT("+"),
                                  SLICE_LIT("COUNT"), slice_str(most)},
                 6);
}

static void ask_shard(struct bus_shard *s, bool marks) {
    struct bus_redis *b = s->b;
    uint32_t want = marks ? 2 : 1; /* the time, the marks */
    struct buf *out;

    s->asked_marks = marks;
    s->asked_count = 0;
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        if (b->parts[p].shard == s && bus_log_of(b, p) == p &&
            b->logs[p].epoch == 0) {
            s->asked[s->asked_count++] = (uint8_t)p;
            want += NAME_REPLIES;
        }
    }
    s->beating = true;
    b->beating++;
    out = resp_conn_begin(s->server->conn, &s->beat_call, on_time, want);
    if (out == NULL) {
        return;
    }
    resp_command(out, &SLICE_LIT("TIME"), 1);
    if (marks) {
        put_marks(b, out);
    }
    put_names(s, out);
}

void bus_beat(struct bus_redis *b) {
    struct bus_shard *marks = b->parts[0].shard;

    if (b->beating > 0) {
        return;
    }
    if (marks != NULL && bus_shard_ready(marks)) {
        ask_shard(marks, true);
    } else {
        ask_others(b);
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
    list_init(&b->tally_call.node);
    buf_init(&b->marks_read);
    list_init(&b->alive_call.node);
    b->process = rand_u64(&b->loop->rand) | 1;
    b->resting = true;
    bus_peers_init(&b->peers);
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
    bus_peers_fini(&b->peers);
    bus_heard_fini(&b->marks);
}
