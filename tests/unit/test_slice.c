/* Slices, ids and the stored hash: the small things everything stands on. */
#include "proto/base/slice.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"

static void test_compare(void **state) {
    static const struct {
        const char *name;
        const char *a;
        const char *b;
        bool same;
        bool nocase;
        bool starts; /* a starts with b */
    } rows[] = {
        {"empty", "", "", true, true, true},
        {"same", "abc", "abc", true, true, true},
        {"another case", "aBc", "AbC", false, true, false},
        {"shorter", "ab", "abc", false, false, false},
        {"longer", "abc", "ab", false, false, true},
        {"not letters", "@[`{", "`{@[", false, false, false},
        {"high bytes keep their case", "\xc3\x84", "\xc3\xa4", false, false,
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice a = slice_str(rows[i].a);

        assert_row(rows[i].name, slice_is(a, rows[i].b) == rows[i].same);
        assert_row(rows[i].name,
                   slice_is_nocase(a, rows[i].b) == rows[i].nocase);
        assert_row(rows[i].name, slice_starts(a, rows[i].b) == rows[i].starts);
    }
}

static void test_parts(void **state) {
    struct slice a = slice_str("key=value");

    (void)state;
    assert_int_equal(slice_find(a, '='), 3);
    assert_int_equal(slice_find(a, '!'), a.n);
    assert_int_equal(slice_find(slice_of(NULL, 0), 'x'), 0);
    assert_true(slice_is(slice_take(a, 3), "key"));
    assert_true(slice_is(slice_drop(a, 4), "value"));
    assert_int_equal(slice_drop(a, a.n).n, 0);
    assert_int_equal(slice_drop(slice_of(NULL, 0), 0).n, 0);
}

static void test_numbers(void **state) {
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"9999999999999999999", true, UINT64_C(9999999999999999999)},
        {"", false, 0},
        {"00", false, 0},
        {"01", false, 0},
        {"+1", false, 0},
        {"-1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1e3", false, 0},
        {"0x10", false, 0},
        {"10000000000000000000", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t v = 42;

        assert_row(rows[i].text,
                   slice_to_u64(slice_str(rows[i].text), &v) == rows[i].ok);
        assert_row(rows[i].text, v == (rows[i].ok ? rows[i].value : 42));
    }
}

static void test_id_text(void **state) {
    static const struct {
        const char *name;
        const char *text;
        bool ok;
    } rows[] = {
        {"one", "0000000000001", true},
        {"largest", "7zzzzzzzzzzzz", true},
        {"zero", "0000000000000", false},
        {"2^63", "8000000000000", false},
        {"short", "000000000001", false},
        {"long", "00000000000001", false},
        {"empty", "", false},
        {"capital", "000000000000A", false},
        {"letters that look like digits", "00000000000il", false},
        {"u is no letter of it", "000000000000u", false},
        {"a brace", "000000000000}", false},
        {"a NUL's neighbour", "00000000000\x01", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t v = 42;

        assert_row(rows[i].name,
                   id_parse(slice_str(rows[i].text), &v) == rows[i].ok);
        assert_row(rows[i].name,
                   !rows[i].ok || strcmp(id_text(v).s, rows[i].text) == 0);
        assert_row(rows[i].name, rows[i].ok || v == 42);
    }
}

static void test_after(void **state) {
    static const struct {
        const char *text;
        const char *mark;
        const char *want; /* NULL: it is not there */
    } rows[] = {
        {"key:value", "key:", "value"},
        {"a key:v", "key:", "v"},
        {"key:", "key:", ""},
        {"key", "key:", NULL},
        {"", "k", NULL},
        {"kkey:1 key:2", "key:", "1 key:2"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice got = slice_after(slice_str(rows[i].text), rows[i].mark);

        assert_row(rows[i].text,
                   rows[i].want == NULL
                       ? got.p == NULL
                       : got.p != NULL && slice_is(got, rows[i].want));
    }
}

/* Every id is written and read back; ids of later times are larger. */
static void test_id_make(void **state) {
    uint64_t before = 0;

    (void)state;
    for (uint64_t ms = 0; ms < 1000; ms++) {
        uint64_t now = UINT64_C(1763720000000) + ms * 7919;
        uint64_t id = id_make(now, (uint32_t)(ms * 2654435761U));
        uint64_t read = 0;

        assert_true(id > before && id < UINT64_C(1) << 63);
        assert_true(id_parse(slice_str(id_text(id).s), &read));
        assert_true(read == id);
        before = id;
    }
    assert_true(id_make(0, 0) != 0); /* a clock that was never set */
}

/* The published test vectors; a stored hash may never change. */
static void test_hash(void **state) {
    static const struct {
        const char *text;
        uint64_t want;
    } rows[] = {
        {"", UINT64_C(0xcbf29ce484222325)},
        {"a", UINT64_C(0xaf63dc4c8601ec8c)},
        {"foobar", UINT64_C(0x85944171f73967e8)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].text,
                   hash_fnv1a(slice_str(rows[i].text)) == rows[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_parts),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_id_text),
        cmocka_unit_test(test_id_make), cmocka_unit_test(test_hash),
        cmocka_unit_test(test_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
