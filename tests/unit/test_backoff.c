/* Waits that grow, spread and stay between their bounds. */
#include "tests/unit/assert_row.h"

#include "storage/backoff.h"

enum {
    SEEDS = 500,
    TRIES = 12,
};

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static void test_bounds(void **state) {
    uint64_t longest_ms[TRIES] = {0};
    uint64_t shortest_ms[TRIES];

    (void)state;
    for (int i = 0; i < TRIES; i++) {
        shortest_ms[i] = UINT64_MAX;
    }
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct backoff b;
        struct rand r;
        uint64_t ceiling_ms = BACKOFF_FIRST_MS;

        rand_seed(&r, seed);
        backoff_reset(&b);
        for (int i = 0; i < TRIES; i++) {
            uint64_t ms = backoff_next(&b, &r);

            assert_in_range(ms, BACKOFF_FLOOR_MS, ceiling_ms);
            longest_ms[i] = ms > longest_ms[i] ? ms : longest_ms[i];
            shortest_ms[i] = least(ms, shortest_ms[i]);
            ceiling_ms = least(2 * ceiling_ms, BACKOFF_MOST_MS);
        }
    }
    /* Full jitter: of many clients some come soon, some late, every time. */
    for (int i = 0; i < TRIES; i++) {
        assert_true(shortest_ms[i] < longest_ms[i] / 10 + BACKOFF_FLOOR_MS);
    }
    assert_true(longest_ms[TRIES - 1] > BACKOFF_MOST_MS * 9 / 10);
}

static void test_reset(void **state) {
    struct backoff b;
    struct rand r;

    (void)state;
    rand_seed(&r, 1);
    backoff_reset(&b);
    for (int i = 0; i < TRIES; i++) {
        (void)backoff_next(&b, &r);
    }
    backoff_reset(&b);
    assert_in_range(backoff_next(&b, &r), BACKOFF_FLOOR_MS, BACKOFF_FIRST_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
