/* The benchmark's histogram: every value lands where a percentile finds it
 * again, within the promised 1.6 %. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "bench/hist.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

static struct hist *new_hist(void) {
    return mem_new(sizeof(struct hist));
}

static void test_one_value(void **state) {
    static const struct {
        const char *name;
        uint64_t us;
    } rows[] = {
        {"nothing", 0},
        {"one", 1},
        {"last exact", 63},
        {"first doubling", 64},
        {"last of it", 127},
        {"two wide", 129},
        {"a millisecond", 1000},
        {"a minute", 60000000},
        {"the longest", (UINT64_C(1) << HIST_BITS) - 1},
        {"too long", UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct hist *h = new_hist();
        uint64_t most = (UINT64_C(1) << HIST_BITS) - 1;
        uint64_t want = rows[i].us < most ? rows[i].us : most;
        uint64_t got;

        hist_add(h, rows[i].us);
        got = hist_at(h, 0.5);
        assert_row(rows[i].name, h->max_us == rows[i].us);
        assert_row(rows[i].name, got == want);
        mem_free(h);
    }
}

/* A larger value beside it takes away the help of the maximum. */
static void test_error_is_small(void **state) {
    struct hist *h = new_hist();

    (void)state;
    for (uint64_t us = 1; us < UINT64_C(1) << 35; us = us * 5 / 4 + 1) {
        uint64_t got;

        memset(h, 0, sizeof(*h));
        hist_add(h, us);
        hist_add(h, UINT64_MAX);
        got = hist_at(h, 0.5);
        assert_true(got >= us);
        assert_true(got <= us + us / 64);
    }
    mem_free(h);
}

static void test_percentiles(void **state) {
    static const struct {
        const char *name;
        double share;
        uint64_t from;
        uint64_t to;
    } rows[] = {
        {"none", 0, 1, 1},         {"half", 0.5, 500, 508},
        {"most", 0.99, 990, 1000}, {"nearly all", 0.999, 999, 1000},
        {"all", 1, 1000, 1000},
    };
    struct hist *h = new_hist();

    (void)state;
    for (uint64_t us = 1; us <= 1000; us++) {
        hist_add(h, us);
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t got = hist_at(h, rows[i].share);

        assert_row(rows[i].name, got >= rows[i].from && got <= rows[i].to);
    }
    mem_free(h);
}

static void test_empty(void **state) {
    struct hist *h = new_hist();

    (void)state;
    assert_int_equal(hist_at(h, 0.5), 0);
    assert_int_equal(hist_at(h, 1), 0);
    mem_free(h);
}

static void test_merge(void **state) {
    struct hist *a = new_hist();
    struct hist *b = new_hist();

    (void)state;
    hist_add(a, 10);
    hist_add(b, 20);
    hist_add(b, 30);
    hist_merge(a, b);
    assert_int_equal(a->count, 3);
    assert_int_equal(a->max_us, 30);
    assert_int_equal(hist_at(a, 0.5), 20);
    mem_free(a);
    mem_free(b);
}

static void test_subtract(void **state) {
    struct hist *before = new_hist();
    struct hist *after = new_hist();

    (void)state;
    hist_add(before, 5);
    hist_add(before, 70000);
    hist_merge(after, before);
    hist_add(after, 7);
    hist_add(after, 9);
    hist_subtract(after, before);
    assert_int_equal(after->count, 2);
    assert_int_equal(hist_at(after, 0.5), 7);
    assert_int_equal(hist_at(after, 1), 9);
    mem_free(before);
    mem_free(after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_value),
        cmocka_unit_test(test_error_is_small),
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_subtract),
    };

    return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
