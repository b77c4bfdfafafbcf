/* What is free in the heap between pieces in use goes back to the kernel, and
 * what is in use stays. */
#include "proto/base/settle.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/assert_row.h"

#include "proto/base/mem.h"

enum {
    PIECES = 8192,
    PIECE_BYTES = 2048,
    KEPT_EACH = 64, /* one of so many */
};

/* Of this process, in bytes. */
static size_t resident(void) {
    FILE *f = fopen("/proc/self/statm", "r");
    size_t whole;
    size_t pages;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%zu %zu", &whole, &pages), 2);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void test_holes(void **state) {
    static uint8_t *pieces[PIECES];
    size_t freed = 0;
    size_t before;

    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = mem_new(PIECE_BYTES);
        memset(pieces[i], (int)(i % 251), PIECE_BYTES);
    }
    for (size_t i = 0; i < PIECES; i++) {
        if (i % KEPT_EACH != 0) {
            mem_free(pieces[i]);
            freed += PIECE_BYTES;
        }
    }
    before = resident();
    settle_heap();
#ifndef __SANITIZE_ADDRESS__ /* whose heap is not malloc's */
    assert_true(before > resident() && before - resident() > freed / 2);
#else
    (void)before;
    (void)freed;
#endif
    for (size_t i = 0; i < PIECES; i += KEPT_EACH) {
        for (size_t j = 0; j < PIECE_BYTES; j++) {
            assert_int_equal(pieces[i][j], i % 251);
        }
        mem_free(pieces[i]);
    }
}

/* The pages of programs and libraries come back as they are used. */
static void test_settle(void **state) {
    (void)state;
    settle();
    assert_true(resident() > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_settle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
