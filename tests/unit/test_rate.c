/* The token bucket: bursts, earning back, waiting, a clock that wraps. */
#include "tests/unit/assert_row.h"

#include "chat-core/rate.h"
#include "proto/base/macros.h"

struct take_row {
    const char *name;
    struct rate_rule rule;
    uint64_t before_ms; /* the bucket was emptied then */
    uint64_t now_ms;
    unsigned taken; /* tokens there are now */
    uint32_t wait_ms;
};

static const struct take_row take_rows[] = {
    {"at once there is nothing", {10, 5}, 1000, 1000, 0, 100},
    {"one token short of a ms", {10, 5}, 1000, 1099, 0, 1},
    {"one token", {10, 5}, 1000, 1100, 1, 100},
    {"one token and a half", {10, 5}, 1000, 1150, 1, 50},
    {"never more than the burst", {10, 5}, 1000, 100000, 5, 100},
    {"slow and single", {1, 1}, 0, 999, 0, 1},
    {"slow and single, earned", {1, 1}, 0, 1000, 1, 1000},
    {"the clock's low half wraps", {10, 5}, 0xffffffffu, 0x100000063u, 1, 100},
    {"huge", {1000000, 4000000}, 0, 1, 1000, 1},
    {"nothing is ever earned", {0, 3}, 0, 1000000, 0, 0},
};

static void empty(struct rate *r, struct rate_rule rule, uint64_t now_ms) {
    while (rate_take(r, rule, now_ms)) {
    }
}

static void test_take(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(take_rows); i++) {
        const struct take_row *row = &take_rows[i];
        struct rate r = {0, 0};
        unsigned taken = 0;

        empty(&r, row->rule, row->before_ms);
        while (rate_take(&r, row->rule, row->now_ms)) {
            taken++;
        }
        assert_row(row->name, taken == row->taken);
        assert_row(row->name, rate_wait_ms(&r, row->rule) == row->wait_ms);
    }
}

/* A bucket nobody has touched is full, whenever it is first used. */
static void test_zeroed_is_full(void **state) {
    const struct rate_rule rule = {10, 3};

    (void)state;
    for (uint64_t now = 0; now < 1000; now += 333) {
        struct rate r = {0, 0};

        assert_int_equal(rate_wait_ms(&r, rule), 0);
        for (int i = 0; i < 3; i++) {
            assert_true(rate_take(&r, rule, now));
        }
        assert_false(rate_take(&r, rule, now));
    }
}

/* What rate_wait_ms says is neither too long nor too short. */
static void test_wait_is_exact(void **state) {
    const struct rate_rule rule = {7, 2};
    struct rate r = {0, 0};
    uint64_t now = 5000;

    (void)state;
    for (int i = 0; i < 100; i++) {
        uint32_t wait;

        empty(&r, rule, now);
        wait = rate_wait_ms(&r, rule);
        assert_true(wait > 0);
        assert_false(rate_take(&r, rule, now + wait - 1));
        now += wait;
        assert_true(rate_take(&r, rule, now));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_zeroed_is_full),
        cmocka_unit_test(test_wait_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
