#include "storage/bus_marks.h"

#include "proto/base/hash.h"
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
    buf_init(&t->bytes);
    t->lost = false;
}

void bus_tally_fini(struct bus_tally *t) {
    buf_fini(&t->bytes);
}

/* Nobody took it for long. */
static bool full(const struct bus_tally *t) {
    return t->bytes.n > 2 * (size_t)BUS_TALLY_MAX;
}

void bus_tally_add(struct bus_tally *t, uint64_t mark, uint64_t at_ms,
                   const uint64_t *keys, size_t count) {
    if (full(t) || count > UINT16_MAX) {
        t->lost = true;
        return;
    }
    writer_u64(&t->bytes, mark);
    writer_u32(&t->bytes, (uint32_t)at_ms);
    writer_u16(&t->bytes, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        writer_u64(&t->bytes, keys[i]);
    }
}

void bus_tally_join(struct bus_tally *t, const struct bus_tally *from) {
    t->lost |= from->lost;
    if (from->bytes.n == 0) {
        return;
    }
    if (full(t)) {
        t->lost = true;
        return;
    }
    buf_add(&t->bytes, buf_slice(&from->bytes));
}

bool bus_tally_take(struct bus_tally *t, uint64_t now_ms, struct buf *out) {
    if (t->bytes.n == 0 && !t->lost) {
        return false;
    }
    writer_u8(out, t->lost ? TALLY_LOST : 0);
    writer_u32(out, (uint32_t)now_ms);
    buf_add(out, buf_slice(&t->bytes));
    buf_clear(&t->bytes);
    t->lost = false;
    return true;
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
