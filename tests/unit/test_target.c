/* URLs of a Moim. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "moimctl/target.h"
#include "proto/base/macros.h"

static void test_parse(void **state) {
    static const struct {
        const char *url;
        enum rc want;
        const char *host;
        const char *name;
        const char *port;
    } rows[] = {
        {"http://127.0.0.1:8080", RC_OK, "127.0.0.1:8080", "127.0.0.1", "8080"},
        {"http://127.0.0.1:8080/", RC_OK, "127.0.0.1:8080", "127.0.0.1",
         "8080"},
        {"http://example.org", RC_OK, "example.org", "example.org", "80"},
        {"localhost:1", RC_OK, "localhost:1", "localhost", "1"},
        {"http://[::1]:80", RC_OK, "[::1]:80", "::1", "80"},
        {"http://[::1]", RC_OK, "[::1]", "::1", "80"},
        {"unix:/run/moim", RC_OK, "localhost", "", ""},
        {"https://example.org", RC_OK, "example.org", "example.org", "443"},
        {"wss://[::1]:8443/", RC_OK, "[::1]:8443", "::1", "8443"},
        {"ws://example.org", RC_OK, "example.org", "example.org", "80"},
        {"https://", RC_BAD_INPUT, "", "", ""},
        {"https://http://host", RC_BAD_INPUT, "", "", ""},
        {"https://host/path", RC_BAD_INPUT, "", "", ""},
        {"", RC_BAD_INPUT, "", "", ""},
        {"http://", RC_BAD_INPUT, "", "", ""},
        {"http://host:0", RC_BAD_INPUT, "", "", ""},
        {"http://host:65536", RC_BAD_INPUT, "", "", ""},
        {"http://host:", RC_BAD_INPUT, "", "", ""},
        {"http://host:8o", RC_BAD_INPUT, "", "", ""},
        {"http://host/path", RC_BAD_INPUT, "", "", ""},
        {"http://me@host", RC_BAD_INPUT, "", "", ""},
        {"http://ho st", RC_BAD_INPUT, "", "", ""},
        {"http://ho\r\nst", RC_BAD_INPUT, "", "", ""},
        {"http://[::1", RC_BAD_INPUT, "", "", ""},
        {"http://[::1]x", RC_BAD_INPUT, "", "", ""},
        {"ftp://host", RC_BAD_INPUT, "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct target t;
        const char *why = NULL;
        enum rc rc = target_parse(rows[i].url, &t, &why);

        assert_row(rows[i].url, rc == rows[i].want);
        assert_row(rows[i].url, rc == RC_OK || strlen(why) > 0);
        assert_row(rows[i].url,
                   rc != RC_OK || strcmp(t.host, rows[i].host) == 0);
        assert_row(rows[i].url,
                   rc != RC_OK || strcmp(t.name, rows[i].name) == 0);
        assert_row(rows[i].url,
                   rc != RC_OK || strcmp(t.port, rows[i].port) == 0);
        assert_row(rows[i].url,
                   rc != RC_OK ||
                       t.tls == (strstr(rows[i].url, "s://") != NULL &&
                                 strncmp(rows[i].url, "ws:", 3) != 0));
    }
}

static void test_too_long(void **state) {
    char url[400];
    struct target t;
    const char *why = NULL;

    (void)state;
    memset(url, 'a', sizeof(url));
    url[sizeof(url) - 1] = '\0';
    assert_int_equal(target_parse(url, &t, &why), RC_BAD_INPUT);
}

static void test_resolve(void **state) {
    struct target t;
    const char *why;

    (void)state;
    assert_int_equal(target_parse("http://127.0.0.1:81", &t, &why), RC_OK);
    assert_int_equal(target_resolve(&t), RC_OK);
    assert_string_equal(t.address, "127.0.0.1:81");
    assert_int_equal(target_parse("unix:/run/moim", &t, &why), RC_OK);
    assert_int_equal(target_resolve(&t), RC_OK);
    assert_string_equal(t.address, "unix:/run/moim");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_resolve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
