/* Which list, and where in it, an event lies. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/wire/slots.h"
#include "storage/history_layout.h"

static void test_spans(void **state) {
    static const struct {
        const char *name;
        uint64_t first;
        size_t count;
        size_t n;
        struct history_span spans[HISTORY_SPANS_MAX];
    } rows[] = {
        {"nothing", 1, 0, 0, {{0}}},
        {"the first", 1, 1, 1, {{0, 1, 1, 0}}},
        {"a page", 1, 100, 1, {{0, 1, 100, 0}}},
        {"all of bucket 0", 1, 127, 1, {{0, 1, 127, 0}}},
        {"one over", 1, 128, 2, {{0, 1, 127, 0}, {1, 128, 1, 0}}},
        {"last of bucket 0", 127, 1, 1, {{0, 127, 1, 126}}},
        {"first of bucket 1", 128, 1, 1, {{1, 128, 1, 0}}},
        {"across", 127, 2, 2, {{0, 127, 1, 126}, {1, 128, 1, 0}}},
        {"all of bucket 1", 128, 128, 1, {{1, 128, 128, 0}}},
        {"across 255|256", 250, 100, 2, {{1, 250, 6, 122}, {2, 256, 94, 0}}},
        {"far away",
         UINT64_C(1) << 40,
         100,
         1,
         {{UINT64_C(1) << 33, UINT64_C(1) << 40, 100, 0}}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct history_span got[HISTORY_SPANS_MAX];
        size_t n = history_spans(rows[i].first, rows[i].count, got);

        assert_row(rows[i].name, n == rows[i].n);
        for (size_t s = 0; s < n; s++) {
            const struct history_span *want = &rows[i].spans[s];

            assert_row(rows[i].name, got[s].bucket == want->bucket);
            assert_row(rows[i].name, got[s].first == want->first);
            assert_row(rows[i].name, got[s].count == want->count);
            assert_row(rows[i].name, got[s].index == want->index);
        }
    }
}

/* Covered event by event, without a hole or an overlap. */
static void check_page(uint64_t first, size_t count) {
    struct history_span s[HISTORY_SPANS_MAX];
    size_t n = history_spans(first, count, s);
    uint64_t next = first;

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(s[i].first, next);
        assert_int_equal(s[i].first / HISTORY_BUCKET, s[i].bucket);
        next += s[i].count;
        assert_int_equal((next - 1) / HISTORY_BUCKET, s[i].bucket);
    }
    assert_int_equal(next, first + count);
}

static void test_every_page(void **state) {
    (void)state;
    for (uint64_t first = 1; first < 400; first++) {
        for (size_t count = 1; count <= HISTORY_BUCKET; count++) {
            check_page(first, count);
        }
    }
}

static void test_keys(void **state) {
    struct conv_id largest = {INT64_MAX};

    (void)state;
    assert_string_equal(history_key((struct conv_id){1}, "meta").s,
                        "{c0000000000001}meta");
    assert_string_equal(history_log_key((struct conv_id){32}, 7).s,
                        "{c0000000000010}log:7");
    assert_string_equal(history_log_key(largest, UINT64_MAX).s,
                        "{c7zzzzzzzzzzzz}log:18446744073709551615");
    assert_string_equal(history_number(UINT64_MAX).s, "18446744073709551615");
    assert_string_equal(history_store_key(12860).s, "{h12860}store");
    assert_int_equal(slot_of(slice_str(history_store_key(12860).s)), 0);
}

/* All that one script may touch, and the name that a script makes itself. */
static void test_one_slot(void **state) {
    static const uint64_t convs[] = {1, 32, 4242424242, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(convs); i++) {
        struct conv_id c = {convs[i]};
        const struct history_key keys[] = {
            history_key(c, "meta"),
            history_key(c, "read"),
            history_key(c, "ids:12"),
            history_log_key(c, 7),
            history_hidden_key(c, (struct user_id){9}),
            history_edits_key(c, (struct msg_seq){3}),
        };

        for (size_t k = 1; k < COUNT_OF(keys); k++) {
            assert_row(keys[k].s, slot_of(slice_str(keys[k].s)) ==
                                      slot_of(slice_str(keys[0].s)));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_every_page),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_one_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
