/* Text from other people, made safe for a terminal. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "moimctl/clean.h"
#include "proto/base/macros.h"

#define R "\xef\xbf\xbd"

static void test_clean_line(void **state) {
    static const struct {
        const char *name;
        const char *in;
        const char *want;
    } rows[] = {
        {"nothing", "", ""},
        {"ascii", "hello", "hello"},
        {"korean", "안녕하세요", "안녕하세요"},
        {"emoji", "\U0001F600", "\U0001F600"},
        {"colour", "\033[31mred", R "[31mred"},
        {"title of the window", "\033]0;x\007y", R "]0;x" R "y"},
        {"C1 control sequence",
         "\xc2\x9b"
         "2J",
         R "2J"},
        {"delete", "a\x7f", "a" R},
        {"carriage return", "a\rb", "a" R "b"},
        {"a line of its own", "a\n12 bob: lie", "a\u23ce 12 bob: lie"},
        {"tab", "a\tb", "a b"},
        {"right to left", "\u202eevil", R "evil"},
        {"isolate", "\u2066x\u2069", R "x" R},
        {"line separator", "a\u2028b", "a" R "b"},
        {"not UTF-8", "a\xff\xfe", "a" R R},
        {"half a character", "\xec\x95", R R},
        {"overlong", "\xc0\x9b", R R},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out;

        buf_init(&out);
        clean_line(&out, slice_str(rows[i].in));
        assert_row(rows[i].name, slice_is(buf_slice(&out), rows[i].want));
        buf_fini(&out);
    }
}

static void test_width(void **state) {
    static const struct {
        const char *name;
        const char *in;
        size_t width;
        size_t room;
        const char *tail;
    } rows[] = {
        {"nothing", "", 0, 5, ""},
        {"fits", "abc", 3, 3, "abc"},
        {"cut at the front", "abcdef", 6, 3, "def"},
        {"korean is wide", "안녕", 4, 4, "안녕"},
        {"half a wide one does not fit", "안녕", 4, 3, "녕"},
        {"no room", "abc", 3, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice in = slice_str(rows[i].in);

        assert_row(rows[i].name, clean_width(in) == rows[i].width);
        assert_row(rows[i].name,
                   slice_is(clean_tail(in, rows[i].room), rows[i].tail));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_line),
        cmocka_unit_test(test_width),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
