/* The bus after a loss: what a broken partition's topics missed is read from
 * its replay log, page by page, or declared a gap. See bus_redis.h. */
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

/* One page of one partition's log being read. */
struct page_call {
    struct resp_call call;
    struct bus_redis *b;
    unsigned partition;
    uint64_t losses; /* when it was asked for */
};

/* What was missed while the log was being read. */
static void read_again(struct bus_part *part) {
    if (part->again_ms != 0) {
        part->broken = true; /* the next kick begins */
        part->from = (struct bus_position){part->again_ms, part->epoch};
        part->again_ms = 0;
    }
}

void bus_repair_want(struct bus_redis *b, unsigned partition, uint64_t ms) {
    struct bus_part *part = &b->parts[partition];

    if (part->reading) {
        if (part->again_ms == 0 || ms < part->again_ms) {
            part->again_ms = ms;
        }
    } else if (!part->broken || ms < part->from.ms) {
        part->broken = true;
        part->from = (struct bus_position){ms, part->epoch};
    }
}

static void end_repair(struct bus_redis *b, unsigned partition, bool whole) {
    struct bus_part *part = &b->parts[partition];

    part->broken = false;
    part->reading = false;
    part->tries = 0;
    if (whole) {
        b->stats.repairs++;
        read_again(part);
    } else {
        part->again_ms = 0;
        part->epoch = 0; /* it may be another log now */
        b->stats.gaps++;
        log_warn(&log_bus, "bus_gap", "partition=%u", partition);
        b->base.events->on_gap(b->base.owner, partition);
    }
}

/* Hands on what the page holds and moves `at`. False: not a page. */
static bool take_page(struct bus_redis *b, struct bus_part *part,
                      const struct resp *page) {
    for (size_t i = 0; i < page->count; i++) {
        struct replay_entry e;

        if (!replay_entry_parse(&page->items[i], &e) ||
            !replay_id_after(e.id, part->at)) {
            return false;
        }
        part->at = e.id;
        for (size_t k = 0; k < e.count; k++) {
            struct replay_message m = replay_entry_at(&e, k);

            b->stats.replayed +=
                bus_subs_deliver(b, m.channel, m.payload, true);
        }
    }
    return true;
}

/* Was the page all there was to read after `at`? The answers came after the
 * page was read: entries trimmed in between are taken for missed. */
static bool page_whole(const struct bus_part *part,
                       const struct resp *replies) {
    uint64_t epoch;

    return replies[0].type == RESP_ARRAY &&
           replay_state(&replies[1], part->at) == REPLAY_WHOLE &&
           resp_u64(&replies[2], &epoch) && epoch == part->from.epoch;
}

static void read_page(struct bus_redis *b, unsigned partition);

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
                            const struct bus_part *part) {
    return part->tries >= TRIES &&
           b->loop->clock.mono_ms - part->begun_ms >= PATIENCE_MS;
}

static void on_page(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct page_call *c = CONTAINER_OF(call, struct page_call, call);
    struct bus_redis *b = c->b;
    unsigned p = c->partition;
    struct bus_part *part = &b->parts[p];
    bool current = c->losses == part->losses;

    mem_free(c);
    if (!current) {
        return; /* lost again meanwhile: it is read anew */
    }
    part->tries += rc == RC_TIMEOUT || rc == RC_BACKEND;
    if (!out_of_patience(b, part) &&
        (rc != RC_OK || page_refused(b, replies))) {
        part->reading = false; /* the next kick tries again */
    } else if (rc != RC_OK || !page_whole(part, replies) ||
               !take_page(b, part, &replies[0])) {
        end_repair(b, p, false);
    } else if (replies[0].count < BUS_REPLAY_PAGE) {
        end_repair(b, p, true);
    } else {
        read_page(b, p);
    }
}

static void read_page(struct bus_redis *b, unsigned partition) {
    const struct replay_id at = b->parts[partition].at;
    struct page_call *c = mem_new(sizeof(*c));
    const char *key = b->parts[partition].log_key;
    char from[2 * TOPIC_TEXT_MAX];
    char most[TOPIC_TEXT_MAX];
    struct buf *out;

    c->b = b;
    c->partition = partition;
    c->losses = b->parts[partition].losses;
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
    resp_command(out,
                 (struct slice[]){SLICE_LIT("GET"),
                                  slice_str(b->parts[partition].epoch_key)},
                 2);
}

static void start_repair(struct bus_redis *b, unsigned partition) {
    struct bus_part *part = &b->parts[partition];

    if (planted(PLANT_NO_REPAIR)) {
        end_repair(b, partition, true);
        return;
    }
    if (part->from.ms <= BUS_MARGIN_MS) {
        end_repair(b, partition, false); /* lost before the first position */
        return;
    }
    if (part->tries == 0) {
        part->begun_ms = b->loop->clock.mono_ms;
    }
    part->reading = true;
    part->at = (struct replay_id){part->from.ms - BUS_MARGIN_MS, 0};
    read_page(b, partition);
}

void bus_repair_kick(struct bus_redis *b) {
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        const struct bus_part *part = &b->parts[p];

        if (part->broken && !part->reading && part->batches == 0 &&
            list_empty(&part->joining) && bus_part_ready(b, p)) {
            start_repair(b, p);
        }
    }
}
