/* Everything is as it was, and less is in memory. */
#include "proto/base/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/rc.h"

enum {
    PIECES = 8192,
    PIECE_BYTES = 2048,
    KEPT_EACH = 64, /* one of so many */
};

/* What is resident of one kind: "RssFile:", programs and libraries, or
 * "RssAnon:". */
static unsigned long resident_kb(const char *kind) {
    FILE *status = fopen("/proc/self/status", "r");
    unsigned long kb = 0;
    char line[128];

    assert_non_null(status);
    while (fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, kind, strlen(kind)) == 0) {
            kb = strtoul(line + strlen(kind), NULL, 10);
        }
    }
    fclose(status);
    return kb;
}

static void test_settle(void **state) {
    static const char *const relocated[] = {"one", "two"};
    static char written[8192] = "as the program has it";
    char *mine = mem_dup("mine", 4);
    unsigned long before = resident_kb("RssFile:");

    (void)state;
    memset(written + 4096, 'w', 4096);
    settle();
    assert_true(resident_kb("RssFile:") < before);
    assert_string_equal(written, "as the program has it");
    assert_int_equal(written[8191], 'w');
    assert_string_equal(relocated[1], "two");
    assert_string_equal(mine, "mine");
    assert_string_equal(rc_str(RC_OK), "success");
    mem_free(mine);
    settle(); /* nothing is left to do */
}

/* What is free between pieces in use goes, and what is in use stays. */
static void test_holes(void **state) {
    static uint8_t *pieces[PIECES];
    unsigned long freed = 0;
    unsigned long before;

    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = mem_new(PIECE_BYTES);
        memset(pieces[i], (int)(i % 251), PIECE_BYTES);
    }
    for (size_t i = 0; i < PIECES; i++) {
        if (i % KEPT_EACH != 0) {
            mem_free(pieces[i]);
            freed += PIECE_BYTES / 1024;
        }
    }
    before = resident_kb("RssAnon:");
    settle_heap();
#ifdef __SANITIZE_ADDRESS__ /* whose heap is not malloc's */
    (void)before;
    (void)freed;
#else
    assert_true(resident_kb("RssAnon:") + freed / 2 < before);
#endif
    for (size_t i = 0; i < PIECES; i += KEPT_EACH) {
        for (size_t j = 0; j < PIECE_BYTES; j++) {
            assert_int_equal(pieces[i][j], i % 251);
        }
        mem_free(pieces[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_holes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
