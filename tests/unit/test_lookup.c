/* Names and their addresses: numbers need no server, and a look-up that was
 * given up tells nobody. */
#include "proto/net/lookup.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"
#include "tests/unit/drive.h"

struct found {
    size_t answers;
    enum rc rc;
    char address[64];
};

static void on_found(void *ctx, enum rc rc, const char *address) {
    struct found *f = ctx;

    f->answers++;
    f->rc = rc;
    snprintf(f->address, sizeof(f->address), "%s",
             address == NULL ? "" : address);
}

static bool answered(void *ctx) {
    return ((struct found *)ctx)->answers > 0;
}

static void test_numbers(void **state) {
    static const struct {
        const char *host;
        const char *port;
        const char *want;
    } rows[] = {
        {"127.0.0.1", "443", "127.0.0.1:443"},
        {"::1", "80", "[::1]:80"},
    };
    struct loop loop;

    (void)state;
    assert_int_equal(loop_init(&loop), RC_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct found f = {0};
        struct lookup *k;

        assert_row(rows[i].host,
                   lookup_start(&k, &loop, rows[i].host, rows[i].port, on_found,
                                &f) == RC_OK);
        assert_row(rows[i].host, drive_until(&loop, answered, &f));
        assert_row(rows[i].host, f.rc == RC_OK && f.answers == 1);
        assert_row(rows[i].host, strcmp(f.address, rows[i].want) == 0);
    }
    loop_fini(&loop);
}

static void test_cancel(void **state) {
    struct found f = {0};
    struct loop loop;
    struct lookup *k;

    (void)state;
    assert_int_equal(loop_init(&loop), RC_OK);
    assert_int_equal(lookup_start(&k, &loop, "127.0.0.1", "80", on_found, &f),
                     RC_OK);
    lookup_cancel(k);
    loop_run(&loop);
    assert_int_equal(f.answers, 0);
    loop_fini(&loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
