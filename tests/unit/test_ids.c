/* Ids and their text: 13 characters, read back as they were. */
#include "proto/base/ids.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

static const struct row {
    const char *text;
    uint64_t v; /* 0: refused */
} rows[] = {
    {"0000000000001", 1},
    {"000000000000z", 31},
    {"0000000000010", 32},
    {"7zzzzzzzzzzzz", INT64_MAX},
    {"0123456789abc", UINT64_C(38390726480144748)},
    {"8000000000000", 0},
    {"zzzzzzzzzzzzz", 0},
    {"0000000000000", 0},
    {"", 0},
    {"000000000001", 0},
    {"00000000000001", 0},
    {"000000000000I", 0},
    {"000000000000i", 0},
    {"000000000000l", 0},
    {"000000000000o", 0},
    {"000000000000u", 0},
    {"000000000000A", 0},
    {"000000000000 ", 0},
    {" 000000000001", 0},
    {"-000000000001", 0},
    {"00000000000\xff"
     "1",
     0},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t v = 99;
        bool ok = id_parse(slice_str(rows[i].text), &v);

        assert_row(rows[i].text, ok == (rows[i].v != 0));
        assert_row(rows[i].text, v == (ok ? rows[i].v : 99));
        assert_row(rows[i].text,
                   !ok || strcmp(id_text(v).s, rows[i].text) == 0);
    }
}

/* Each bit on its own is written and read back. */
static void test_bits(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 63; bit++) {
        uint64_t v = 0;

        assert_true(id_parse(slice_str(id_text(UINT64_C(1) << bit).s), &v));
        assert_int_equal(v, UINT64_C(1) << bit);
    }
}

/* Text and number are in the same order, which an index relies on. */
static void test_order(void **state) {
    static const uint64_t times_ms[] = {
        UINT64_C(1735689600001), UINT64_C(1735689600002),
        UINT64_C(1800000000000), UINT64_C(3000000000000)};

    (void)state;
    for (size_t i = 1; i < COUNT_OF(times_ms); i++) {
        uint64_t before = id_make(times_ms[i - 1], UINT32_MAX);
        uint64_t after = id_make(times_ms[i], 0);

        assert_true(before < after);
        assert_true(strcmp(id_text(before).s, id_text(after).s) < 0);
    }
}

/* Chance fills the lower 22 bits and nothing above; no id is 0 or too large,
 * whatever the clock says. */
static void test_make(void **state) {
    static const uint64_t any_ms[] = {0, 1, UINT64_C(1735689600000),
                                      UINT64_C(1735689600001), UINT64_MAX};
    uint64_t now = UINT64_C(1800000000000);

    (void)state;
    assert_int_equal(id_make(now, UINT32_MAX) - id_make(now, 0),
                     (1U << 22) - 1);
    assert_int_equal(id_make(now, 1U << 22), id_make(now, 0));
    for (size_t i = 0; i < COUNT_OF(any_ms); i++) {
        uint64_t id = id_make(any_ms[i], 5);

        assert_true(id > 0 && id <= INT64_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
