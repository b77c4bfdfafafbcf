/* What is told about the last errors: newest first, and as JSON whatever a
 * line holds. */
#include "proto/wire/log_json.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/macros.h"

static const struct log_ctx ctx = {"test", 0};

static void expect(const char *row, const char *want, bool to_the_end) {
    struct buf b;

    buf_init(&b);
    log_json_put(&b);
    assert_row(row, slice_starts(buf_slice(&b), want));
    assert_row(row, !to_the_end || b.n == strlen(want));
    buf_fini(&b);
}

/* Each line takes the place of the one before: it is the same event. */
static void test_lines(void **state) {
    static const struct {
        const char *name;
        const char *said;
        const char *pairs; /* as JSON */
    } rows[] = {
        {"plain", "n=1", "n=1"},
        {"no pairs", "", ""},
        {"quotes", "why=\"it \\ is\"", "why=\\\"it \\\\ is\\\""},
        {"two lines", "a\nb", "a?b"},
        {"Korean", "why=모임", "why=모임"},
        {"not UTF-8", "why=\xff!", "why=\\ufffd!"},
    };

    (void)state;
    log_setup(LOG_INFO, LOG_LOGFMT, "n1");
    expect("nothing yet", "{\"errors\":[]}", true);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char want[160];
        struct buf b;

        log_warn(&ctx, "line", "%s", rows[i].said);
        snprintf(want, sizeof(want),
                 "\"level\":\"warn\",\"times\":%zu,\"module\":\"test\","
                 "\"event\":\"line\",\"pairs\":\"%s\"}",
                 i + 1, rows[i].pairs);
        expect(rows[i].name, "{\"errors\":[{\"ts\":\"20", false);
        buf_init(&b);
        log_json_put(&b);
        assert_row(rows[i].name,
                   slice_starts(slice_after(buf_slice(&b), "Z\","), want));
        buf_fini(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
