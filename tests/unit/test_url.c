/* The receiver's address: its parts, and what is none. */
#include "proto/wire/url.h"

#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"

static void test_parts(void **state) {
    static const struct {
        const char *text;
        bool tls;
        const char *authority;
        const char *host;
        const char *port;
        const char *path;
    } rows[] = {
        {"https://a.example", true, "a.example", "a.example", "443", "/"},
        {"http://a.example/x", false, "a.example", "a.example", "80", "/x"},
        {"https://a.example:8443/x?y=z", true, "a.example:8443", "a.example",
         "8443", "/x?y=z"},
        {"http://127.0.0.1:1?q", false, "127.0.0.1:1", "127.0.0.1", "1", "/?q"},
        {"http://[::1]:80/", false, "[::1]:80", "::1", "80", "/"},
        {"https://[::1]/", true, "[::1]", "::1", "443", "/"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct url u;

        assert_row(rows[i].text, url_parse(rows[i].text, &u) == RC_OK);
        assert_row(rows[i].text, u.tls == rows[i].tls);
        assert_row(rows[i].text, strcmp(u.authority, rows[i].authority) == 0);
        assert_row(rows[i].text, strcmp(u.host, rows[i].host) == 0);
        assert_row(rows[i].text, strcmp(u.port, rows[i].port) == 0);
        assert_row(rows[i].text, strcmp(u.path, rows[i].path) == 0);
    }
}

static void test_none(void **state) {
    static const char *const rows[] = {
        "",
        "a.example/x",
        "ftp://a.example/",
        "HTTPS://a.example/",
        "https://",
        "https:///x",
        "https://user@a.example/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:/",
        "https://a.example/ x",
        "https://a.example/x#y",
        "https://a.example/\r\nHost: b",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct url u;

        assert_row(rows[i], url_parse(rows[i], &u) == RC_BAD_INPUT);
    }
}

/* What is too long is refused and not cut. */
static void test_long(void **state) {
    char text[URL_PATH_MAX + 64] = "https://a.example/";
    size_t n = strlen(text);
    struct url u;

    (void)state;
    memset(text + n, 'x', URL_PATH_MAX - 2);
    assert_int_equal(url_parse(text, &u), RC_OK);
    text[n + URL_PATH_MAX - 2] = 'x';
    assert_int_equal(url_parse(text, &u), RC_BAD_INPUT);
    text[n + 1] = '?';
    assert_int_equal(url_parse(text, &u), RC_BAD_INPUT);
    memset(text + 8, 'a', URL_HOST_MAX);
    assert_int_equal(url_parse(text, &u), RC_BAD_INPUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
