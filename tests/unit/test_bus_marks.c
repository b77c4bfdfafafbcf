/* What was published is told apart from what was heard. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/wire/topic.h"
#include "storage/bus_marks.h"

enum {
    READ_MAX = 16,
};

struct read {
    size_t count;
    struct {
        uint64_t key;
        uint64_t mark;
        uint32_t ago_ms;
    } at[READ_MAX];
};

static void on_read(void *ctx, uint64_t key, uint64_t mark, uint32_t ago_ms) {
    struct read *r = ctx;

    assert_true(r->count < READ_MAX);
    r->at[r->count].key = key;
    r->at[r->count].mark = mark;
    r->at[r->count++].ago_ms = ago_ms;
}

/* Two messages, one of them on three topics, over the end of the clock's low
 * half. */
static void write_two(struct buf *out) {
    const uint64_t keys[] = {6, 8, UINT64_MAX - 7};
    struct bus_tally t;

    bus_tally_init(&t);
    assert_false(bus_tally_take(&t, 1, out));
    bus_tally_add(&t, 100, UINT32_MAX - 9, keys, 3);
    bus_tally_add(&t, 200, (uint64_t)UINT32_MAX + 21, keys, 1);
    assert_true(bus_tally_take(&t, (uint64_t)UINT32_MAX + 41, out));
    assert_false(bus_tally_take(&t, 1, out));
    bus_tally_fini(&t);
}

static void test_reads_back(void **state) {
    struct read r = {.count = 0};
    struct buf entry;
    bool lost = true;

    (void)state;
    buf_init(&entry);
    write_two(&entry);
    assert_int_equal(bus_tally_read(buf_slice(&entry), &lost, on_read, &r),
                     RC_OK);
    assert_false(lost);
    assert_int_equal(r.count, 4);
    assert_true(r.at[2].key == UINT64_MAX - 7 && r.at[2].mark == 100);
    assert_int_equal(r.at[0].ago_ms, 50);
    assert_true(r.at[3].key == 6 && r.at[3].mark == 200);
    assert_int_equal(r.at[3].ago_ms, 20);
    buf_fini(&entry);
}

static void test_every_cut(void **state) {
    const size_t whole[] = {5, 43}; /* nothing; the first message */
    struct buf entry;

    (void)state;
    buf_init(&entry);
    write_two(&entry);
    for (size_t n = 0; n < entry.n; n++) {
        struct read r = {.count = 0};
        bool lost;
        enum rc rc = bus_tally_read(slice_take(buf_slice(&entry), n), &lost,
                                    on_read, &r);

        assert_int_equal(rc,
                         n == whole[0] || n == whole[1] ? RC_OK : RC_BAD_INPUT);
    }
    buf_fini(&entry);
}

/* A tally that nobody takes stays small and says that it is not all. */
static void test_lost(void **state) {
    const uint64_t key = 1;
    struct bus_tally t;
    struct buf entry;
    struct read r = {.count = 0};
    bool lost = false;

    (void)state;
    bus_tally_init(&t);
    buf_init(&entry);
    for (size_t i = 0; i < BUS_TALLY_MAX; i++) {
        bus_tally_add(&t, i, 1000 + i, &key, 1);
    }
    assert_true(t.bytes.n < 3 * (size_t)BUS_TALLY_MAX);
    assert_true(t.lost && t.lost_ms > 1000);
    assert_true(bus_tally_take(&t, 90000, &entry));
    assert_int_equal(t.taken_ms, 1000);
    buf_clear(&entry);
    assert_false(t.lost);
    bus_tally_lose(&t, 50000);
    bus_tally_lose(&t, 40000);
    bus_tally_lose(&t, 60000);
    assert_true(bus_tally_take(&t, 90000, &entry));
    assert_int_equal(t.taken_ms, 40000);
    assert_int_equal(bus_tally_read(buf_slice(&entry), &lost, on_read, &r),
                     RC_OK);
    assert_true(lost);
    assert_int_equal(r.count, 1);
    assert_true(bus_note_key(r.at[0].key) && r.at[0].key == BUS_NOTE_LOST);
    assert_int_equal(r.at[0].ago_ms, 50000);
    buf_fini(&entry);
    bus_tally_fini(&t);
}

/* A tally of tallies knows what each knew, and that one did not know all. */
static void test_join(void **state) {
    static const struct {
        const char *name;
        size_t marks; /* of the one that is added */
        size_t count; /* of them all then */
        bool lost;    /* by the one that is added */
        bool all;
    } steps[] = {
        {"nothing", 0, 0, false, true},
        {"a few", 3, 3, false, true},
        {"more", 2, 5, false, true},
        {"one that is not all", 1, 6, true, false},
    };
    const uint64_t key = 1;
    struct bus_tally all;

    (void)state;
    bus_tally_init(&all);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct bus_tally t;

        bus_tally_init(&t);
        if (steps[i].lost) {
            bus_tally_lose(&t, 1);
        }
        for (size_t k = 0; k < steps[i].marks; k++) {
            bus_tally_add(&t, k, 1, &key, 1);
        }
        bus_tally_join(&all, &t);
        bus_tally_fini(&t);
        assert_row(steps[i].name, all.bytes.n == 22 * steps[i].count);
        assert_row(steps[i].name, all.lost == !steps[i].all);
    }
    bus_tally_fini(&all);
}

static void test_join_full(void **state) {
    const uint64_t key = 1;
    struct bus_tally all;
    struct bus_tally t;

    (void)state;
    bus_tally_init(&all);
    bus_tally_init(&t);
    bus_tally_add(&t, 1, 1, &key, 1);
    for (size_t i = 0; i < BUS_TALLY_MAX; i++) {
        bus_tally_join(&all, &t);
    }
    assert_true(all.lost);
    assert_true(all.bytes.n < 3 * (size_t)BUS_TALLY_MAX);
    bus_tally_fini(&t);
    bus_tally_fini(&all);
}

static void test_marks(void **state) {
    static const char long_one[] = "0123456789012345678901234567890123456789012"
                                   "345678901234567890123456789";
    const struct {
        const char *name;
        struct slice a;
        struct slice b;
        bool same;
    } rows[] = {
        {"the same", SLICE_LIT("abc"), SLICE_LIT("abc"), true},
        {"another", SLICE_LIT("abc"), SLICE_LIT("abd"), false},
        {"longer",
         {(const uint8_t *)long_one, 70},
         {(const uint8_t *)long_one, 69},
         false},
        {"nothing", {NULL, 0}, {NULL, 0}, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name, (bus_mark(rows[i].a) == bus_mark(rows[i].b)) ==
                                     rows[i].same);
    }
}

/* What was heard is remembered for ten seconds at least, by its topic, and
 * not for ever. */
static void test_heard(void **state) {
    static const struct {
        const char *name;
        uint64_t add_ms; /* 0: nothing is added */
        uint64_t key;
        uint64_t mark;
        bool want; /* key 1, mark 5 */
    } steps[] = {
        {"nothing", 0, 0, 0, false},
        {"another topic", 1000, 2, 5, false},
        {"another mark", 1000, 1, 6, false},
        {"itself", 1000, 1, 5, true},
        {"later", 10999, 3, 3, true},
        {"a generation later", 11500, 3, 4, true},
        {"two generations later", 22000, 3, 5, false},
    };
    struct bus_heard h;

    (void)state;
    bus_heard_init(&h);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (steps[i].add_ms != 0) {
            bus_heard_add(&h, steps[i].key, steps[i].mark, steps[i].add_ms);
        }
        assert_row(steps[i].name, bus_heard_has(&h, 1, 5) == steps[i].want);
    }
    bus_heard_fini(&h);
}

/* Notes stand beside the marks of a tally, or alone. */
static void test_notes(void **state) {
    const uint64_t key = 9;
    struct read r = {.count = 0};
    struct bus_tally t;
    struct buf entry;
    bool lost = true;

    (void)state;
    bus_tally_init(&t);
    buf_init(&entry);
    bus_tally_add(&t, 100, 1000, &key, 1);
    assert_true(bus_tally_take(&t, 1500, &entry));
    bus_note_add(&entry, BUS_NOTE_ALIVE, 77, 1500);
    assert_int_equal(bus_tally_read(buf_slice(&entry), &lost, on_read, &r),
                     RC_OK);
    assert_true(!lost && r.count == 2);
    assert_true(r.at[0].key == 9 && r.at[0].ago_ms == 500);
    assert_true(r.at[1].key == BUS_NOTE_ALIVE && r.at[1].mark == 77);
    assert_true(!bus_note_key(r.at[0].key) && bus_note_key(r.at[1].key));

    buf_clear(&entry);
    r.count = 0;
    bus_note_add(&entry, BUS_NOTE_RESTS, 77, 1500);
    assert_int_equal(bus_tally_read(buf_slice(&entry), &lost, on_read, &r),
                     RC_OK);
    assert_true(!lost && r.count == 1 && r.at[0].key == BUS_NOTE_RESTS);
    assert_int_equal(r.at[0].ago_ms, 0);
    buf_fini(&entry);
    bus_tally_fini(&t);
}

/* A topic of every kind: none is a note. */
static void test_no_topic_is_a_note(void **state) {
    (void)state;
    for (int kind = TOPIC_USER; kind <= TOPIC_PRESENCE; kind++) {
        struct topic t = {(enum topic_kind)kind, 1};

        assert_false(bus_note_key(topic_key(t)));
    }
}

static void test_late(void **state) {
    (void)state;
    assert_false(bus_marks_late(30000, 60000));
    assert_true(bus_marks_late(30001, 60000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_heard),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_join_full),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_no_topic_is_a_note),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
