/* X-Forwarded-For: whom it names, read from the right. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/buf.h"
#include "proto/wire/forwarded.h"

#define XFF "X-Forwarded-For: "
#define TRUSTED "10.0.0.0/8 fd00::/8"

static const struct row {
    const char *name;
    const char *fields;
    enum rc rc;
    const char *client;
} rows[] = {
    {"none", "Host: h\r\n", RC_NOT_FOUND, NULL},
    {"Forwarded is another header", "Forwarded: for=1.1.1.1\r\n", RC_NOT_FOUND,
     NULL},
    {"empty", XFF "\r\n", RC_NOT_FOUND, NULL},
    {"only commas", XFF ", ,\r\n", RC_NOT_FOUND, NULL},
    {"one", XFF "1.1.1.1\r\n", RC_OK, "1.1.1.1"},
    {"letter case", "x-forwarded-FOR: 1.1.1.1\r\n", RC_OK, "1.1.1.1"},
    {"the rightmost counts", XFF "6.6.6.6, 1.1.1.1\r\n", RC_OK, "1.1.1.1"},
    {"behind a proxy of ours", XFF "6.6.6.6, 1.1.1.1, 10.0.0.2\r\n", RC_OK,
     "1.1.1.1"},
    {"behind two of ours", XFF "6.6.6.6,1.1.1.1,10.0.0.2,fd00::3\r\n", RC_OK,
     "1.1.1.1"},
    {"a forged proxy of ours", XFF "10.0.0.9, 1.1.1.1\r\n", RC_OK, "1.1.1.1"},
    {"all ours", XFF "10.0.0.1, 10.0.0.2\r\n", RC_OK, "10.0.0.1"},
    {"in two lines", XFF "6.6.6.6\r\nA: b\r\n" XFF "1.1.1.1\r\n", RC_OK,
     "1.1.1.1"},
    {"over two lines", XFF "6.6.6.6, 1.1.1.1\r\n" XFF "10.0.0.2\r\n", RC_OK,
     "1.1.1.1"},
    {"an empty line last", XFF "1.1.1.1\r\n" XFF "\r\n", RC_OK, "1.1.1.1"},
    {"empty items", XFF "1.1.1.1,,\r\n", RC_OK, "1.1.1.1"},
    {"v4 with a port", XFF "1.1.1.1:5678\r\n", RC_OK, "1.1.1.1"},
    {"v6", XFF "2001:db8::1\r\n", RC_OK, "2001:db8::1"},
    {"v6 in brackets", XFF "[2001:db8::1]\r\n", RC_OK, "2001:db8::1"},
    {"v6 with a port", XFF "[2001:db8::1]:443\r\n", RC_OK, "2001:db8::1"},
    {"v4 in v6", XFF "::ffff:1.1.1.1\r\n", RC_OK, "1.1.1.1"},
    {"v4 in v6 is trusted as v4", XFF "1.1.1.1, ::ffff:10.0.0.1\r\n", RC_OK,
     "1.1.1.1"},
    {"garbage left of the answer", XFF "<script>, 1.1.1.1\r\n", RC_OK,
     "1.1.1.1"},
    {"garbage on the way", XFF "1.1.1.1, x, 10.0.0.1\r\n", RC_BAD_INPUT, NULL},
    {"unknown", XFF "unknown\r\n", RC_BAD_INPUT, NULL},
    {"a name", XFF "example.org\r\n", RC_BAD_INPUT, NULL},
    {"a port of words", XFF "1.1.1.1:http\r\n", RC_BAD_INPUT, NULL},
    {"port 65536", XFF "1.1.1.1:65536\r\n", RC_BAD_INPUT, NULL},
    {"no port", XFF "1.1.1.1:\r\n", RC_BAD_INPUT, NULL},
    {"v4 in brackets", XFF "[1.1.1.1]\r\n", RC_BAD_INPUT, NULL},
    {"bracket left open", XFF "[::1\r\n", RC_BAD_INPUT, NULL},
    {"bracket only closed", XFF "::1]\r\n", RC_BAD_INPUT, NULL},
    {"behind the bracket", XFF "[::1]x\r\n", RC_BAD_INPUT, NULL},
    {"quoted", XFF "\"1.1.1.1\"\r\n", RC_BAD_INPUT, NULL},
    {"separated by spaces", XFF "1.1.1.1 2.2.2.2\r\n", RC_BAD_INPUT, NULL},
    {"a network", XFF "1.1.1.0/24\r\n", RC_BAD_INPUT, NULL},
};

static void test_rows(void **state) {
    struct cidr_list trusted;
    struct slice bad;

    (void)state;
    assert_int_equal(cidr_list_parse(&trusted, TRUSTED, &bad), RC_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];
        char text[IP_TEXT_MAX];
        struct http_fields f;
        struct http_error why;
        struct ip client;
        struct buf b;

        buf_init(&b);
        buf_add_str(&b, r->fields);
        buf_add_str(&b, "\r\n");
        assert_row(r->name,
                   http_fields_parse(buf_slice(&b), &f, &why) == PARSE_OK);
        assert_row(r->name, forwarded_client(&f, &trusted, &client) == r->rc);
        if (r->rc == RC_OK) {
            ip_text(&client, text);
            assert_row(r->name, strcmp(text, r->client) == 0);
        }
        buf_fini(&b);
    }
    cidr_list_fini(&trusted);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
