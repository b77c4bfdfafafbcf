/* Any bytes: what decodes encodes to the same bytes again. And any message
 * of ours, made from the same bytes, decodes to what it was. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/bus_msg.h"
#include "proto/wire/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct bus_msg *m) {
    if (m->kind == BUS_PRESENCE_REPORT) {
        for (uint16_t i = 0; i < m->u.report.count; i++) {
            assert(presence_item_at(m->u.report.items, i).user.v != 0);
        }
    } else if (m->kind == BUS_PRESENCE_QUERY) {
        for (uint16_t i = 0; i < m->u.query.count; i++) {
            assert(presence_user_at(m->u.query.users, i).v != 0);
        }
    } else if (m->kind == BUS_PRESENCE_ANSWER) {
        for (uint16_t i = 0; i < m->u.answer.count; i++) {
            assert(presence_known_at(m->u.answer.known, i).user.v != 0);
        }
    }
}

static void check_decode(struct slice in) {
    struct bus_msg m;
    struct buf again;

    if (bus_msg_decode(in, &m) != RC_OK) {
        return;
    }
    walk(&m);
    buf_init(&again);
    bus_msg_encode(&again, &m);
    assert(slice_eq(buf_slice(&again), in));
    buf_fini(&again);
}

/* A report whose fields come from the input. */
static void check_report(struct slice in) {
    struct bus_msg m = {.kind = BUS_PRESENCE_REPORT};
    struct bus_presence_report *e = &m.u.report;
    struct bus_msg read;
    struct reader r;
    struct buf items;
    struct buf b;
    uint8_t flags;

    buf_init(&items);
    buf_init(&b);
    reader_init(&r, in);
    e->gateway.v = 1 + (uint64_t)reader_u32(&r);
    e->partition = reader_u8(&r) % PRESENCE_PARTITIONS;
    e->number = 1 + (uint64_t)reader_u32(&r);
    flags = reader_u8(&r);
    e->snapshot = (flags & 1) != 0;
    e->first = e->snapshot && (flags & 2) != 0;
    e->last = e->snapshot && (flags & 4) != 0;
    e->leaving = (flags & 8) != 0;
    while (!r.bad && e->count < BUS_MSG_USERS_MAX) {
        struct presence_item item = {{1 + (uint64_t)reader_u32(&r)},
                                     reader_u16(&r)};

        presence_item_put(&items, item);
        e->count++;
    }
    e->items = buf_slice(&items);
    bus_msg_encode(&b, &m);
    assert(bus_msg_decode(buf_slice(&b), &read) == RC_OK);
    assert(read.u.report.number == e->number);
    assert(read.u.report.leaving == e->leaving);
    assert(slice_eq(read.u.report.items, e->items));
    buf_fini(&items);
    buf_fini(&b);
}

static void check_event(struct slice in) {
    struct bus_msg m = {.kind = BUS_EVENT};
    struct bus_msg read;
    struct reader r;
    struct buf b;

    reader_init(&r, in);
    m.u.event.conv.v = 1 + (uint64_t)reader_u32(&r);
    m.u.event.seq.v = 1 + (uint64_t)reader_u32(&r);
    m.u.event.mver.v = reader_u64(&r);
    m.u.event.from.v = reader_u32(&r);
    m.u.event.client = r.rest;
    if (r.rest.n > BUS_MSG_BYTES_MAX / 2) {
        return;
    }
    buf_init(&b);
    bus_msg_encode(&b, &m);
    assert(bus_msg_decode(buf_slice(&b), &read) == RC_OK);
    assert(read.u.event.seq.v == m.u.event.seq.v);
    assert(read.u.event.mver.v == m.u.event.mver.v);
    assert(slice_eq(read.u.event.client, m.u.event.client));
    buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice in = slice_of(data, size);

    check_decode(in);
    check_report(in);
    check_event(in);
    return 0;
}
