/* Whose a request is: lists of hosts, loopback, and the page's own origin. */
#include "proto/wire/http_host.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"

static void test_lists(void **state) {
    static const struct {
        const char *list;
        const char *host;
        bool is;
    } rows[] = {
        {"", "a", false},
        {"a", "", false},
        {"a b", "B", true},
        {"a b", "b:80", true},
        {"b:80", "b", false},
        {"b:80", "b:81", false},
        {"b:80 c", "B:80", true},
        {"ab", "a", false},
        {"[::1]", "[::1]:80", true},
        {"[::1]", "[::1]", true},
        {"example.org", "evil.example.org", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].host,
                   http_host_listed(rows[i].list, slice_str(rows[i].host)) ==
                       rows[i].is);
    }
    assert_true(http_listed("https://a https://b", SLICE_LIT("https://B")));
    assert_false(http_listed("https://a:1", SLICE_LIT("https://a")));
}

static void test_loopback(void **state) {
    static const struct {
        const char *host;
        bool is;
    } rows[] = {
        {"localhost", true},
        {"LocalHost:9081", true},
        {"127.0.0.1", true},
        {"127.8.8.8:9081", true},
        {"[::1]", true},
        {"[::1]:9081", true},
        {"[::ffff:127.0.0.1]:1", true},
        {"[::2]", false},
        {"10.0.0.1", false},
        {"0.0.0.0:9081", false},
        {"127.0.0.1.evil.example", false},
        {"localhost.evil.example", false},
        {"evil.example:9081", false},
        {"[", false},
        {"[]", false},
        {":", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].host, http_host_is_loopback(
                                     slice_str(rows[i].host)) == rows[i].is);
    }
}

static void test_origin(void **state) {
    static const struct {
        const char *headers;
        bool own;
    } rows[] = {
        {"", true},
        {"Origin: http://h:1\r\n", true},
        {"Origin: https://H:1\r\n", true},
        {"Origin: http://h\r\n", false},
        {"Origin: http://h:2\r\n", false},
        {"Origin: http://evil.example\r\n", false},
        {"Origin: null\r\n", false},
        {"Origin: http://\r\n", false},
        {"Origin: ftp://h:1\r\n", false},
        {"Origin: \r\n", false},
        {"Origin: http://h:1\r\nOrigin: http://h:1\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_head head;
        struct http_error why;
        char text[256];

        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h:1\r\n%s\r\n",
                 rows[i].headers);
        assert_int_equal(http_head_parse(slice_str(text), &head, &why),
                         PARSE_OK);
        assert_row(rows[i].headers, http_origin_is_own(&head) == rows[i].own);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_origin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
