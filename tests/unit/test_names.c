/* User names: which are allowed, and which are the same. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "gateway/names.h"
#include "proto/base/macros.h"

struct name_row {
    const char *why;
    const char *name;
    const char *key; /* NULL: refused */
};

#define TEN "aaaaaaaaaa"

static const struct name_row rows[] = {
    {"plain", "ann", "ann"},
    {"one letter", "a", "a"},
    {"case does not count", "AnN", "ann"},
    {"full folding",
     "Stra\xc3\x9f"
     "e",
     "strasse"},
    {"compatibility forms", "\xef\xbc\xa1nn", "ann"},
    {"composed or not", "e\xcc\x81", "\xc3\xa9"},
    {"other scripts", "\xeb\xaa\xa8\xec\x9e\x84", "\xeb\xaa\xa8\xec\x9e\x84"},
    {"digits", "r2d2", "r2d2"},
    {"joiners inside", "a.b_c-d", "a.b_c-d"},
    {"32 characters", TEN TEN TEN "aa", TEN TEN TEN "aa"},
    {"reserved only as a whole", "adminer", "adminer"},
    {"Cyrillic", "алиса", "алиса"},
    {"Cyrillic and digits", "алиса_17", "алиса_17"},
    {"Korean with Latin and Han", "모임moim會", "모임moim會"},
    {"Japanese in all its scripts", "東京タワーのkai", "東京タワーのkai"},
    {"Chinese with Bopomofo", "中ㄅabc", "中ㄅabc"},
    {"Latin with a Cyrillic letter", "\xd0\xb0lice", NULL},
    {"Latin with a Greek letter", "\xce\xb1lice", NULL},
    {"Greek and Cyrillic", "\xce\xb1\xd0\xb0", NULL},
    {"Korean and Japanese", "모임の", NULL},
    {"Korean and Cyrillic", "모임а", NULL},
    {"empty", "", NULL},
    {"33 characters", TEN TEN TEN "aaa", NULL},
    {"65 bytes",
     "\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8"
     "\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8"
     "\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8"
     "\xeb\xaa\xa8\xeb\xaa\xa8\xeb\xaa\xa8"
     "ab",
     NULL},
    {"joiner first", ".ann", NULL},
    {"joiner last", "ann-", NULL},
    {"two joiners", "a--b", NULL},
    {"joiner alone", "_", NULL},
    {"space", "ann lee", NULL},
    {"sign", "ann!", NULL},
    {"emoji", "\xf0\x9f\x98\x80", NULL},
    {"control character",
     "a\x01"
     "b",
     NULL},
    {"zero width joiner",
     "a\xe2\x80\x8d"
     "b",
     NULL},
    {"right-to-left override",
     "a\xe2\x80\xae"
     "b",
     NULL},
    {"not UTF-8",
     "a\xff"
     "b",
     NULL},
    {"cut off UTF-8", "a\xeb\xaa", NULL},
    {"overlong UTF-8",
     "a\xc0\xae"
     "b",
     NULL},
    {"ours", "admin", NULL},
    {"ours in other clothes", "ADM\xef\xbc\xa9N", NULL},
    {"ours too", "Moim", NULL},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct name_row *row = &rows[i];
        struct buf key;
        enum rc rc;

        buf_init(&key);
        rc = name_key(slice_str(row->name), &key);
        assert_row(row->why, rc == (row->key == NULL ? RC_BAD_INPUT : RC_OK));
        assert_row(row->why,
                   slice_is(buf_slice(&key), row->key == NULL ? "" : row->key));
        buf_fini(&key);
    }
}

/* A name never keeps its NUL to itself. */
static void test_nul(void **state) {
    struct buf key;

    (void)state;
    buf_init(&key);
    assert_int_equal(name_key(slice_of("a\0b", 3), &key), RC_BAD_INPUT);
    buf_fini(&key);
}

/* The key of a key is itself: looking up by key is stable. */
static void test_stable(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf key;

        if (rows[i].key == NULL) {
            continue;
        }
        buf_init(&key);
        assert_row(rows[i].why,
                   name_key(slice_str(rows[i].key), &key) == RC_OK);
        assert_row(rows[i].why, slice_is(buf_slice(&key), rows[i].key));
        buf_fini(&key);
    }
}

static void test_prefix(void **state) {
    static const struct {
        const char *prefix;
        const char *key; /* NULL: no name begins so */
    } prefixes[] = {
        {"A", "a"},      {"ad.", "ad."}, {"admin", "admin"}, {"x_", "x_"},
        {"모", "모"},    {"", NULL},     {".", NULL},        {"a..", NULL},
        {"a%", NULL},    {"a b", NULL},  {"a*", NULL},       {"\\", NULL},
        {"a\x1b", NULL}, {"\xff", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        struct slice prefix = slice_str(prefixes[i].prefix);
        const char *want = prefixes[i].key;
        struct buf key;
        enum rc rc;

        buf_init(&key);
        rc = name_prefix_key(prefix, &key);
        assert_row(prefixes[i].prefix, (rc == RC_OK) == (want != NULL));
        assert_row(prefixes[i].prefix,
                   slice_is(buf_slice(&key), want == NULL ? "" : want));
        buf_fini(&key);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_stable),
        cmocka_unit_test(test_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
