/* cmocka for table-driven tests: the failing row says its name. */
#ifndef MOIM_TESTS_ASSERT_ROW_H
#define MOIM_TESTS_ASSERT_ROW_H

/* cmocka.h needs these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A function and not a macro's `if`, so that a row costs a test no nesting. */
static inline void row_check(const char *name, bool truth, const char *text,
                             const char *file, int line) {
    if (!truth) {
        print_error("row \"%s\": %s\n", name, text);
        _fail(file, line);
    }
}

#define assert_row(name, truth)                                                \
    row_check((name), (truth), #truth, __FILE__, __LINE__)

#endif
