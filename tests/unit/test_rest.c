/* How long somebody rests who failed. */
#include "tests/unit/assert_row.h"

#include "hooks/rest.h"
#include "proto/base/macros.h"

static void test_draw(void **state) {
    static const struct {
        const char *name;
        uint64_t ceiling_ms;
        uint64_t next_ms;
    } rows[] = {
        {"the first", 500, 1000},
        {"a later one", 16000, 32000},
        {"the last that doubles", 30000, 60000},
        {"one that would pass the most", 32000, REST_MOST_MS},
        {"the most", REST_MOST_MS, REST_MOST_MS},
    };
    struct rand rand;

    (void)state;
    rand_seed(&rand, 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t least_ms = UINT64_MAX;
        uint64_t most_ms = 0;

        for (int k = 0; k < 1000; k++) {
            uint64_t ceiling_ms = rows[i].ceiling_ms;
            uint64_t ms = rest_draw(&ceiling_ms, &rand);

            assert_row(rows[i].name, ceiling_ms == rows[i].next_ms);
            least_ms = ms < least_ms ? ms : least_ms;
            most_ms = ms > most_ms ? ms : most_ms;
        }
        assert_row(rows[i].name, least_ms >= rows[i].ceiling_ms / 2);
        assert_row(rows[i].name, most_ms <= rows[i].ceiling_ms);
        assert_row(rows[i].name, least_ms < most_ms);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draw),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
