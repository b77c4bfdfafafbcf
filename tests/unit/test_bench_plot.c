/* The benchmark's picture: bars have their lengths, limits their lines, and
 * what was not measured is not drawn. */
#include "tests/unit/assert_row.h"

#include <math.h>

#include "bench/plot.h"
#include "proto/base/macros.h"

static void fill(struct report *r) {
    report_init(r, "direct");
    report_add(r, NULL, "sessions", 20000, "");
    report_add(r, "latency_ms", "p50", 1, "ms");
    report_add(r, "latency_ms", "p99", 4, "ms");
    report_add(r, "latency_ms", "max", (double)NAN, "ms");
    report_add(r, "ratio", "over", 2, "x");
    report_limit(r, 1);
    report_add(r, "ratio", "below", -1, "x");
}

static void test_parts(void **state) {
    static const struct {
        const char *name;
        const char *want;
        bool there;
    } rows[] = {
        {"title", ">direct</text>", true},
        {"group", ">latency_ms</text>", true},
        {"a quarter", "width=\"90.0\"", true},
        {"the longest", "width=\"360.0\"", true},
        {"a limit's line at half", "M420.0 ", true},
        {"over its limit", "#c0504d", true},
        {"below zero has no length", "width=\"0.0\"", true},
        {"outside of groups", "sessions", false},
        {"not measured", ">max<", false},
        {"not a number", "nan", false},
    };
    struct report r;
    struct buf b;

    (void)state;
    fill(&r);
    buf_init(&b);
    plot_svg(&r, &b);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool there = slice_after(buf_slice(&b), rows[i].want).p != NULL;

        assert_row(rows[i].name, there == rows[i].there);
    }
    assert_true(slice_starts(buf_slice(&b), "<svg "));
    buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
    };

    return cmocka_run_group_tests_name("bench_plot", tests, NULL, NULL);
}
