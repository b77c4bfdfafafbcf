/* The hash that is stored: the vectors of its authors. */
#include "proto/base/hash.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

/* http://www.isthe.com/chongo/src/fnv/test_fnv.c */
static void test_vectors(void **state) {
    static const struct {
        const char *text;
        uint64_t want;
    } rows[] = {
        {"", UINT64_C(0xcbf29ce484222325)},
        {"a", UINT64_C(0xaf63dc4c8601ec8c)},
        {"b", UINT64_C(0xaf63df4c8601f1a5)},
        {"foobar", UINT64_C(0x85944171f73967e8)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].text,
                   hash_fnv1a(slice_str(rows[i].text)) == rows[i].want);
    }
    /* A NUL is a byte as any other. */
    assert_int_not_equal(hash_fnv1a(SLICE_LIT("a\0")),
                         hash_fnv1a(SLICE_LIT("a")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
