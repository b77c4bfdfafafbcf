/* Chance that can be repeated, and the hash that never changes. */
#include "proto/base/rand.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/hash.h"
#include "proto/base/macros.h"

static void test_seed(void **state) {
    struct rand a;
    struct rand b;
    struct rand other;
    size_t same = 0;

    (void)state;
    rand_seed(&a, 7);
    rand_seed(&b, 7);
    rand_seed(&other, 8);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t v = rand_u64(&a);

        assert_true(v == rand_u64(&b));
        same += v == rand_u64(&other);
    }
    assert_int_equal(same, 0);
}

/* The published generator, seeded through splitmix64 as its authors say: the
 * numbers are those of another implementation. */
static void test_known(void **state) {
    struct rand r;
    uint64_t first;
    uint64_t v = 0;

    (void)state;
    rand_seed(&r, 0);
    first = rand_u64(&r);
    for (unsigned i = 1; i < 1000; i++) {
        v = rand_u64(&r);
    }
    assert_true(first == UINT64_C(0x99ec5f36cb75f2b4));
    assert_true(v == UINT64_C(0x7aac8c483a2edd2f)); /* the thousandth */
}

/* Every number below the bound comes, about as often as the others. */
static void test_below(void **state) {
    static const uint64_t bounds[] = {1, 2, 3, 10, 1000};
    struct rand r;

    (void)state;
    rand_seed(&r, 1);
    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        uint64_t counts[1000] = {0};

        for (uint64_t n = 0; n < bounds[i] * 1000; n++) {
            uint64_t v = rand_below(&r, bounds[i]);

            assert_true(v < bounds[i]);
            counts[v]++;
        }
        for (uint64_t v = 0; v < bounds[i]; v++) {
            assert_in_range(counts[v], 800, 1200);
        }
    }
    for (unsigned i = 0; i < 100; i++) {
        assert_true(rand_below(&r, UINT64_MAX) < UINT64_MAX);
    }
}

static void test_kernel(void **state) {
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    struct rand x;
    struct rand y;

    (void)state;
    rand_seed_from_kernel(&x);
    rand_seed_from_kernel(&y);
    assert_true(rand_u64(&x) != rand_u64(&y));
    rand_secret(a, sizeof(a));
    rand_secret(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    rand_secret(a, 0);
}

/* Stored for ever, so these numbers are for ever; the first is the offset
 * basis, the others are in the list of FNV's authors. */
static void test_hash(void **state) {
    static const struct {
        const char *text;
        uint64_t want;
    } cases[] = {
        {"", UINT64_C(0xcbf29ce484222325)},
        {"a", UINT64_C(0xaf63dc4c8601ec8c)},
        {"foobar", UINT64_C(0x85944171f73967e8)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_row(cases[i].text,
                   hash_fnv1a(slice_str(cases[i].text)) == cases[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed),  cmocka_unit_test(test_known),
        cmocka_unit_test(test_below), cmocka_unit_test(test_kernel),
        cmocka_unit_test(test_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
