/* cmocka's assertions for table-driven tests: the failing row says its name. */
#ifndef MOIM_TESTS_ASSERT_ROW_H
#define MOIM_TESTS_ASSERT_ROW_H

/* cmocka.h needs these four first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_row(name, truth)                                                \
    do {                                                                       \
        if (!(truth)) {                                                        \
            fail_msg("row \"%s\": %s", (name), #truth);                        \
        }                                                                      \
    } while (0)

#endif
