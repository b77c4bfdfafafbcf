/* What the benchmark reads of a text of Prometheus. */
#include "tests/unit/assert_row.h"

#include "bench/scrape.h"
#include "proto/base/macros.h"

static void test_sum(void **state) {
    static const char text[] = "# HELP a_total How many.\n"
                               "a_total 3\n"
                               "a_total_more 50\n"
                               "b_count{stmt=\"one two\"} 4\n"
                               "b_count{stmt=\"three\"} 5\n"
                               "b_count_bucket{le=\"1\"} 70\n"
                               "c 1.5e2";
    static const struct {
        const char *name;
        double want;
    } rows[] = {
        {"a_total", 3}, {"b_count", 9}, {"c", 150}, {"a_", 0}, {"d", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double got = scrape_sum(slice_str(text), rows[i].name);

        assert_row(rows[i].name, got >= rows[i].want && got <= rows[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum),
    };

    return cmocka_run_group_tests_name("bench_scrape", tests, NULL, NULL);
}
