/* Addresses, networks, and lists of networks. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/ip.h"

static void test_parse(void **state) {
    static const struct {
        const char *in;
        const char *out; /* NULL: refused */
    } rows[] = {
        {"1.2.3.4", "1.2.3.4"},
        {"255.255.255.255", "255.255.255.255"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
        {"2001:DB8:0:0::1", "2001:db8::1"},
        {"::", "::"},
        {"", NULL},
        {"1.2.3", NULL},
        {"1.2.3.256", NULL},
        {"01.2.3.4", NULL},
        {"1.2.3.4 ", NULL},
        {"1.2.3.4:5", NULL},
        {"0x1.2.3.4", NULL},
        {"[::1]", NULL},
        {"fe80::1%eth0", NULL},
        {"1:2:3:4:5:6:7:8:9", NULL},
        {"localhost", NULL},
        {"1111:1111:1111:1111:1111:1111:111.111.111.1111111", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum rc want = rows[i].out == NULL ? RC_BAD_INPUT : RC_OK;
        char text[IP_TEXT_MAX] = "";
        struct ip ip;

        assert_row(rows[i].in, ip_parse(slice_str(rows[i].in), &ip) == want);
        if (want == RC_OK) {
            ip_text(&ip, text);
            assert_row(rows[i].in, strcmp(text, rows[i].out) == 0);
            assert_row(rows[i].in,
                       ip_is_v4(&ip) == (strchr(text, ':') == NULL));
        }
    }
}

/* Anybody's, and the edges of what is nobody's or somebody's own. */
static const char *const of_all[] = {
    "1.1.1.1",        "8.8.8.8",     "9.255.255.255", "11.0.0.0",
    "100.63.255.255", "100.128.0.0", "128.0.0.1",     "172.15.255.255",
    "172.32.0.0",     "192.169.0.1", "198.20.0.0",    "223.255.255.255",
    "::ffff:8.8.8.8", "2001:200::1", "2003::1",       "2a00:1450:4001::1"};
static const char *const of_some[] = {"10.0.0.0",
                                      "10.255.255.255",
                                      "0.0.0.0",
                                      "100.64.0.0",
                                      "100.127.255.255",
                                      "127.0.0.1",
                                      "127.255.255.254",
                                      "169.254.169.254",
                                      "172.16.0.1",
                                      "172.31.255.255",
                                      "192.0.0.8",
                                      "192.0.2.1",
                                      "192.88.99.1",
                                      "192.168.0.1",
                                      "198.18.0.1",
                                      "198.19.255.255",
                                      "198.51.100.7",
                                      "203.0.113.7",
                                      "224.0.0.1",
                                      "240.0.0.1",
                                      "255.255.255.255",
                                      "::ffff:127.0.0.1",
                                      "::",
                                      "::1",
                                      "::127.0.0.1",
                                      "64:ff9b::7f00:1",
                                      "fe80::1",
                                      "fc00::1",
                                      "fd12::1",
                                      "ff02::1",
                                      "2001:db8::1",
                                      "2001::1",
                                      "2001:1ff:ffff::1",
                                      "2002:7f00:1::1",
                                      "3fff:fff::1",
                                      "4000::1"};

static void public_is(const char *text, bool is) {
    struct ip ip;

    assert_row(text, ip_parse(slice_str(text), &ip) == RC_OK);
    assert_row(text, ip_is_public(&ip) == is);
}

static void test_public(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(of_all); i++) {
        public_is(of_all[i], true);
    }
    for (size_t i = 0; i < COUNT_OF(of_some); i++) {
        public_is(of_some[i], false);
    }
}

static void test_nul_inside(void **state) {
    struct ip ip;

    (void)state;
    assert_int_equal(ip_parse(slice_of("1.2.3.4\0x", 9), &ip), RC_BAD_INPUT);
}

static void test_lists(void **state) {
    static const struct {
        const char *list;
        const char *ip;
        bool in;
    } rows[] = {
        {"", "1.2.3.4", false},
        {"1.2.3.4", "1.2.3.4", true},
        {"1.2.3.4", "1.2.3.5", false},
        {"10.0.0.0/8", "10.255.1.2", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"192.168.4.0/22", "192.168.7.255", true},
        {"192.168.4.0/22", "192.168.8.0", false},
        {"0.0.0.0/0", "9.9.9.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "9.9.9.9", true},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fe00::1", false},
        {"::1", "::1", true},
        {"::1/128 , 127.0.0.0/8", "127.1.2.3", true},
        {"::ffff:10.0.0.0/104", "10.1.1.1", true},
        {"10.0.0.0/31", "10.0.0.1", true},
        {"10.0.0.0/31", "10.0.0.2", false},
        {"unix", "127.0.0.1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cidr_list l;
        struct slice bad;
        struct ip ip;

        assert_row(rows[i].list,
                   cidr_list_parse(&l, rows[i].list, &bad) == RC_OK);
        assert_row(rows[i].ip, ip_parse(slice_str(rows[i].ip), &ip) == RC_OK);
        assert_row(rows[i].list, cidr_list_has(&l, &ip) == rows[i].in);
        assert_row(rows[i].list,
                   l.unix_sockets == (strcmp(rows[i].list, "unix") == 0));
        cidr_list_fini(&l);
    }
}

static void test_bad_lists(void **state) {
    static const struct {
        const char *list;
        const char *bad;
    } rows[] = {
        {"10.0.0.0/33", "10.0.0.0/33"},
        {"::/129", "::/129"},
        {"127.0.0.1 10.0.0.1/8", "10.0.0.1/8"},
        {"10.0.0.0/", "10.0.0.0/"},
        {"10.0.0.0/08", "10.0.0.0/08"},
        {"/8", "/8"},
        {"10.0.0.0/8, example.org", "example.org"},
        {"10.0.0.0/8;::1", "10.0.0.0/8;::1"},
        {"UNIX", "UNIX"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cidr_list l;
        struct slice bad;

        assert_row(rows[i].list,
                   cidr_list_parse(&l, rows[i].list, &bad) == RC_BAD_INPUT);
        assert_row(rows[i].list, slice_is(bad, rows[i].bad));
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_public),
        cmocka_unit_test(test_nul_inside), cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bad_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
