/* The machine's two clocks: one never goes back, the other is Unix time. */
#include "proto/base/clock.h"

#include "tests/unit/assert_row.h"

#include <time.h>

static void test_read(void **state) {
    struct clock before = {0};
    struct clock after = {0};
    time_t now;

    (void)state;
    clock_update(&before);
    now = time(NULL);
    for (unsigned i = 0; i < 1000; i++) {
        clock_update(&after);
        assert_true(after.mono_ms >= before.mono_ms);
    }
    assert_in_range(after.mono_ms - before.mono_ms, 0, 5000);
    assert_in_range((uint64_t)now, before.wall_ms / 1000,
                    after.wall_ms / 1000 + 1);
    /* Milliseconds, and of two clocks: this machine was not started in 1970. */
    assert_true(after.wall_ms > UINT64_C(1600000000000));
    assert_true(after.mono_ms < after.wall_ms);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
