/* The messages between our processes: a table of each kind and of its ends,
 * every cut, bytes after the end, and values out of range. */
#include "proto/wire/bus_msg.h"

#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

#define ID_MAX ((uint64_t)INT64_MAX)
#define ITEM_7 "\0\0\0\0\0\0\0\x07\0\x02"
#define ITEM_9 "\0\0\0\0\0\0\0\x09\0\0"
#define USER_7 "\0\0\0\0\0\0\0\x07"
#define KNOWN_7 USER_7 "\x02\0\0\0\0\0\0\x03\xe8"

static const struct good_case {
    const char *name;
    struct bus_msg msg;
} good_cases[] = {
    {"event",
     {BUS_EVENT,
      {.event = {{1}, {2}, {3}, {4}, {(const uint8_t *)"{\"t\":1}", 7}}}}},
    {"event, greatest",
     {BUS_EVENT, {.event = {{ID_MAX}, {ID_MAX}, {UINT64_MAX}, {ID_MAX}, {0}}}}},
    {"event from nobody",
     {BUS_EVENT, {.event = {{1}, {1}, {0}, {0}, {(const uint8_t *)"x", 1}}}}},
    {"ephemeral",
     {BUS_EPHEMERAL,
      {.ephemeral = {{5}, {6}, {(const uint8_t *)"typing", 6}}}}},
    {"ephemeral of no conversation",
     {BUS_EPHEMERAL, {.ephemeral = {{0}, {0}, {0}}}}},
    {"member added",
     {BUS_MEMBER, {.member = {{5}, {6}, {7}, {8}, MEMBER_ADDED, 0}}}},
    {"member left",
     {BUS_MEMBER, {.member = {{5}, {6}, {7}, {0}, MEMBER_LEFT, 1}}}},
    {"revoke one", {BUS_REVOKE, {.revoke = {{5}, {6}}}}},
    {"block", {BUS_BLOCK, {.block = {{5}, {6}}}}},
    {"look", {BUS_LOOK, {.look = {{5}}}}},
    {"revoke all", {BUS_REVOKE, {.revoke = {{5}, {0}}}}},
    {"report, empty",
     {BUS_PRESENCE_REPORT, {.report = {{5}, 0, 1, 0, 0, 0, 0, 0, {0}}}}},
    {"report, changes",
     {BUS_PRESENCE_REPORT,
      {.report = {{5},
                  7,
                  UINT64_MAX,
                  0,
                  0,
                  0,
                  1,
                  2,
                  {(const uint8_t *)ITEM_7 ITEM_9, 20}}}}},
    {"report, whole snapshot",
     {BUS_PRESENCE_REPORT,
      {.report = {{5}, 3, 9, 1, 1, 1, 0, 1, {(const uint8_t *)ITEM_7, 10}}}}},
    {"report, middle of a snapshot",
     {BUS_PRESENCE_REPORT, {.report = {{5}, 3, 9, 1, 0, 0, 0, 0, {0}}}}},
    {"ask", {BUS_PRESENCE_ASK, {.ask = {PRESENCE_PARTITIONS - 1}}}},
    {"query",
     {BUS_PRESENCE_QUERY,
      {.query = {{5}, 77, 1, {(const uint8_t *)USER_7, 8}}}}},
    {"answer",
     {BUS_PRESENCE_ANSWER,
      {.answer = {77, 1, {(const uint8_t *)KNOWN_7, 17}}}}},
    {"answer, empty", {BUS_PRESENCE_ANSWER, {.answer = {0, 0, {0}}}}},
    {"seen", {BUS_PRESENCE_SEEN, {.seen = {{7}, PRESENCE_OFFLINE, 1000}}}},
    {"claim", {BUS_PRESENCE_CLAIM, {.claim = {UINT64_MAX, true}}}},
    {"claim, not ready", {BUS_PRESENCE_CLAIM, {.claim = {1, false}}}},
};

static bool same_report(const struct bus_presence_report *a,
                        const struct bus_presence_report *b) {
    return a->gateway.v == b->gateway.v && a->partition == b->partition &&
           a->number == b->number && a->snapshot == b->snapshot &&
           a->first == b->first && a->last == b->last &&
           a->leaving == b->leaving && a->count == b->count &&
           slice_eq(a->items, b->items);
}

static bool same_member(const struct bus_member *a,
                        const struct bus_member *b) {
    return a->conv.v == b->conv.v && a->user.v == b->user.v &&
           a->mver.v == b->mver.v && a->seq.v == b->seq.v &&
           a->change == b->change && a->wide == b->wide;
}

static bool same_event(const struct bus_event *a, const struct bus_event *b) {
    return a->conv.v == b->conv.v && a->seq.v == b->seq.v &&
           a->mver.v == b->mver.v && a->from.v == b->from.v &&
           slice_eq(a->client, b->client);
}

static bool same(const struct bus_msg *a, const struct bus_msg *b) {
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case BUS_EVENT:
        return same_event(&a->u.event, &b->u.event);
    case BUS_EPHEMERAL:
        return a->u.ephemeral.conv.v == b->u.ephemeral.conv.v &&
               a->u.ephemeral.from.v == b->u.ephemeral.from.v &&
               slice_eq(a->u.ephemeral.client, b->u.ephemeral.client);
    case BUS_MEMBER:
        return same_member(&a->u.member, &b->u.member);
    case BUS_REVOKE:
        return a->u.revoke.user.v == b->u.revoke.user.v &&
               a->u.revoke.device.v == b->u.revoke.device.v;
    case BUS_PRESENCE_REPORT:
        return same_report(&a->u.report, &b->u.report);
    case BUS_PRESENCE_ASK:
        return a->u.ask.partition == b->u.ask.partition;
    case BUS_PRESENCE_QUERY:
        return a->u.query.gateway.v == b->u.query.gateway.v &&
               a->u.query.request == b->u.query.request &&
               slice_eq(a->u.query.users, b->u.query.users);
    case BUS_PRESENCE_ANSWER:
        return a->u.answer.request == b->u.answer.request &&
               slice_eq(a->u.answer.known, b->u.answer.known);
    case BUS_PRESENCE_SEEN:
        return a->u.seen.user.v == b->u.seen.user.v &&
               a->u.seen.state == b->u.seen.state &&
               a->u.seen.since_ms == b->u.seen.since_ms;
    case BUS_LOOK:
        return a->u.look.user.v == b->u.look.user.v;
    case BUS_BLOCK:
        return a->u.block.user.v == b->u.block.user.v &&
               a->u.block.other.v == b->u.block.other.v;
    case BUS_PRESENCE_CLAIM:
        return a->u.claim.service == b->u.claim.service &&
               a->u.claim.ready == b->u.claim.ready;
    }
    return false;
}

static void test_reads_back(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good_cases); i++) {
        const struct good_case *c = &good_cases[i];
        struct bus_msg read;
        struct buf b;

        buf_init(&b);
        bus_msg_encode(&b, &c->msg);
        assert_row(c->name, bus_msg_decode(buf_slice(&b), &read) == RC_OK);
        assert_row(c->name, same(&read, &c->msg));
        buf_fini(&b);
    }
}

/* A message is whole or refused: no prefix of one is a message, and nothing
 * may follow it. */
static void test_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good_cases); i++) {
        const struct good_case *c = &good_cases[i];
        struct bus_msg read = {0};
        struct buf b;

        buf_init(&b);
        bus_msg_encode(&b, &c->msg);
        for (size_t n = 0; n < b.n; n++) {
            assert_row(c->name, bus_msg_decode(slice_take(buf_slice(&b), n),
                                               &read) == RC_BAD_INPUT);
        }
        buf_add_byte(&b, 0);
        assert_row(c->name,
                   bus_msg_decode(buf_slice(&b), &read) == RC_BAD_INPUT);
        assert_row(c->name, read.kind == 0);
        buf_fini(&b);
    }
}

#define ID_1 "\0\0\0\0\0\0\0\x01"
#define ID_0 "\0\0\0\0\0\0\0\0"
#define ID_BIG "\x80\0\0\0\0\0\0\0"
#define BAD(name, text)                                                        \
    {                                                                          \
        name, {                                                                \
            (const uint8_t *)(text), sizeof(text) - 1                          \
        }                                                                      \
    }

static const struct bad_case {
    const char *name;
    struct slice in;
} bad_cases[] = {
    BAD("version 0", "\x00\x06\0\0"),
    BAD("version 2", "\x02\x06\0\0"),
    BAD("kind 0", "\x01\x00"),
    BAD("kind 11", "\x01\x0b"),
    BAD("kind 255", "\x01\xff"),
    BAD("event, conversation 0", "\x01\x01" ID_0 ID_1 ID_1 ID_1 "\0\0\0\0"),
    BAD("event, conversation 2^63",
        "\x01\x01" ID_BIG ID_1 ID_1 ID_1 "\0\0\0\0"),
    BAD("event, seq 0", "\x01\x01" ID_1 ID_0 ID_1 ID_1 "\0\0\0\0"),
    BAD("event, from 2^63", "\x01\x01" ID_1 ID_1 ID_1 ID_BIG "\0\0\0\0"),
    BAD("event, text too long",
        "\x01\x01" ID_1 ID_1 ID_1 ID_1 "\xff\xff\xff\xffx"),
    BAD("member, change 0", "\x01\x03" ID_1 ID_1 ID_1 ID_1 "\0\0"),
    BAD("member, change 5", "\x01\x03" ID_1 ID_1 ID_1 ID_1 "\x05\0"),
    BAD("member, wide 2", "\x01\x03" ID_1 ID_1 ID_1 ID_1 "\x01\x02"),
    BAD("revoke nobody", "\x01\x04" ID_0 ID_1),
    BAD("report, gateway 0", "\x01\x05" ID_0 "\0\0" ID_1 "\0\0\0"),
    BAD("report, partition 8", "\x01\x05" ID_1 "\0\x08" ID_1 "\0\0\0"),
    BAD("report, number 0", "\x01\x05" ID_1 "\0\0" ID_0 "\0\0\0"),
    BAD("report, flag 16", "\x01\x05" ID_1 "\0\0" ID_1 "\x10\0\0"),
    BAD("report, first alone", "\x01\x05" ID_1 "\0\0" ID_1 "\x02\0\0"),
    BAD("report, last alone", "\x01\x05" ID_1 "\0\0" ID_1 "\x04\0\0"),
    BAD("report, user 0",
        "\x01\x05" ID_1 "\0\0" ID_1 "\x00\0\x01" ID_0 "\0\x01"),
    BAD("report, second user 0",
        "\x01\x05" ID_1 "\0\0" ID_1 "\x00\0\x02" ITEM_7 ID_0 "\0\x01"),
    BAD("report, fewer items", "\x01\x05" ID_1 "\0\0" ID_1 "\x00\0\x02" ITEM_7),
    BAD("report, more items", "\x01\x05" ID_1 "\0\0" ID_1 "\x00\0\0" ITEM_7),
    BAD("ask, partition 8", "\x01\x06\0\x08"),
    BAD("query, user 2^63", "\x01\x07" ID_1 ID_1 "\0\x01" ID_BIG),
    BAD("answer, state 4", "\x01\x08" ID_1 "\0\x01" ID_1 "\x04" ID_1),
    BAD("answer, user 0", "\x01\x08" ID_1 "\0\x01" ID_0 "\x01" ID_1),
    BAD("seen, state 4", "\x01\x09" ID_1 "\x04" ID_1),
    BAD("claim, service 0", "\x01\x0a" ID_0 "\x01"),
    BAD("claim, ready 2", "\x01\x0a" ID_1 "\x02"),
};

static void test_refuses(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_cases); i++) {
        const struct bad_case *c = &bad_cases[i];
        struct bus_msg read;

        assert_row(c->name, bus_msg_decode(c->in, &read) == RC_BAD_INPUT);
    }
}

/* A query of `count` users. */
static enum rc decode_query(uint16_t count) {
    struct bus_msg msg = {.kind = BUS_PRESENCE_QUERY};
    struct buf users;
    struct buf b;
    struct bus_msg read;
    enum rc rc;

    buf_init(&users);
    buf_init(&b);
    for (uint16_t i = 0; i < count; i++) {
        presence_user_put(&users, (struct user_id){i + 1U});
    }
    msg.u.query.gateway.v = 1;
    msg.u.query.count = count;
    msg.u.query.users = buf_slice(&users);
    bus_msg_encode(&b, &msg);
    rc = bus_msg_decode(buf_slice(&b), &read);
    if (rc == RC_OK) {
        struct slice ids = read.u.query.users;

        assert_int_equal(presence_user_at(ids, (uint16_t)(count - 1)).v, count);
    }
    buf_fini(&users);
    buf_fini(&b);
    return rc;
}

static enum rc decode_event(size_t bytes) {
    struct bus_msg msg = {BUS_EVENT, {.event = {{1}, {1}, {1}, {1}, {0}}}};
    struct bus_msg read;
    struct buf text;
    struct buf b;
    enum rc rc;

    buf_init(&text);
    buf_init(&b);
    memset(buf_room(&text, bytes), 'x', bytes);
    text.n += bytes;
    msg.u.event.client = buf_slice(&text);
    bus_msg_encode(&b, &msg);
    rc = bus_msg_decode(buf_slice(&b), &read);
    buf_fini(&text);
    buf_fini(&b);
    return rc;
}

static void test_limits(void **state) {
    enum {
        EVENT_HEAD = 2 + 4 * 8 + 4
    };

    (void)state;
    assert_int_equal(decode_query(BUS_MSG_USERS_MAX), RC_OK);
    assert_int_equal(decode_query(BUS_MSG_USERS_MAX + 1), RC_BAD_INPUT);
    assert_int_equal(decode_event(BUS_MSG_BYTES_MAX - EVENT_HEAD), RC_OK);
    assert_int_equal(decode_event(BUS_MSG_BYTES_MAX - EVENT_HEAD + 1),
                     RC_BAD_INPUT);
}

static void test_repeated_parts(void **state) {
    struct presence_known known = {{ID_MAX}, PRESENCE_ONLINE, UINT64_MAX};
    struct buf b;

    (void)state;
    buf_init(&b);
    presence_item_put(&b, (struct presence_item){{7}, 1});
    presence_item_put(&b, (struct presence_item){{ID_MAX}, UINT16_MAX});
    assert_int_equal(presence_item_at(buf_slice(&b), 0).user.v, 7);
    assert_int_equal(presence_item_at(buf_slice(&b), 1).user.v, ID_MAX);
    assert_int_equal(presence_item_at(buf_slice(&b), 1).sessions, UINT16_MAX);
    buf_clear(&b);
    presence_known_put(&b, (struct presence_known){{1}, PRESENCE_UNKNOWN, 0});
    presence_known_put(&b, known);
    known = presence_known_at(buf_slice(&b), 1);
    assert_int_equal(known.user.v, ID_MAX);
    assert_int_equal(known.state, PRESENCE_ONLINE);
    assert_true(known.since_ms == UINT64_MAX);
    assert_int_equal(presence_known_at(buf_slice(&b), 0).state,
                     PRESENCE_UNKNOWN);
    buf_fini(&b);
}

/* Both sides must agree for ever on where a user belongs; neighbouring ids
 * spread. */
static void test_partition(void **state) {
    unsigned users[PRESENCE_PARTITIONS] = {0};

    (void)state;
    for (uint64_t v = 1; v <= 8000; v++) {
        users[presence_partition((struct user_id){v})]++;
    }
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        assert_in_range(users[i], 900, 1100);
    }
    assert_int_equal(presence_partition((struct user_id){1}), 1);
    assert_int_equal(presence_partition((struct user_id){ID_MAX}), 6);
}

static void test_reader(void **state) {
    struct reader r;
    struct buf b;

    (void)state;
    buf_init(&b);
    writer_u8(&b, 0xfe);
    writer_u16(&b, 0xfedc);
    writer_u32(&b, 0xfedcba98);
    writer_u64(&b, UINT64_C(0xfedcba9876543210));
    writer_str(&b, SLICE_LIT("text"));
    reader_init(&r, buf_slice(&b));
    assert_int_equal(reader_u8(&r), 0xfe);
    assert_int_equal(reader_u16(&r), 0xfedc);
    assert_int_equal(reader_u32(&r), 0xfedcba98);
    assert_true(reader_u64(&r) == UINT64_C(0xfedcba9876543210));
    assert_false(reader_done(&r));
    assert_true(slice_is(reader_str(&r), "text"));
    assert_true(reader_done(&r));
    assert_int_equal(reader_u8(&r), 0);
    assert_false(reader_done(&r));

    /* After a failure nothing is read, although bytes are left. */
    reader_init(&r, buf_slice(&b));
    assert_int_equal(reader_take(&r, b.n + 1).n, 0);
    assert_int_equal(reader_u8(&r), 0);
    assert_false(reader_done(&r));
    buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),     cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_refuses),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_partition),      cmocka_unit_test(test_reader),
        cmocka_unit_test(test_repeated_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
