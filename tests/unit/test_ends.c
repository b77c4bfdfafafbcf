/* How sessions ended: each code has its own count. */
#include "gateway/ends.h"

#include <string.h>

#include "gateway/session.h"
#include "proto/base/macros.h"
#include "proto/wire/ws.h"
#include "tests/unit/assert_row.h"

static void test_codes(void **state) {
    static const struct {
        const char *name;
        uint16_t code;
        const char *line;
    } rows[] = {
        {"left", ENDS_LEFT, "g_disconnects_total{code=\"left\"} 1\n"},
        {"away", WS_CODE_GOING_AWAY, "g_disconnects_total{code=\"1001\"} 1\n"},
        {"slow", CLOSE_SLOW, "g_disconnects_total{code=\"4000\"} 1\n"},
        {"too many", CLOSE_TOO_MANY, "g_disconnects_total{code=\"4505\"} 1\n"},
        {"unknown", 4999, "g_disconnects_total{code=\"other\"} 1\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ends e = {{0}};
        uint64_t sum = 0;
        struct buf b;

        ends_add(&e, rows[i].code);
        for (size_t k = 0; k < ENDS_COUNT; k++) {
            sum += e.counts[k];
        }
        assert_row(rows[i].name, sum == 1);
        buf_init(&b);
        ends_put(&e, "g", &b);
        buf_add_byte(&b, '\0');
        assert_row(rows[i].name, strstr((char *)b.p, rows[i].line) != NULL);
        buf_fini(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
