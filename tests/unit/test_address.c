/* Addresses as people write them. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/net/address.h"

static void test_parse(void **state) {
    static const struct {
        const char *text;
        enum rc want;
        int family;
        const char *host;
        unsigned port;
    } rows[] = {
        {"127.0.0.1:8080", RC_OK, AF_INET, "127.0.0.1", 8080},
        {"0.0.0.0:0", RC_OK, AF_INET, "0.0.0.0", 0},
        {"255.255.255.255:65535", RC_OK, AF_INET, "255.255.255.255", 65535},
        {"[::1]:80", RC_OK, AF_INET6, "::1", 80},
        {"[::]:443", RC_OK, AF_INET6, "::", 443},
        {"[::ffff:10.1.2.3]:9", RC_OK, AF_INET6, "10.1.2.3", 9},
        {"[2001:db8:1111:2222:3333:4444:5555:6666]:1", RC_OK, AF_INET6,
         "2001:db8:1111:2222:3333:4444:5555:6666", 1},
        {"unix:/run/moim.sock", RC_OK, AF_UNIX, "unix", 0},
        {"", RC_BAD_INPUT, 0, NULL, 0},
        {":", RC_BAD_INPUT, 0, NULL, 0},
        {":80", RC_BAD_INPUT, 0, NULL, 0},
        {"unix:", RC_BAD_INPUT, 0, NULL, 0},
        {"127.0.0.1", RC_BAD_INPUT, 0, NULL, 0},
        {"127.0.0.1:", RC_BAD_INPUT, 0, NULL, 0},
        {"127.0.0.1:65536", RC_BAD_INPUT, 0, NULL, 0},
        {"127.0.0.1:-1", RC_BAD_INPUT, 0, NULL, 0},
        {"127.0.0.1: 80", RC_BAD_INPUT, 0, NULL, 0},
        {"127.1:80", RC_BAD_INPUT, 0, NULL, 0},
        {"localhost:80", RC_BAD_INPUT, 0, NULL, 0},
        {"::1:80", RC_BAD_INPUT, 0, NULL, 0},
        {"[::1:80", RC_BAD_INPUT, 0, NULL, 0},
        {"[]:80", RC_BAD_INPUT, 0, NULL, 0},
        {"[127.0.0.1]:80", RC_BAD_INPUT, 0, NULL, 0},
        {"[2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:0]:1",
         RC_BAD_INPUT, 0, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address a;
        char host[ADDRESS_TEXT_MAX];

        assert_row(rows[i].text,
                   address_parse(rows[i].text, &a) == rows[i].want);
        if (rows[i].want != RC_OK) {
            continue;
        }
        address_host(&a, host, sizeof(host));
        assert_row(rows[i].text, a.sa.ss_family == rows[i].family);
        assert_row(rows[i].text, strcmp(host, rows[i].host) == 0);
        assert_row(rows[i].text, address_port(&a) == rows[i].port);
        assert_row(rows[i].text,
                   (address_path(&a) != NULL) == (rows[i].family == AF_UNIX));
    }
}

static void test_join(void **state) {
    static const struct {
        const char *host;
        const char *port;
        const char *want;
    } rows[] = {
        {"127.0.0.1", "80", "127.0.0.1:80"},
        {"::1", "443", "[::1]:443"},
        {"push.example", "8443", "push.example:8443"},
    };
    char cut[6];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[64];

        address_join(rows[i].host, rows[i].port, text, sizeof(text));
        assert_row(rows[i].want, strcmp(text, rows[i].want) == 0);
    }
    address_join("::1", "443", cut, sizeof(cut));
    assert_string_equal(cut, "[::1]");
}

static void test_path_length(void **state) {
    char text[200];
    struct address a;

    (void)state;
    for (size_t n = 1; n < 150; n++) {
        memset(text, 'x', sizeof(text));
        memcpy(text, "unix:", 5);
        text[5 + n] = '\0';
        assert_int_equal(address_parse(text, &a),
                         n < 108 ? RC_OK : RC_BAD_INPUT);
        if (n < 108) {
            assert_string_equal(address_path(&a), text + 5);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_path_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
