/* The messages between our processes, to bytes and back: one pair of small
 * functions a kind, and a table that chooses among them. */
#include "proto/wire/bus_msg.h"

#include <assert.h>

#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

enum {
    ITEM_BYTES = 8 + 2,
    USER_BYTES = 8,
    KNOWN_BYTES = 8 + 1 + 8,
    FLAG_SNAPSHOT = 1,
    FLAG_FIRST = 2,
    FLAG_LAST = 4,
    FLAG_LEAVING = 8,
    FLAGS_ALL = 15,
};

uint16_t presence_partition(struct user_id user) {
    uint64_t mixed = user.v * UINT64_C(0x9e3779b97f4a7c15);

    return (uint16_t)((mixed >> 32) % PRESENCE_PARTITIONS);
}

/* An id that may be absent: below 2^63. */
static uint64_t get_id_or_none(struct reader *r) {
    uint64_t v = reader_u64(r);

    reader_want(r, v <= INT64_MAX);
    return v;
}

static uint64_t get_id(struct reader *r) {
    uint64_t v = get_id_or_none(r);

    reader_want(r, v != 0);
    return v;
}

static bool get_bool(struct reader *r) {
    uint8_t v = reader_u8(r);

    reader_want(r, v <= 1);
    return v == 1;
}

static void event_put(struct buf *out, const struct bus_msg *m) {
    const struct bus_event *e = &m->u.event;

    writer_u64(out, e->conv.v);
    writer_u64(out, e->seq.v);
    writer_u64(out, e->mver.v);
    writer_u64(out, e->from.v);
    writer_str(out, e->client);
}

static void event_get(struct reader *r, struct bus_msg *m) {
    struct bus_event *e = &m->u.event;

    e->conv.v = get_id(r);
    e->seq.v = get_id(r);
    e->mver.v = reader_u64(r);
    e->from.v = get_id_or_none(r);
    e->client = reader_str(r);
}

static void ephemeral_put(struct buf *out, const struct bus_msg *m) {
    const struct bus_ephemeral *e = &m->u.ephemeral;

    writer_u64(out, e->conv.v);
    writer_u64(out, e->from.v);
    writer_str(out, e->client);
}

static void ephemeral_get(struct reader *r, struct bus_msg *m) {
    struct bus_ephemeral *e = &m->u.ephemeral;

    e->conv.v = get_id_or_none(r);
    e->from.v = get_id_or_none(r);
    e->client = reader_str(r);
}

static void member_put(struct buf *out, const struct bus_msg *m) {
    const struct bus_member *e = &m->u.member;

    writer_u64(out, e->conv.v);
    writer_u64(out, e->user.v);
    writer_u64(out, e->mver.v);
    writer_u64(out, e->seq.v);
    writer_u8(out, (uint8_t)e->change);
    writer_u8(out, e->wide);
}

static void member_get(struct reader *r, struct bus_msg *m) {
    struct bus_member *e = &m->u.member;
    uint8_t change;

    e->conv.v = get_id(r);
    e->user.v = get_id(r);
    e->mver.v = reader_u64(r);
    e->seq.v = get_id_or_none(r);
    change = reader_u8(r);
    reader_want(r, change >= MEMBER_ADDED && change <= MEMBER_SAME);
    e->change = (enum member_change)change;
    e->wide = get_bool(r);
}

static void revoke_put(struct buf *out, const struct bus_msg *m) {
    writer_u64(out, m->u.revoke.user.v);
    writer_u64(out, m->u.revoke.device.v);
}

static void revoke_get(struct reader *r, struct bus_msg *m) {
    m->u.revoke.user.v = get_id(r);
    m->u.revoke.device.v = get_id_or_none(r);
}

static void block_put(struct buf *out, const struct bus_msg *m) {
    writer_u64(out, m->u.block.user.v);
    writer_u64(out, m->u.block.other.v);
}

static void block_get(struct reader *r, struct bus_msg *m) {
    m->u.block.user.v = get_id(r);
    m->u.block.other.v = get_id(r);
}

static void look_put(struct buf *out, const struct bus_msg *m) {
    writer_u64(out, m->u.look.user.v);
}

static void look_get(struct reader *r, struct bus_msg *m) {
    m->u.look.user.v = get_id(r);
}

static uint8_t report_flags(const struct bus_presence_report *e) {
    return (uint8_t)((e->snapshot ? FLAG_SNAPSHOT : 0) |
                     (e->first ? FLAG_FIRST : 0) | (e->last ? FLAG_LAST : 0) |
                     (e->leaving ? FLAG_LEAVING : 0));
}

/* First and last are ends of a snapshot; a plain report has neither. */
static bool flags_ok(uint8_t flags) {
    return flags <= FLAGS_ALL && ((flags & FLAG_SNAPSHOT) != 0 ||
                                  (flags & (FLAG_FIRST | FLAG_LAST)) == 0);
}

static void report_put(struct buf *out, const struct bus_msg *m) {
    const struct bus_presence_report *e = &m->u.report;

    assert(e->items.n == (size_t)e->count * ITEM_BYTES);
    writer_u64(out, e->gateway.v);
    writer_u16(out, e->partition);
    writer_u64(out, e->number);
    writer_u8(out, report_flags(e));
    writer_u16(out, e->count);
    buf_add(out, e->items);
}

/* The count of a repeated part, and its bytes. */
static struct slice get_repeated(struct reader *r, uint16_t *count,
                                 size_t each) {
    *count = reader_u16(r);
    reader_want(r, *count <= BUS_MSG_USERS_MAX);
    return reader_take(r, *count * each);
}

/* Every element of a repeated part begins with a user. */
static void want_users(struct reader *r, struct slice items, size_t each) {
    for (size_t at = 0; at < items.n; at += each) {
        struct reader one;

        reader_init(&one, slice_drop(items, at));
        (void)get_id(&one);
        reader_want(r, !one.bad);
    }
}

static void report_get(struct reader *r, struct bus_msg *m) {
    struct bus_presence_report *e = &m->u.report;
    uint8_t flags;

    e->gateway.v = get_id(r);
    e->partition = reader_u16(r);
    reader_want(r, e->partition < PRESENCE_PARTITIONS);
    e->number = reader_u64(r);
    reader_want(r, e->number != 0);
    flags = reader_u8(r);
    reader_want(r, flags_ok(flags));
    e->snapshot = (flags & FLAG_SNAPSHOT) != 0;
    e->first = (flags & FLAG_FIRST) != 0;
    e->last = (flags & FLAG_LAST) != 0;
    e->leaving = (flags & FLAG_LEAVING) != 0;
    e->items = get_repeated(r, &e->count, ITEM_BYTES);
    want_users(r, e->items, ITEM_BYTES);
}

static void ask_put(struct buf *out, const struct bus_msg *m) {
    writer_u16(out, m->u.ask.partition);
}

static void ask_get(struct reader *r, struct bus_msg *m) {
    m->u.ask.partition = reader_u16(r);
    reader_want(r, m->u.ask.partition < PRESENCE_PARTITIONS);
}

static void query_put(struct buf *out, const struct bus_msg *m) {
    const struct bus_presence_query *e = &m->u.query;

    assert(e->users.n == (size_t)e->count * USER_BYTES);
    writer_u64(out, e->gateway.v);
    writer_u64(out, e->request);
    writer_u16(out, e->count);
    buf_add(out, e->users);
}

static void query_get(struct reader *r, struct bus_msg *m) {
    struct bus_presence_query *e = &m->u.query;

    e->gateway.v = get_id(r);
    e->request = reader_u64(r);
    e->users = get_repeated(r, &e->count, USER_BYTES);
    want_users(r, e->users, USER_BYTES);
}

static void answer_put(struct buf *out, const struct bus_msg *m) {
    const struct bus_presence_answer *e = &m->u.answer;

    assert(e->known.n == (size_t)e->count * KNOWN_BYTES);
    writer_u64(out, e->request);
    writer_u16(out, e->count);
    buf_add(out, e->known);
}

static struct presence_known known_get(struct reader *r) {
    struct presence_known known;
    uint8_t state;

    known.user.v = get_id(r);
    state = reader_u8(r);
    reader_want(r, state <= PRESENCE_AWAY);
    known.state = (enum presence_state)state;
    known.since_ms = reader_u64(r);
    return known;
}

static void answer_get(struct reader *r, struct bus_msg *m) {
    struct bus_presence_answer *e = &m->u.answer;
    struct reader each;

    e->request = reader_u64(r);
    e->known = get_repeated(r, &e->count, KNOWN_BYTES);
    reader_init(&each, e->known);
    while (each.rest.n > 0 && !each.bad) {
        (void)known_get(&each);
    }
    reader_want(r, reader_done(&each));
}

static void seen_put(struct buf *out, const struct bus_msg *m) {
    presence_known_put(out, m->u.seen);
}

static void seen_get(struct reader *r, struct bus_msg *m) {
    m->u.seen = known_get(r);
}

static void claim_put(struct buf *out, const struct bus_msg *m) {
    writer_u64(out, m->u.claim.service);
    writer_u8(out, m->u.claim.ready);
}

static void claim_get(struct reader *r, struct bus_msg *m) {
    m->u.claim.service = reader_u64(r);
    reader_want(r, m->u.claim.service != 0);
    m->u.claim.ready = get_bool(r);
}

static const struct codec {
    void (*put)(struct buf *out, const struct bus_msg *m);
    void (*get)(struct reader *r, struct bus_msg *m);
} codecs[] = {
    [BUS_EVENT] = {event_put, event_get},
    [BUS_EPHEMERAL] = {ephemeral_put, ephemeral_get},
    [BUS_MEMBER] = {member_put, member_get},
    [BUS_REVOKE] = {revoke_put, revoke_get},
    [BUS_PRESENCE_REPORT] = {report_put, report_get},
    [BUS_PRESENCE_ASK] = {ask_put, ask_get},
    [BUS_PRESENCE_QUERY] = {query_put, query_get},
    [BUS_PRESENCE_ANSWER] = {answer_put, answer_get},
    [BUS_PRESENCE_SEEN] = {seen_put, seen_get},
    [BUS_PRESENCE_CLAIM] = {claim_put, claim_get},
    [BUS_BLOCK] = {block_put, block_get},
    [BUS_LOOK] = {look_put, look_get},
};

void bus_msg_encode(struct buf *out, const struct bus_msg *msg) {
    writer_u8(out, BUS_MSG_VERSION);
    writer_u8(out, (uint8_t)msg->kind);
    codecs[msg->kind].put(out, msg);
}

enum rc bus_msg_decode(struct slice in, struct bus_msg *out) {
    struct bus_msg m = {0};
    struct reader r;
    uint8_t kind;

    if (in.n > BUS_MSG_BYTES_MAX) {
        return RC_BAD_INPUT;
    }
    reader_init(&r, in);
    reader_want(&r, reader_u8(&r) == BUS_MSG_VERSION);
    kind = reader_u8(&r);
    if (r.bad || kind >= COUNT_OF(codecs) || codecs[kind].get == NULL) {
        return RC_BAD_INPUT;
    }
    m.kind = (enum bus_msg_kind)kind;
    codecs[kind].get(&r, &m);
    if (!reader_done(&r)) {
        return RC_BAD_INPUT;
    }
    *out = m;
    return RC_OK;
}

/* A reader at the i-th element of a repeated part that was decoded whole. */
static struct reader nth(struct slice items, uint16_t i, size_t each) {
    struct reader r;

    assert(items.n >= (i + 1U) * each);
    reader_init(&r, slice_drop(items, i * each));
    return r;
}

void presence_item_put(struct buf *out, struct presence_item item) {
    writer_u64(out, item.user.v);
    writer_u16(out, item.sessions);
}

struct presence_item presence_item_at(struct slice items, uint16_t i) {
    struct reader r = nth(items, i, ITEM_BYTES);
    struct presence_item item;

    item.user.v = reader_u64(&r);
    item.sessions = reader_u16(&r);
    return item;
}

void presence_user_put(struct buf *out, struct user_id user) {
    writer_u64(out, user.v);
}

struct user_id presence_user_at(struct slice users, uint16_t i) {
    struct reader r = nth(users, i, USER_BYTES);

    return (struct user_id){reader_u64(&r)};
}

void presence_known_put(struct buf *out, struct presence_known known) {
    writer_u64(out, known.user.v);
    writer_u8(out, (uint8_t)known.state);
    writer_u64(out, known.since_ms);
}

struct presence_known presence_known_at(struct slice known, uint16_t i) {
    struct reader r = nth(known, i, KNOWN_BYTES);

    return known_get(&r);
}
