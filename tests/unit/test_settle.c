/* Everything is as it was, and less is in memory. */
#include "proto/base/settle.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/rc.h"

/* Of files: programs and libraries. */
static unsigned long resident_kb(void) {
    FILE *status = fopen("/proc/self/status", "r");
    unsigned long kb = 0;
    char line[128];

    assert_non_null(status);
    while (fgets(line, sizeof(line), status) != NULL) {
        (void)sscanf(line, "RssFile: %lu", &kb);
    }
    fclose(status);
    return kb;
}

static void test_settle(void **state) {
    static const char *const relocated[] = {"one", "two"};
    static char written[8192] = "as the program has it";
    char *mine = mem_dup("mine", 4);
    unsigned long before = resident_kb();

    (void)state;
    memset(written + 4096, 'w', 4096);
    settle();
    assert_true(resident_kb() < before);
    assert_string_equal(written, "as the program has it");
    assert_int_equal(written[8191], 'w');
    assert_string_equal(relocated[1], "two");
    assert_string_equal(mine, "mine");
    assert_string_equal(rc_str(RC_OK), "success");
    mem_free(mine);
    settle(); /* nothing is left to do */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_settle)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
