/* Where a Redis server is. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "storage/redis_url.h"

static void test_rows(void **state) {
    static const struct {
        const char *text;
        const char *address;
        const char *host;
        enum rc want;
        bool tls;
    } rows[] = {
        {"127.0.0.1:6379", "127.0.0.1:6379", "127.0.0.1", RC_OK, false},
        {"unix:/run/redis", "unix:/run/redis", "unix", RC_OK, false},
        {"redis://10.0.0.1:1", "10.0.0.1:1", "10.0.0.1", RC_OK, false},
        {"redis://unix:/run/r", "unix:/run/r", "unix", RC_OK, false},
        {"rediss://10.0.0.1:2", "10.0.0.1:2", "10.0.0.1", RC_OK, true},
        {"rediss://[::1]:6380", "[::1]:6380", "::1", RC_OK, true},
        {"rediss://unix:/run/redis", "", "", RC_BAD_INPUT, true},
        {"rediss://", "", "", RC_BAD_INPUT, true},
        {"rediss://10.0.0.1", "", "", RC_BAD_INPUT, true},
        {"rediss:/10.0.0.1:1", "", "", RC_BAD_INPUT, false},
        {"REDISS://10.0.0.1:1", "", "", RC_BAD_INPUT, false},
        {"redis://redis://10.0.0.1:1", "", "", RC_BAD_INPUT, false},
        {"rediss://10.0.0.1:1/0", "", "", RC_BAD_INPUT, true},
        {"", "", "", RC_BAD_INPUT, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct redis_url url;

        assert_row(rows[i].text,
                   redis_url_parse(rows[i].text, &url) == rows[i].want);
        if (rows[i].want == RC_OK) {
            assert_row(rows[i].text, strcmp(url.address, rows[i].address) == 0);
            assert_row(rows[i].text, url.tls == rows[i].tls);
            assert_row(rows[i].text, strcmp(url.host, rows[i].host) == 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
