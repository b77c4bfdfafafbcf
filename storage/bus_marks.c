#include "storage/bus_marks.h"

#include "proto/base/hash.h"
#include "proto/base/plant.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

enum {
    /* What a message begins with names it: kind, conversation, seq. */
    MARKED_BYTES = 64,
    TALLY_LOST = 1, /* a flag of an entry */
};

uint64_t bus_mark(struct slice msg) {
    uint64_t hash = hash_fnv1a(
        slice_take(msg, msg.n < MARKED_BYTES ? msg.n : MARKED_BYTES));

    return hash ^ (uint64_t)msg.n * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- what was heard ---- */

static uint64_t mix(uint64_t key, uint64_t mark) {
    return mark ^ key * UINT64_C(0xff51afd7ed558ccd);
}

void bus_heard_init(struct bus_heard *h) {
    map_init(&h->now);
    map_init(&h->before);
    h->since_ms = 0;
}

void bus_heard_fini(struct bus_heard *h) {
    map_fini(&h->now);
    map_fini(&h->before);
}

void bus_heard_add(struct bus_heard *h, uint64_t key, uint64_t mark,
                   uint64_t now_ms) {
    if (h->now.count >= BUS_HEARD_MAX || now_ms - h->since_ms > BUS_HEARD_MS) {
        map_fini(&h->before);
        h->before = h->now;
        map_init(&h->now);
        h->since_ms = now_ms;
    }
    map_put(&h->now, mix(key, mark), h);
}

bool bus_heard_has(const struct bus_heard *h, uint64_t key, uint64_t mark) {
    return map_get(&h->now, mix(key, mark)) != NULL ||
           map_get(&h->before, mix(key, mark)) != NULL;
}

/* ---- what was published ---- */

/*   entry    flags u8, now u32, then messages
 *   message  mark u64, at u32, topics u16, then a key u64 for each
 * Times are the low half of the writer's own clock. */

void bus_tally_init(struct bus_tally *t) {
    *t = (struct bus_tally){.lost = false};
    buf_init(&t->bytes);
}

void bus_tally_fini(struct bus_tally *t) {
    buf_fini(&t->bytes);
}

static void put_message(struct buf *out, uint64_t mark, uint64_t at_ms,
                        const uint64_t *keys, size_t count) {
    writer_u64(out, mark);
    writer_u32(out, (uint32_t)at_ms);
    writer_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        writer_u64(out, keys[i]);
    }
}

void bus_tally_lose(struct bus_tally *t, uint64_t since_ms) {
    if (!t->lost || since_ms < t->lost_ms) {
        t->lost_ms = since_ms;
    }
    t->lost = true;
}

/* Nobody took it for long. */
static bool full(const struct bus_tally *t) {
    return t->bytes.n > 2 * (size_t)BUS_TALLY_MAX;
}

void bus_tally_add(struct bus_tally *t, uint64_t mark, uint64_t at_ms,
                   const uint64_t *keys, size_t count) {
    if (full(t) || count > UINT16_MAX) {
        bus_tally_lose(t, at_ms);
        return;
    }
    if (t->bytes.n == 0) {
        t->first_ms = at_ms;
    }
    put_message(&t->bytes, mark, at_ms, keys, count);
}

void bus_tally_join(struct bus_tally *t, const struct bus_tally *from) {
    if (from->lost) {
        bus_tally_lose(t, from->lost_ms);
    }
    if (from->bytes.n == 0) {
        return;
    }
    if (full(t)) {
        bus_tally_lose(t, from->first_ms);
        return;
    }
    if (t->bytes.n == 0 || from->first_ms < t->first_ms) {
        t->first_ms = from->first_ms;
    }
    buf_add(&t->bytes, buf_slice(&from->bytes));
}

static void put_head(struct buf *out, bool lost, uint64_t now_ms) {
    writer_u8(out, lost ? TALLY_LOST : 0);
    writer_u32(out, (uint32_t)now_ms);
}

bool bus_tally_take(struct bus_tally *t, uint64_t now_ms, struct buf *out) {
    if (t->bytes.n == 0 && !t->lost) {
        return false;
    }
    put_head(out, t->lost, now_ms);
    t->taken_ms = t->bytes.n == 0 ? now_ms : t->first_ms;
    if (t->lost && t->lost_ms < t->taken_ms) {
        t->taken_ms = t->lost_ms;
    }
    if (t->lost && !planted(PLANT_LOSS_LOOKS_SHORT)) {
        bus_note_add(out, BUS_NOTE_LOST, 0, t->lost_ms);
    }
    buf_add(out, buf_slice(&t->bytes));
    buf_clear(&t->bytes);
    t->lost = false;
    return true;
}

void bus_note_add(struct buf *out, enum bus_note note, uint64_t value,
                  uint64_t now_ms) {
    const uint64_t key = note;

    if (out->n == 0) {
        put_head(out, false, now_ms);
    }
    put_message(out, value, now_ms, &key, 1);
}

/* The low bits of a topic's key are its kind, and there is no such kind. */
bool bus_note_key(uint64_t key) {
    return key % 8 == 7;
}

/* In time is who has as long again to come to the end. */
bool bus_marks_late(uint64_t behind_ms, uint64_t keep_ms) {
    return behind_ms > keep_ms / 2;
}

static void read_message(struct reader *r, uint32_t now, bus_tally_fn each,
                         void *ctx) {
    uint64_t mark = reader_u64(r);
    uint32_t at = reader_u32(r);
    uint16_t count = reader_u16(r);

    for (uint16_t i = 0; i < count; i++) {
        uint64_t key = reader_u64(r);

        if (r->bad) {
            return;
        }
        each(ctx, key, mark, now - at);
    }
}

enum rc bus_tally_read(struct slice entry, bool *lost, bus_tally_fn each,
                       void *ctx) {
    struct reader r;
    uint32_t now;

    reader_init(&r, entry);
    *lost = (reader_u8(&r) & TALLY_LOST) != 0;
    now = reader_u32(&r);
    while (!r.bad && r.rest.n > 0) {
        read_message(&r, now, each, ctx);
    }
    return reader_done(&r) ? RC_OK : RC_BAD_INPUT;
}
