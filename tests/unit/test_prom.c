/* The Prometheus text format, byte for byte. */
#include "proto/wire/prom.h"

#include "tests/unit/assert_row.h"

#include <string.h>

static void expect(struct buf *b, const char *want) {
    buf_add_byte(b, '\0');
    assert_string_equal((const char *)b->p, want);
    buf_clear(b);
}

static void test_metric(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    prom_metric(&b, "p",
                &(struct prom_metric){"n_total", "counter", "Help.", 7});
    expect(&b, "# HELP p_n_total Help.\n# TYPE p_n_total counter\n"
               "p_n_total 7\n");
    prom_metric(&b, "p",
                &(struct prom_metric){"n", "gauge", "Most.", UINT64_MAX});
    expect(&b, "# HELP p_n Most.\n# TYPE p_n gauge\n"
               "p_n 18446744073709551615\n");
    prom_build(&b);
    expect(&b, "# HELP moim_build_info The program that runs.\n"
               "# TYPE moim_build_info gauge\n"
               "moim_build_info{version=\"" MOIM_VERSION "\"} 1\n");
    buf_fini(&b);
}

/* One head for all parts. */
static void test_parts(void **state) {
    static const struct prom_part parts[] = {{"a", 7}, {"b", 0}};
    static const struct prom_metric m = {"n_total", "counter", "Help.", 0};
    struct buf b;

    (void)state;
    buf_init(&b);
    prom_parts(&b, "p", &m, "code", parts, 2);
    expect(&b, "# HELP p_n_total Help.\n# TYPE p_n_total counter\n"
               "p_n_total{code=\"a\"} 7\np_n_total{code=\"b\"} 0\n");
    buf_fini(&b);
}

/* The bounds are the histogram's; here it is how they are written. */
static void test_histogram(void **state) {
    static const char *const lines[] = {
        "# HELP p_t_seconds Help.\n# TYPE p_t_seconds histogram\n",
        "p_t_seconds_bucket{le=\"0.000100\"} 1\n",
        "p_t_seconds_bucket{le=\"10.000000\"} 2\n",
        "p_t_seconds_bucket{le=\"+Inf\"} 3\n",
        "p_t_seconds_sum 21.000050\np_t_seconds_count 3\n",
    };
    struct histogram h = {.sum_us = 0};
    struct buf b;

    (void)state;
    histogram_add(&h, 50);
    histogram_add(&h, 10000000);
    histogram_add(&h, 11000000);
    buf_init(&b);
    prom_histogram(&b, "p", &(struct prom_histogram){"t_seconds", "Help.", &h});
    buf_add_byte(&b, '\0');
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_row(lines[i], strstr((const char *)b.p, lines[i]) != NULL);
    }
    buf_fini(&b);
}

/* A label stands in every line of its series, before `le`. */
static void test_series(void **state) {
    static const char *const lines[] = {
        "p_t_bucket{op=\"read\",le=\"0.000100\"} 0\n",
        "p_t_bucket{op=\"read\",le=\"+Inf\"} 1\n",
        "p_t_sum{op=\"read\",} 1.000000\np_t_count{op=\"read\",} 1\n",
    };
    struct histogram h = {.sum_us = 0};
    struct buf b;

    (void)state;
    histogram_add(&h, 1000000);
    buf_init(&b);
    prom_series(&b, "p", "t", "op", &(struct prom_series){"read", &h});
    buf_add_byte(&b, '\0');
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_row(lines[i], strstr((const char *)b.p, lines[i]) != NULL);
    }
    buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_series),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
