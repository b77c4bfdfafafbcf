/* The UTF-8 checker: against the table, and against the definition. */
#include "tests/unit/assert_row.h"

#include <stdbool.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/utf8.h"
#include "tests/unit/utf8_rows.h"

/* Feeds byte by byte; answers the index of the first that is refused. */
static size_t first_bad(struct slice in, bool *complete) {
    struct utf8 u;

    utf8_init(&u);
    for (size_t i = 0; i < in.n; i++) {
        if (!utf8_feed(&u, slice_of(in.p + i, 1))) {
            return i;
        }
    }
    *complete = utf8_complete(&u);
    return in.n;
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(utf8_rows); i++) {
        const struct utf8_row *r = &utf8_rows[i];
        struct slice in = slice_of(r->bytes, r->n);
        bool whole = r->bad_at == UTF8_GOOD || r->bad_at == UTF8_CUT;
        bool complete = false;

        assert_row(r->name,
                   first_bad(in, &complete) == (whole ? r->n : r->bad_at));
        assert_row(r->name, complete == (r->bad_at == UTF8_GOOD));
        assert_row(r->name, utf8_valid(in) == (r->bad_at == UTF8_GOOD));
    }
}

/* Wherever the text is split, the answer comes with the same byte, and once
 * no never becomes yes. */
static void test_every_split(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(utf8_rows); i++) {
        const struct utf8_row *r = &utf8_rows[i];
        bool whole = r->bad_at == UTF8_GOOD || r->bad_at == UTF8_CUT;
        struct slice in = slice_of(r->bytes, r->n);

        for (size_t cut = 0; cut <= r->n; cut++) {
            struct utf8 u;

            utf8_init(&u);
            assert_row(r->name, utf8_feed(&u, slice_take(in, cut)) ==
                                    (whole || cut <= r->bad_at));
            assert_row(r->name, utf8_feed(&u, slice_drop(in, cut)) == whole);
            assert_row(r->name, utf8_complete(&u) == (r->bad_at == UTF8_GOOD));
            assert_row(r->name, utf8_feed(&u, SLICE_LIT("")) == whole);
        }
    }
}

/* The fast path: a bad byte at every place of a long ASCII text. */
static void test_every_place(void **state) {
    uint8_t text[64];

    (void)state;
    for (size_t at = 0; at < sizeof(text); at++) {
        bool complete = false;

        memset(text, 'a', sizeof(text));
        text[at] = 0xFF;
        assert_false(utf8_valid(slice_of(text, sizeof(text))));
        assert_true(utf8_valid(slice_of(text, at)));
        assert_int_equal(first_bad(slice_of(text, sizeof(text)), &complete),
                         at);
    }
}

static size_t encode(uint32_t c, uint8_t out[4]) {
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

/* Every number up to past the end, encoded: valid but for the surrogates. */
static void test_every_code_point(void **state) {
    (void)state;
    for (uint32_t c = 0; c < 0x140000; c++) {
        uint8_t bytes[4];
        struct slice in = slice_of(bytes, encode(c, bytes));
        bool want = c < 0x110000 && (c < 0xD800 || c > 0xDFFF);

        assert_true(utf8_valid(in) == want);
    }
}

/* Every pair and triple of bytes is valid exactly when the characters that
 * test_every_code_point tells apart spell it. */
static void test_every_short_text(void **state) {
    size_t valid_pairs = 0;
    size_t valid_triples = 0;

    (void)state;
    for (uint32_t v = 0; v < 0x1000000; v++) {
        uint8_t b[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

        if (v < 0x10000) {
            valid_pairs += utf8_valid(slice_of(b + 1, 2)) ? 1 : 0;
        }
        valid_triples += utf8_valid(slice_of(b, 3)) ? 1 : 0;
    }
    /* 128 ASCII, 1920 of two bytes, 63488 - 2048 of three. */
    assert_int_equal(valid_pairs, 128 * 128 + 1920);
    assert_int_equal(valid_triples,
                     128 * 128 * 128 + 2 * 128 * 1920 + (63488 - 2048));
}

static void test_count(void **state) {
    (void)state;
    assert_int_equal(utf8_count(SLICE_LIT("")), 0);
    assert_int_equal(utf8_count(SLICE_LIT("abc")), 3);
    assert_int_equal(utf8_count(SLICE_LIT(KOSME)), 5);
    assert_int_equal(utf8_count(SLICE_LIT("a\xf0\x9f\x98\x80")), 2);
}

static void test_cut(void **state) {
    static const struct {
        const char *name;
        const char *text;
        size_t max;
        size_t want;
    } rows[] = {
        {"fits", "abc", 3, 3},
        {"shorter than that", "abc", 9, 3},
        {"ascii", "abcd", 3, 3},
        {"nothing", "abc", 0, 0},
        {"between", "\xce\xba\xce\xba", 2, 2},
        {"inside", "\xce\xba\xce\xba", 3, 2},
        {"inside the first", "\xf0\x9f\x98\x80", 3, 0},
        {"inside of four", "a\xf0\x9f\x98\x80z", 4, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   utf8_cut(slice_str(rows[i].text), rows[i].max).n ==
                       rows[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_every_short_text),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
