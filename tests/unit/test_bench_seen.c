/* The benchmark's window of messages: what is told twice is noticed, what
 * comes out of order is not taken for it. */
#include "tests/unit/assert_row.h"

#include "bench/seen.h"
#include "proto/base/macros.h"

static void test_steps(void **state) {
    static const struct {
        const char *name;
        uint64_t n;
        bool before;
    } steps[] = {
        {"the first", 0, false},
        {"again", 0, true},
        {"the next", 1, false},
        {"one is missing", 3, false},
        {"and comes", 2, false},
        {"and comes twice", 2, true},
        {"far ahead", 100, false},
        {"the window's far end", 37, false},
        {"again at the end", 37, true},
        {"older than the window", 36, true},
        {"63 ahead keeps one", 163, false},
        {"that one", 100, true},
        {"64 ahead keeps none", 227, false},
        {"its window is empty", 164, false},
        {"its window begins there", 163, true},
    };
    struct seen s = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        assert_row(steps[i].name,
                   seen_before(&s, steps[i].n) == steps[i].before);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
    };

    return cmocka_run_group_tests_name("bench_seen", tests, NULL, NULL);
}
