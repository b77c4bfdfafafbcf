/* PROXY headers of both versions. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/buf.h"
#include "proto/wire/proxy.h"

#define SIGN "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\x01\x02\x03\x04\x7f\0\0\x01\x12\x34\0\x50"
#define V6_SOURCE "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
#define V6 V6_SOURCE "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xff\xff\0\x50"
#define V6_LONG "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define BYTES(text) text, sizeof(text) - 1

/* `source` NULL: there is none in it. */
static const struct good {
    const char *name;
    const char *in;
    size_t n;
    const char *source;
    unsigned port;
} goods[] = {
    {"v1 TCP4", BYTES("PROXY TCP4 1.2.3.4 127.0.0.1 4660 80\r\n"), "1.2.3.4",
     4660},
    {"v1 TCP6", BYTES("PROXY TCP6 2001:db8::7 ::1 65535 80\r\n"), "2001:db8::7",
     65535},
    {"v1 longest", BYTES("PROXY TCP6 " V6_LONG " " V6_LONG " 65535 65535\r\n"),
     V6_LONG, 65535},
    {"v1 port 0", BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 0 0\r\n"), "1.2.3.4", 0},
    {"v1 UNKNOWN", BYTES("PROXY UNKNOWN\r\n"), NULL, 0},
    {"v1 UNKNOWN with more", BYTES("PROXY UNKNOWN " V6_LONG " x 1 2\r\n"), NULL,
     0},
    {"v2 TCP4", BYTES(SIGN "\x21\x11\0\x0c" V4), "1.2.3.4", 0x1234},
    {"v2 TCP6", BYTES(SIGN "\x21\x21\0\x24" V6), "2001:db8::7", 65535},
    {"v2 TLV behind", BYTES(SIGN "\x21\x11\0\x11" V4 "\x04\0\x02xx"), "1.2.3.4",
     0x1234},
    {"v2 TLV that lies", BYTES(SIGN "\x21\x11\0\x0f" V4 "\x04\xff\xff"),
     "1.2.3.4", 0x1234},
    {"v2 LOCAL", BYTES(SIGN "\x20\0\0\0"), NULL, 0},
    {"v2 LOCAL with addresses", BYTES(SIGN "\x20\x11\0\x0c" V4), NULL, 0},
    {"v2 LOCAL of any family", BYTES(SIGN "\x20\x77\0\x01!"), NULL, 0},
    {"v2 UNSPEC", BYTES(SIGN "\x21\0\0\0"), NULL, 0},
    {"v2 UNSPEC with bytes",
     BYTES(SIGN "\x21\0\0\x03"
                "abc"),
     NULL, 0},
};

static const struct bad {
    const char *name;
    const char *in;
    size_t n;
} bads[] = {
    {"HTTP", BYTES("GET / HTTP/1.1\r\n")},
    {"POST", BYTES("PO")},
    {"a blank line and a request", BYTES("\r\nG")},
    {"lower case", BYTES("proxy TCP4")},
    {"v1 TCP5", BYTES("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n")},
    {"v1 nothing", BYTES("PROXY \r\n")},
    {"v1 two spaces", BYTES("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n")},
    {"v1 space at the end", BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n")},
    {"v1 a word more", BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n")},
    {"v1 a word less", BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n")},
    {"v1 tab", BYTES("PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n")},
    {"v1 tab later", BYTES("PROXY TCP4\t1.2.3.4")},
    {"v1 port 65536", BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n")},
    {"v1 port 080", BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 080\r\n")},
    {"v1 port -1", BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n")},
    {"v1 v6 in TCP4", BYTES("PROXY TCP4 ::1 1.2.3.4 1 2\r\n")},
    {"v1 v4 in TCP6", BYTES("PROXY TCP6 ::1 1.2.3.4 1 2\r\n")},
    {"v1 leading zero", BYTES("PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n")},
    {"v1 LF only", BYTES("PROXY UNKNOWN\n")},
    {"v1 lone CR", BYTES("PROXY UNKNOWN\rx")},
    {"v1 NUL", BYTES("PROXY UNKNOWN\0")},
    {"v1 not ASCII", BYTES("PROXY UNKNOWN\xc3")},
    {"v1 108 bytes",
     BYTES("PROXY UNKNOWN " V6_LONG " " V6_LONG " 65535 65535x\r\n")},
    {"v2 version 1", BYTES(SIGN "\x11\x11\0\x0c")},
    {"v2 version 3", BYTES(SIGN "\x31\x11\0\x0c")},
    {"v2 command 2", BYTES(SIGN "\x22\x11\0\x0c")},
    {"v2 UDP", BYTES(SIGN "\x21\x12\0\x0c")},
    {"v2 family 4", BYTES(SIGN "\x21\x41\0\xff")},
    {"v2 protocol 3", BYTES(SIGN "\x21\x13\0\x0c")},
    {"v2 TCP4 too short", BYTES(SIGN "\x21\x11\0\x0b")},
    {"v2 TCP6 too short", BYTES(SIGN "\x21\x21\0\x23")},
    {"v2 a Unix stream too short", BYTES(SIGN "\x21\x31\0\xd7")},
    {"v2 signature broken", BYTES("\r\n\r\n\0\r\nQUIZ")},
};

static void check_good(const struct good *g, struct slice in) {
    struct proxy_head h;
    char text[IP_TEXT_MAX];

    assert_row(g->name, proxy_head_parse(in, &h) == PARSE_OK);
    assert_row(g->name, h.len == g->n);
    assert_row(g->name, h.has_source == (g->source != NULL));
    if (h.has_source) {
        ip_text(&h.source, text);
        assert_row(g->name, strcmp(text, g->source) == 0);
        assert_row(g->name, h.source_port == g->port);
    }
}

static void test_good(void **state) {
    struct proxy_head h;
    struct buf more;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(goods); i++) {
        const struct good *g = &goods[i];

        check_good(g, slice_of(g->in, g->n));
        buf_init(&more);
        buf_add(&more, slice_of(g->in, g->n));
        buf_add_str(&more, "GET / HTTP/1.1\r\n");
        check_good(g, buf_slice(&more));
        buf_fini(&more);
        for (size_t n = 0; n < g->n; n++) {
            assert_row(g->name,
                       proxy_head_parse(slice_of(g->in, n), &h) == PARSE_MORE);
        }
    }
}

static void test_bad(void **state) {
    struct proxy_head h;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bads); i++) {
        assert_row(bads[i].name,
                   proxy_head_parse(slice_of(bads[i].in, bads[i].n), &h) ==
                       PARSE_BAD);
    }
}

/* The largest that the length can say, and one byte of it missing. */
static void test_largest(void **state) {
    struct proxy_head h;
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_add(&b, slice_of(SIGN "\x21\x11\xff\xff" V4, 28));
    memset(buf_room(&b, PROXY_HEAD_MAX - 28), 'x', PROXY_HEAD_MAX - 28);
    b.n = PROXY_HEAD_MAX;
    assert_int_equal(proxy_head_parse(buf_slice(&b), &h), PARSE_OK);
    assert_int_equal(h.len, PROXY_HEAD_MAX);
    b.n--;
    assert_int_equal(proxy_head_parse(buf_slice(&b), &h), PARSE_MORE);
    buf_fini(&b);
}

static void test_begins(void **state) {
    static const struct {
        const char *in;
        enum parse want;
    } rows[] = {
        {"", PARSE_MORE},         {"P", PARSE_MORE},
        {"PROXY", PARSE_MORE},    {"PROXY ", PARSE_OK},
        {"PROXY x", PARSE_OK},    {"POST", PARSE_BAD},
        {"\r\n\r\n", PARSE_MORE}, {"\r\n\r\nG", PARSE_BAD},
        {"GET", PARSE_BAD},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].in,
                   proxy_begins(slice_str(rows[i].in)) == rows[i].want);
    }
    assert_int_equal(proxy_begins(slice_of(SIGN, 12)), PARSE_OK);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
