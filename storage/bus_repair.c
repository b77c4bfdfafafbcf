/* The bus after a loss: what the topics of a broken log missed is read from
 * it, page by page, or declared a gap. See bus_redis.h. */
#include <inttypes.h>
#include <stdio.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "storage/bus_parts.h"

static const struct log_ctx log_bus = {"bus", 0};

enum {
    REPLIES = 3, /* the page, what is left of the log, the log's name */
    /* A page that breaks the connection every time, being too large or too
     * slow, is not to be had. Waiting for a server does not count, and a
     * server that comes and goes gets its time: clients who are told to sync
     * would all ask it at once. */
    TRIES = 5,
    PATIENCE_MS = 15000,
};

/* One page of a log being read. */
struct page_call {
    struct resp_call call;
    struct bus_redis *b;
    unsigned log;    /* its number */
    uint64_t losses; /* when it was asked for */
};

/* What was missed while the log was being read. */
static void read_again(struct bus_log *log) {
    if (log->again_ms != 0) {
        log->broken = true; /* the next kick begins */
        log->from = (struct bus_position){log->again_ms, log->epoch};
        log->again_ms = 0;
    }
}

void bus_repair_want(struct bus_redis *b, unsigned partition, uint64_t ms) {
    struct bus_log *log = &b->logs[bus_log_of(b, partition)];

    if (log->reading) {
        if (log->again_ms == 0 || ms < log->again_ms) {
            log->again_ms = ms;
        }
    } else if (!log->broken || ms < log->from.ms) {
        log->broken = true;
        log->from = (struct bus_position){ms, log->epoch};
    }
}

/* The partitions of a log that we have a topic in, as bits. */
static uint64_t concerned(const struct bus_redis *b, unsigned log) {
    uint64_t partitions = 0;
    const struct bus_sub *s;
    size_t at = 0;

    while ((s = map_next(&b->subs, &at)) != NULL) {
        unsigned p = topic_partition(s->topic);

        partitions |= (uint64_t)(bus_log_of(b, p) == log) << p;
    }
    return partitions;
}

static void tell_gap(struct bus_redis *b, unsigned log) {
    uint64_t partitions = concerned(b, log);
    unsigned count = (unsigned)__builtin_popcountll(partitions);

    b->stats.gaps += count;
    log_warn(&log_bus, "bus_gap", "log=%u partitions=%u", log, count);
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        if ((partitions >> p & 1) != 0) {
            b->base.events->on_gap(b->base.owner, p);
        }
    }
}

static void end_repair(struct bus_redis *b, unsigned number, bool whole) {
    struct bus_log *log = &b->logs[number];

    log->broken = false;
    log->reading = false;
    log->tries = 0;
    if (whole) {
        b->stats.repairs++;
        read_again(log);
    } else {
        log->again_ms = 0;
        log->epoch = 0; /* it may be another log now */
        tell_gap(b, number);
    }
}

static void take_message(void *ctx, struct topic topic, struct slice payload) {
    struct bus_redis *b = ctx;

    b->stats.replayed += bus_subs_deliver(b, topic, payload, true);
}

/* Hands on what the page holds and moves `at`. False: not a page. */
static bool take_page(struct bus_redis *b, struct bus_log *log,
                      const struct resp *page) {
    for (size_t i = 0; i < page->count; i++) {
        struct replay_entry e;

        if (!replay_entry_parse(&page->items[i], &e) ||
            !replay_id_after(e.id, log->at) ||
            replay_read(e.messages, take_message, b) != RC_OK) {
            return false;
        }
        log->at = e.id;
    }
    return true;
}

/* Was the page all there was to read after `at`? The answers came after the
 * page was read: entries trimmed in between are taken for missed. */
static bool page_whole(const struct bus_log *log, const struct resp *replies) {
    uint64_t epoch;

    return replies[0].type == RESP_ARRAY &&
           replay_state(&replies[1], log->at) == REPLAY_WHOLE &&
           resp_u64(&replies[2], &epoch) && epoch == log->from.epoch;
}

static void read_page(struct bus_redis *b, unsigned number);

/* Refused for now, or, as half of a slot that moves, elsewhere. */
static bool page_refused(struct bus_redis *b, const struct resp *replies) {
    bool refused = false;

    for (size_t i = 0; i < REPLIES; i++) {
        refused |= resp_rc(&replies[i]) == RC_AGAIN;
        refused |= redis_nodes_hear(b->nodes, &replies[i]);
    }
    return refused;
}

static bool out_of_patience(const struct bus_redis *b,
                            const struct bus_log *log) {
    return log->tries >= TRIES &&
           b->loop->clock.mono_ms - log->begun_ms >= PATIENCE_MS;
}

static void on_page(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct page_call *c = CONTAINER_OF(call, struct page_call, call);
    struct bus_redis *b = c->b;
    unsigned number = c->log;
    struct bus_log *log = &b->logs[number];
    bool current = c->losses == log->losses;

    mem_free(c);
    if (!current) {
        return; /* lost again meanwhile: it is read anew */
    }
    log->tries += rc == RC_TIMEOUT || rc == RC_BACKEND;
    if (!out_of_patience(b, log) && (rc != RC_OK || page_refused(b, replies))) {
        log->reading = false; /* the next kick tries again */
    } else if (rc != RC_OK || !page_whole(log, replies) ||
               !take_page(b, log, &replies[0])) {
        end_repair(b, number, false);
    } else if (replies[0].count < BUS_REPLAY_PAGE) {
        end_repair(b, number, true);
    } else {
        read_page(b, number);
    }
}

static void read_page(struct bus_redis *b, unsigned number) {
    const struct bus_log *log = &b->logs[number];
    const struct replay_id at = log->at;
    struct page_call *c = mem_new(sizeof(*c));
    const char *key = log->key;
    char from[2 * TOPIC_TEXT_MAX];
    char most[TOPIC_TEXT_MAX];
    struct buf *out;

    c->b = b;
    c->log = number;
    c->losses = log->losses;
    out = resp_conn_begin(redis_nodes_conn(b->nodes, slice_str(key)), &c->call,
                          on_page, REPLIES);
    if (out == NULL) {
        return;
    }
    snprintf(from, sizeof(from), "(%" PRIu64 "-%" PRIu64, at.ms, at.seq);
    snprintf(most, sizeof(most), "%d", BUS_REPLAY_PAGE);
    resp_command(out,
                 (struct slice[]){SLICE_LIT("XRANGE"), slice_str(key),
                                  slice_str(from), SLICE_LIT("+"),
                                  SLICE_LIT("COUNT"), slice_str(most)},
                 6);
    resp_command(out,
                 (struct slice[]){SLICE_LIT("XINFO"), SLICE_LIT("STREAM"),
                                  slice_str(key)},
                 3);
    resp_command(
        out, (struct slice[]){SLICE_LIT("GET"), slice_str(log->epoch_key)}, 2);
}

static void start_repair(struct bus_redis *b, unsigned number) {
    struct bus_log *log = &b->logs[number];

    if (planted(PLANT_NO_REPAIR)) {
        end_repair(b, number, true);
        return;
    }
    if (log->from.ms <= BUS_MARGIN_MS) {
        end_repair(b, number, false); /* lost before the first position */
        return;
    }
    if (log->tries == 0) {
        log->begun_ms = b->loop->clock.mono_ms;
    }
    log->reading = true;
    log->at = (struct replay_id){log->from.ms - BUS_MARGIN_MS, 0};
    read_page(b, number);
}

void bus_repair_kick(struct bus_redis *b) {
    for (unsigned i = 0; i < TOPIC_PARTITIONS; i++) {
        const struct bus_log *log = &b->logs[i];

        if (log->broken && !log->reading && log->absent == 0 &&
            bus_part_ready(b, i)) {
            start_repair(b, i);
        }
    }
}
