/* Buckets of times, and how Prometheus reads them. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/histogram.h"
#include "proto/base/macros.h"
#include "proto/wire/prom.h"

static void test_bucket(void **state) {
    static const struct {
        const char *name;
        uint64_t us;
        unsigned bucket;
    } rows[] = {
        {"nothing", 0, 0},
        {"on the first bound", 100, 0},
        {"over the first bound", 101, 1},
        {"on the last bound", 10000000, HISTOGRAM_BUCKETS - 1},
        {"over the last bound", 10000001, HISTOGRAM_BUCKETS},
        {"as long as can be", UINT64_MAX, HISTOGRAM_BUCKETS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct histogram h = {0};

        histogram_add(&h, rows[i].us);
        assert_row(rows[i].name, h.counts[rows[i].bucket] == 1);
        assert_row(rows[i].name, h.sum_us == rows[i].us);
    }
}

static void test_bounds_ascend(void **state) {
    (void)state;
    for (unsigned i = 1; i < HISTOGRAM_BUCKETS; i++) {
        assert_true(histogram_bounds_us[i] > histogram_bounds_us[i - 1]);
    }
}

static void test_since(void **state) {
    static const struct {
        const char *name;
        uint64_t from, now, sum;
    } rows[] = {
        {"later", 1000, 1300, 300},
        {"the same", 1000, 1000, 0},
        {"a clock that went back", 1000, 999, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct histogram h = {0};

        histogram_add_since(&h, rows[i].from, rows[i].now);
        assert_row(rows[i].name, h.sum_us == rows[i].sum);
    }
}

static const char page[] = "# HELP p_wait_seconds How long.\n"
                           "# TYPE p_wait_seconds histogram\n"
                           "p_wait_seconds_bucket{le=\"0.000100\"} 1\n"
                           "p_wait_seconds_bucket{le=\"0.000250\"} 3\n";

/* Each bucket holds those before it too; +Inf is the count. */
static void test_text(void **state) {
    struct histogram h = {0};
    struct buf b;
    struct slice text;

    (void)state;
    histogram_add(&h, 50);
    histogram_add(&h, 150);
    histogram_add(&h, 200);
    histogram_add(&h, 20000000);
    buf_init(&b);
    prom_histogram(&b, "p",
                   &(struct prom_histogram){"wait_seconds", "How long.", &h});
    buf_add_byte(&b, '\0');
    text = buf_slice(&b);
    assert_memory_equal(text.p, page, sizeof(page) - 1);
    assert_non_null(strstr((const char *)text.p,
                           "p_wait_seconds_bucket{le=\"10.000000\"} 3\n"
                           "p_wait_seconds_bucket{le=\"+Inf\"} 4\n"
                           "p_wait_seconds_sum 20.000400\n"
                           "p_wait_seconds_count 4\n"));
    buf_fini(&b);
}

static void test_labels(void **state) {
    struct histogram h = {0};
    struct buf b;

    (void)state;
    histogram_add(&h, 1000000);
    buf_init(&b);
    prom_family(&b, "p", "ask_seconds", "Asking.");
    prom_series(&b, "p", "ask_seconds", "stmt",
                &(struct prom_series){"user_by_id", &h});
    buf_add_byte(&b, '\0');
    assert_non_null(strstr(
        (const char *)b.p,
        "p_ask_seconds_bucket{stmt=\"user_by_id\",le=\"0.500000\"} 0\n"
        "p_ask_seconds_bucket{stmt=\"user_by_id\",le=\"1.000000\"} 1\n"));
    assert_non_null(strstr((const char *)b.p,
                           "p_ask_seconds_sum{stmt=\"user_by_id\",} 1.000000\n"
                           "p_ask_seconds_count{stmt=\"user_by_id\",} 1\n"));
    buf_fini(&b);
}

static void test_plain(void **state) {
    static const struct prom_metric m = {"n_total", "counter", "Ns.", 7};
    struct buf b;

    (void)state;
    buf_init(&b);
    prom_metric(&b, "p", &m);
    assert_true(slice_is(buf_slice(&b), "# HELP p_n_total Ns.\n"
                                        "# TYPE p_n_total counter\n"
                                        "p_n_total 7\n"));
    buf_clear(&b);
    prom_build(&b);
    assert_true(slice_find(buf_slice(&b), '{') < b.n);
    buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket), cmocka_unit_test(test_bounds_ascend),
        cmocka_unit_test(test_since),  cmocka_unit_test(test_text),
        cmocka_unit_test(test_labels), cmocka_unit_test(test_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
