/* Tries by name: bursts, earning back, forgetting, a full table. */
#include "tests/unit/assert_row.h"

#include <stdio.h>

#include "gateway/throttle.h"
#include "proto/base/macros.h"

enum {
    TRIES = 5,
    WINDOW_MS = 60000,
    EACH_MS = WINDOW_MS / TRIES,
};

struct step {
    const char *name;
    const char *who;
    uint64_t now_ms;
    uint64_t wait_ms;
};

static const struct step steps[] = {
    {"first", "ann", 1000, 0},
    {"second", "ann", 1000, 0},
    {"third", "ann", 1000, 0},
    {"fourth", "ann", 1000, 0},
    {"fifth", "ann", 1000, 0},
    {"one too many", "ann", 1000, EACH_MS},
    {"refusing costs nothing", "ann", 1000, EACH_MS},
    {"others are not concerned", "bob", 1000, 0},
    {"nearly", "ann", 1000 + EACH_MS - 1, 1},
    {"earned one", "ann", 1000 + EACH_MS, 0},
    {"and no more", "ann", 1000 + EACH_MS, EACH_MS},
    {"quiet for long", "ann", 1000 + 3 * WINDOW_MS, 0},
    {"the burst is back", "ann", 1000 + 3 * WINDOW_MS, 0},
};

static void test_steps(void **state) {
    struct throttle t;

    (void)state;
    throttle_init(&t, TRIES, WINDOW_MS);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        const struct step *s = &steps[i];

        assert_row(s->name, throttle_take(&t, slice_str(s->who), s->now_ms) ==
                                s->wait_ms);
    }
    throttle_fini(&t);
}

static void exhaust(struct throttle *t, struct slice name) {
    while (throttle_take(t, name, 1000) == 0) {
    }
}

static void test_clear(void **state) {
    struct throttle t;

    (void)state;
    throttle_init(&t, TRIES, WINDOW_MS);
    throttle_clear(&t, SLICE_LIT("nobody"));
    exhaust(&t, SLICE_LIT("ann"));
    throttle_clear(&t, SLICE_LIT("ann"));
    assert_int_equal(throttle_take(&t, SLICE_LIT("ann"), 1000), 0);
    throttle_fini(&t);
}

/* The table has a limit; who tried last is remembered. */
static void test_full_table(void **state) {
    struct throttle t;

    (void)state;
    throttle_init(&t, 1, WINDOW_MS);
    assert_int_equal(throttle_take(&t, SLICE_LIT("quiet"), 1000), 0);
    assert_int_equal(throttle_take(&t, SLICE_LIT("busy"), 1000), 0);
    for (unsigned i = 0; i < THROTTLE_NAMES_MAX - 1; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(throttle_take(&t, slice_str(name), 1000), 0);
        if (i == 10) {
            assert_true(throttle_take(&t, SLICE_LIT("busy"), 1000) > 0);
        }
    }
    assert_int_equal(t.names.count, THROTTLE_NAMES_MAX);
    assert_true(throttle_take(&t, SLICE_LIT("busy"), 1000) > 0);
    assert_int_equal(throttle_take(&t, SLICE_LIT("quiet"), 1000), 0);
    throttle_fini(&t);
    assert_int_equal(t.names.count, 0);
}

/* By rate: the burst at once, then one by one, to a thousandth of a ms. */
static void test_rate(void **state) {
    static const struct {
        uint64_t per_s;
        uint64_t burst;
        uint64_t wait_ms; /* after the burst */
    } rows[] = {
        {1, 1, 1000},  {10, 30, 100},       {1000, 5, 1},
        {3000, 10, 1}, {1000000, 10000, 1}, {1000000, 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct throttle t;
        char name[32];

        snprintf(name, sizeof(name), "%d a second", (int)rows[i].per_s);
        throttle_init_rate(&t, rows[i].per_s, rows[i].burst);
        for (uint64_t n = 0; n < rows[i].burst; n++) {
            assert_row(name, throttle_take(&t, SLICE_LIT("ann"), 1000) == 0);
        }
        assert_row(name, throttle_take(&t, SLICE_LIT("ann"), 1000) ==
                             rows[i].wait_ms);
        assert_row(name, throttle_take(&t, SLICE_LIT("ann"),
                                       1000 + rows[i].wait_ms) == 0);
        throttle_fini(&t);
    }
}

/* Whoever has everything back is forgotten as others come. */
static void test_sweep(void **state) {
    struct throttle t;

    (void)state;
    throttle_init(&t, TRIES, WINDOW_MS);
    for (unsigned i = 0; i < 100; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(throttle_take(&t, slice_str(name), 1000), 0);
    }
    exhaust(&t, SLICE_LIT("busy"));
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(
            throttle_take(&t, SLICE_LIT("ann"), 1000 + (i + 1) * EACH_MS), 0);
    }
    assert_int_equal(t.names.count, 1);
    throttle_fini(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),      cmocka_unit_test(test_clear),
        cmocka_unit_test(test_full_table), cmocka_unit_test(test_rate),
        cmocka_unit_test(test_sweep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
