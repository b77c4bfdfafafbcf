/* The request head: every bad input with its status, every cut of every row,
 * and what a good head says. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/wire/http.h"
#include "proto/wire/http_reply.h"

#define TEXT(text)                                                             \
    { (const uint8_t *)(text), sizeof(text) - 1 }
#define ROW(name, status, text)                                                \
    { name, status, TEXT(text), "", 0, "" }
/* A GET, or a POST, with these header lines. */
#define GET(name, status, lines)                                               \
    ROW(name, status, "GET / HTTP/1.1\r\nHost: a\r\n" lines "\r\n")
#define POST(name, status, lines)                                              \
    ROW(name, status, "POST / HTTP/1.1\r\nHost: a\r\n" lines "\r\n")
/* A request for this target, or of this Host. */
#define TARGET(name, status, target)                                           \
    ROW(name, status, "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n")
#define HOST(name, status, host)                                               \
    ROW(name, status, "GET / HTTP/1.1\r\nHost:" host "\r\n\r\n")

/* The input is `head`, then `times` times `unit`, then `tail`. A status of 0
 * means that it is a good request. */
struct row {
    const char *name;
    unsigned status;
    struct slice head;
    const char *unit;
    size_t times;
    const char *tail;
};

static const struct row line_rows[] = {
    ROW("plain", 0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("1.0 without Host", 0, "GET / HTTP/1.0\r\n\r\n"),
    ROW("B001 two blank lines", 0, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B001 three blank lines", 400,
        "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B002 no version", 400, "GET /\r\n\r\n"),
    ROW("B002 method only", 400, "GET\r\n\r\n"),
    ROW("B002 empty version", 400, "GET / \r\n\r\n"),
    ROW("B003 1.2", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    ROW("B003 1.10", 505, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
    ROW("B003 huge", 505, "GET / HTTP/4294967295.255\r\nHost: a\r\n\r\n"),
    ROW("B003 0.9", 505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
    ROW("B003 CRs inside", 400, "GET / HTTP/\r\r1.1\r\nHost: a\r\n\r\n"),
    ROW("B003 lower case", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
    ROW("B003 no minor", 400, "GET / HTTP/1\r\nHost: a\r\n\r\n"),
    ROW("B003 empty minor", 400, "GET / HTTP/1.\r\nHost: a\r\n\r\n"),
    ROW("B003 empty major", 400, "GET / HTTP/.1\r\nHost: a\r\n\r\n"),
    ROW("B003 three numbers", 400, "GET / HTTP/1.1.1\r\nHost: a\r\n\r\n"),
    ROW("B003 space behind", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    ROW("B003 comma", 400, "GET / HTTP/1,1\r\nHost: a\r\n\r\n"),
    ROW("B004 HTTP/2 preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ROW("B005 unknown method", 501, "FOO / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B005 lower case", 501, "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B006 odd bytes", 400, "G=\":<>(e),[T];?\" / HTTP/1.1\r\n\r\n"),
    ROW("B006 NUL", 400, "G\0ET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B006 empty method", 400, " / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B006 tab for space", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B007 TRACE", 405, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B007 CONNECT", 405, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    {"B008 line of 8192", 0, TEXT("GET /"), "a", 8178,
     " HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"B008 line of 8193", 414, TEXT("GET /"), "a", 8179,
     " HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"B008 target of 8193", 414, TEXT("GET /"), "a", 8192,
     " HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"B008 never ends", 414, TEXT("GET /"), "a", 30000, ""},
    {"B008 no target at all", 414, TEXT("G"), "E", 9000, ""},
    TARGET("B009 control byte", 400, "/\x01"),
    TARGET("B009 tab", 400, "/a\tb"),
    TARGET("B009 space", 400, "/a b"),
    TARGET("B009 two spaces", 400, " /"),
    TARGET("B009 DEL", 400, "/\x7f"),
    TARGET("B009 raw byte", 400, "/\xc3\xa9"),
    TARGET("B009 fragment", 400, "/a#b"),
    TARGET("B009 quote", 400, "/a\"b"),
    TARGET("B009 empty", 400, ""),
    TARGET("B009 no slash", 400, "a"),
    TARGET("B009 query only", 400, "?a"),
    TARGET("B009 other scheme", 400, "ftp://a/"),
    TARGET("B010 not hex", 400, "/%zz"),
    TARGET("B010 short", 400, "/%2"),
    TARGET("B010 short in query", 400, "/?a=%"),
    TARGET("B010 NUL", 400, "/%00"),
    TARGET("B010 NUL in query", 400, "/?a=%00"),
    TARGET("B010 overlong", 400, "/%c0%af"),
    TARGET("B010 surrogate", 400, "/%ed%a0%80"),
    TARGET("B010 cut character", 400, "/%c3/a"),
    TARGET("B010 good", 0, "/%c3%a9?%F0%9F%98%80"),
    TARGET("B011 dot dot", 0, "/../etc/passwd"),
    TARGET("B011 encoded dots", 0, "/%2e%2e/"),
    TARGET("B011 two slashes", 0, "//evil"),
    TARGET("B011 dot", 0, "/a/./b"),
    TARGET("B011 backslash", 0, "/a\\b"),
    TARGET("B012 same authority", 0, "http://A/b?c"),
    TARGET("B012 no path", 0, "HTTPS://a?c"),
    TARGET("B012 other authority", 421, "http://b/"),
    TARGET("B012 other port", 421, "http://a:8080/"),
    TARGET("B012 empty authority", 400, "http:///a"),
    TARGET("B012 userinfo", 400, "http://u@a/"),
    TARGET("B012 *", 400, "http://a*"),
    TARGET("B013 asterisk", 400, "*"),
    TARGET("B013 asterisk and query", 400, "*?a"),
    ROW("B013 OPTIONS", 0, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B014 bare LF", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
    ROW("B014 LF as space", 400, "GET /\nHTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B014 LF first", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ROW("B014 LF in headers", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
    ROW("B014 LF at the end", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
    ROW("B015 CR as line end", 400, "GET / HTTP/1.1\rHost: a\r\r"),
    ROW("B015 CR at the end", 400, "GET / HTTP/1.1\r\nHost: a\r\n\rX"),
    ROW("B039 TLS hello", 400, "\x16\x03\x01\x02\x00\x01\x00\x01"),
    ROW("B043 PROXY v1", 400, "PROXY TCP4 1.1.1.1 2.2.2.2 3 4\r\n"),
    ROW("B043 PROXY v2", 400, "\r\n\r\n\0\r\nQUIT\n"),
};

static const struct row field_rows[] = {
    GET("B015 CR in a value", 400, "A: b\rc\r\n"),
    GET("B015 CR twice", 400, "A: b\r\r\n"),
    GET("B016 NUL", 400, "A: b\0c\r\n"),
    GET("B016 01", 400, "A: \x01\r\n"),
    GET("B016 vertical tab", 400, "A: \x0b\r\n"),
    GET("B016 1f", 400, "A: \x1f\r\n"),
    GET("B016 DEL", 400, "A: \x7f\r\n"),
    GET("B016 tab is fine", 0, "A: b\tc\t\r\n"),
    GET("B016 Latin-1 is fine", 0, "A: \xe9\r\n"),
    GET("B017 space before colon", 400, "A : b\r\n"),
    GET("B017 tab before colon", 400, "A\t: b\r\n"),
    GET("B017 85 before colon", 400, "Content-Length\x85: 5\r\n"),
    GET("B017 a0 before colon", 400, "Content-Length\xa0: 5\r\n"),
    GET("B017 tab first", 400, "\tContent-Length: 5\r\n"),
    ROW("B017 space first", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    GET("B018 no colon", 400, "A\r\n"),
    GET("B018 empty name", 400, ": x\r\n"),
    GET("B018 colon only", 400, ":\r\n"),
    GET("B018 illegal byte", 400, "A(b): c\r\n"),
    GET("B018 non-ASCII", 400, "\xc3\xa9: c\r\n"),
    GET("B018 empty value is fine", 0, "A:\r\n"),
    GET("B019 folded", 400, "A: b\r\n c\r\n"),
    GET("B019 folded by tab", 400, "A: b\r\n\tc\r\n"),
    POST("B019 folded name", 400, "Transfer-\r\n Encoding: chunked\r\n"),
    {"B020 64 headers", 0, TEXT("GET / HTTP/1.1\r\nHost: a\r\n"), "B: c\r\n",
     63, "\r\n"},
    {"B020 65 headers", 431, TEXT("GET / HTTP/1.1\r\nHost: a\r\n"), "B: c\r\n",
     64, "\r\n"},
    {"B020 header of 8192", 0, TEXT("GET / HTTP/1.1\r\nHost: a\r\nB: "), "c",
     8189, "\r\n\r\n"},
    {"B020 header of 8193", 431, TEXT("GET / HTTP/1.1\r\nHost: a\r\nB: "), "c",
     8190, "\r\n\r\n"},
    {"B020 bad name, too long", 400, TEXT("GET / HTTP/1.1\r\nHost: a\r\nB c"),
     "d", 9000, ""},
    ROW("B021 none", 400, "GET / HTTP/1.1\r\n\r\n"),
    HOST("B021 same twice", 400, "a\r\nHost:a"),
    HOST("B021 two", 400, "a\r\nhost:b"),
    HOST("B021 empty", 400, ""),
    HOST("B021 colon", 400, " :"),
    HOST("B021 empty port", 400, "a:"),
    HOST("B021 path", 400, "a/b"),
    HOST("B021 userinfo", 400, "u@a"),
    HOST("B021 space", 400, "a b"),
    HOST("B021 NUL", 400, "a\0b"),
    HOST("B021 comma", 400, "a,b"),
    HOST("B021 port letters", 400, "a:80a"),
    HOST("B021 port range", 400, "a:65536"),
    HOST("B021 open bracket", 400, "[::1"),
    HOST("B021 bracket and name", 400, "[::1]a"),
    HOST("B021 brackets with name", 400, "[host]"),
    HOST("B021 IPv6", 0, "[::ffff:1.2.3.4]:443"),
    HOST("B021 IPv4", 0, "127.0.0.1:65535"),
    HOST("B021 name", 0, "my-chat_1.example"),
    ROW("B021 1.0, two", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
    ROW("B021 1.0, empty", 400, "GET / HTTP/1.0\r\nHost:\r\n\r\n"),
    POST("B023 -1", 400, "Content-Length: -1\r\n"),
    POST("B023 +5", 400, "Content-Length: +5\r\n"),
    POST("B023 0x10", 400, "Content-Length: 0x10\r\n"),
    POST("B023 1_0", 400, "Content-Length: 1_0\r\n"),
    POST("B023 5,5", 400, "Content-Length: 5,5\r\n"),
    POST("B023 5 5", 400, "Content-Length:  5 5\r\n"),
    POST("B023 1Z", 400, "Content-Length: 1Z\r\n"),
    POST("B023 empty", 400, "Content-Length:\r\n"),
    POST("B023 20 digits", 400, "Content-Length: 00000000000000000005\r\n"),
    POST("B023 2^63", 400, "Content-Length: 9223372036854775808\r\n"),
    POST("B023 2^64", 400, "Content-Length: 18446744073709551616\r\n"),
    POST("B023 2^63-1", 0, "Content-Length: 9223372036854775807\r\n"),
    POST("B024 equal", 400, "Content-Length: 5\r\nContent-Length: 5\r\n"),
    POST("B024 different", 400, "Content-Length: 5\r\ncontent-length: 6\r\n"),
    POST("B024 empty first", 400, "Content-Length:\r\nContent-Length: 5\r\n"),
    POST("B025 leading zero", 0, "Content-Length: 010\r\n"),
    POST("B026 length first", 400,
         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    POST("B026 coding first", 400,
         "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
    POST("B026 zero", 400,
         "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
    POST("B027 comma first", 400, "Transfer-Encoding: ,chunked\r\n"),
    POST("B027 comma last", 400, "Transfer-Encoding: chunked,\r\n"),
    POST("B027 twice", 400, "Transfer-Encoding: chunked, chunked\r\n"),
    POST("B027 xchunked", 400, "Transfer-Encoding: xchunked\r\n"),
    POST("B027 0b", 400,
         "Transfer-Encoding: \x0b"
         "chunked\r\n"),
    POST("B027 ff", 400,
         "Transfer-Encoding: \xff"
         "chunked\r\n"),
    POST("B027 two headers", 400,
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    POST("B027 two, one empty", 400,
         "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"),
    POST("B027 not last", 400, "Transfer-Encoding: chunked, gzip\r\n"),
    POST("B027 empty", 400, "Transfer-Encoding:\r\n"),
    POST("B027 quoted", 400, "Transfer-Encoding: \"chunked\"\r\n"),
    POST("B027 parameter", 400, "Transfer-Encoding: chunked;a=b\r\n"),
    POST("B027 identity", 400, "Transfer-Encoding: identity\r\n"),
    POST("B027 any case", 0, "transfer-encoding: Chunked\r\n"),
    POST("B028 gzip", 501, "Transfer-Encoding: gzip, chunked\r\n"),
    POST("B028 unknown", 501, "Transfer-Encoding: foo,chunked\r\n"),
    ROW("B029 on 1.0", 400,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    POST("B037 100", 0, "Expect: 100-Continue\r\nContent-Length: 1\r\n"),
    POST("B037 other", 417, "Expect: 200-ok\r\n"),
    POST("B037 empty", 417, "Expect:\r\n"),
    POST("B037 two", 417, "Expect: 100-continue\r\nExpect: 100-continue\r\n"),
    GET("B040 h2c", 0,
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"),
    POST("B041 gzip", 415, "Content-Encoding: gzip\r\nContent-Length: 1\r\n"),
    POST("B041 chunked", 415,
         "Content-Encoding: br\r\nTransfer-Encoding: chunked\r\n"),
    POST("B041 identity", 0,
         "Content-Encoding: identity\r\nContent-Length: 1\r\n"),
    GET("B041 no body", 0, "Content-Encoding: gzip\r\n"),
};

/* The input of a row; the caller fini's it. */
static struct buf input_of(const struct row *r) {
    struct buf b;

    buf_init(&b);
    buf_add(&b, r->head);
    for (size_t i = 0; i < r->times; i++) {
        buf_add_str(&b, r->unit);
    }
    buf_add_str(&b, r->tail);
    return b;
}

/* However the network cuts a row: a prefix of a good one only asks for more,
 * a prefix of a bad one is never good, and a verdict once spoken stays. */
static void check_row(const struct row *r) {
    struct buf b = input_of(r);
    struct slice in = buf_slice(&b);
    size_t step = in.n > 2000 ? 37 : 1;
    bool refused = false;

    for (size_t n = 0; n <= in.n; n += n + step > in.n ? 1 : step) {
        struct http_head head;
        struct http_error why = {0, NULL};
        enum parse got = http_head_parse(slice_take(in, n), &head, &why);

        if (refused || (n == in.n && r->status != 0)) {
            assert_row(r->name, got == PARSE_BAD);
        }
        if (n < in.n) {
            assert_row(r->name, got != PARSE_OK);
            assert_row(r->name, got == PARSE_MORE || r->status != 0);
        } else if (r->status == 0) {
            assert_row(r->name, got == PARSE_OK && head.head_len == in.n);
        }
        if (got == PARSE_BAD) {
            refused = true;
            assert_row(r->name, why.status == r->status && why.text != NULL);
            assert_row(r->name, http_status_reason(why.status) != NULL);
        }
    }
    buf_fini(&b);
}

static void test_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(line_rows); i++) {
        check_row(&line_rows[i]);
    }
}

static void test_fields(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(field_rows); i++) {
        check_row(&field_rows[i]);
    }
}

/* B020: a block of exactly 16 KiB is read; one byte more is not, and already
 * the byte that breaks the limit is refused. */
static void test_block_limit(void **state) {
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct slice line = SLICE_LIT("GET / HTTP/1.1\r\n");
        struct http_head h;
        struct http_error why = {0, NULL};
        struct buf b;
        enum parse got;

        buf_init(&b);
        buf_add(&b, line);
        buf_addf(&b, "Host: a\r\nB: %08180d\r\n", 1);
        buf_addf(&b, "C: %0*d\r\n\r\n",
                 (int)(line.n + HTTP_FIELD_BLOCK_MAX - b.n - 7 + extra), 1);
        got = http_head_parse(buf_slice(&b), &h, &why);
        assert_int_equal(got, extra == 0 ? PARSE_OK : PARSE_BAD);
        assert_int_equal(why.status, extra == 0 ? 0 : 431);
        got = http_head_parse(slice_take(buf_slice(&b), b.n - 4), &h, &why);
        assert_int_equal(got, extra == 0 ? PARSE_MORE : PARSE_BAD);
        buf_fini(&b);
    }
}

static void parse_ok(const char *text, struct http_head *head) {
    struct http_error why = {0, "accepted"};

    if (http_head_parse(slice_str(text), head, &why) != PARSE_OK) {
        fail_msg("%s: %s", text, why.text);
    }
}

/* Everything a head says, with the next request glued behind it. */
static void test_meaning(void **state) {
    static const char text[] = "PATCH /v1/conv/7?a=b&c HTTP/1.1\r\n"
                               "host:  chat.example:8443 \r\n"
                               "Content-Length: 010\r\n"
                               "Expect: 100-continue\r\n"
                               "X-List: one,two\r\n"
                               "x-list: \tThree \r\n"
                               "\r\n";
    static const char glued[] = "0123456789GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct buf b;
    struct http_head h;
    struct http_error why;

    (void)state;
    buf_init(&b);
    buf_add_str(&b, text);
    buf_add_str(&b, glued);
    assert_true(http_head_parse(buf_slice(&b), &h, &why) == PARSE_OK);
    assert_int_equal(h.head_len, sizeof(text) - 1);
    assert_int_equal(h.method, HTTP_PATCH);
    assert_string_equal(http_method_str(h.method), "PATCH");
    assert_true(slice_is(h.target, "/v1/conv/7?a=b&c"));
    assert_true(slice_is(h.path, "/v1/conv/7"));
    assert_true(slice_is(h.query, "a=b&c"));
    assert_true(slice_is(h.host, "chat.example:8443"));
    assert_int_equal(h.minor, 1);
    assert_int_equal(h.fields.count, 5);
    assert_true(h.framing.has_length && h.framing.length == 10);
    assert_true(!h.framing.chunked && http_head_has_body(&h));
    assert_true(h.expect_continue && h.keep_alive && !h.upgrade);
    assert_int_equal(http_header_count(&h, "X-LIST"), 2);
    assert_true(slice_is(http_header_get(&h, "X-List"), "one,two"));
    assert_null(http_header_get(&h, "X").p);
    assert_true(http_header_has_token(&h, "X-List", "TWO"));
    assert_true(http_header_has_token(&h, "X-List", "three"));
    assert_false(http_header_has_token(&h, "X-List", "four"));
    buf_fini(&b);
}

static void test_connection(void **state) {
    static const struct {
        const char *text;
        bool keep_alive, upgrade, expect, body;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, false, false, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: a, Close\r\n\r\n", false,
         false, false, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: a\r\nConnection: close\r\n"
         "\r\n",
         false, false, false, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false, false,
         false, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
         "Connection: keep-alive, UPGRADE\r\n\r\n",
         true, true, false, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n", true,
         false, false, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", true, false,
         false, false},
        {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
         false, false, false, true},
        {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", true,
         false, false, false},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true, false,
         false, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
         true, false, false, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_head h;

        parse_ok(rows[i].text, &h);
        assert_row(rows[i].text, h.keep_alive == rows[i].keep_alive);
        assert_row(rows[i].text, h.upgrade == rows[i].upgrade);
        assert_row(rows[i].text, h.expect_continue == rows[i].expect);
        assert_row(rows[i].text, http_head_has_body(&h) == rows[i].body);
    }
}

static void test_methods_and_forms(void **state) {
    static const struct {
        const char *text;
        enum http_method method;
        const char *path, *host;
    } rows[] = {
        {"GET /a HTTP/1.0\r\n\r\n", HTTP_GET, "/a", ""},
        {"HEAD / HTTP/1.0\r\nHost: b\r\n\r\n", HTTP_HEAD, "/", "b"},
        {"POST http://a:80/b HTTP/1.0\r\n\r\n", HTTP_POST, "/b", "a:80"},
        {"PUT /%41 HTTP/1.0\r\n\r\n", HTTP_PUT, "/%41", ""},
        {"DELETE http://A HTTP/1.1\r\nhost: a\r\n\r\n", HTTP_DELETE, "/", "a"},
        {"OPTIONS * HTTP/1.0\r\n\r\n", HTTP_OPTIONS, "*", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_head h;

        parse_ok(rows[i].text, &h);
        assert_row(rows[i].text, h.method == rows[i].method);
        assert_row(rows[i].text, slice_is(h.path, rows[i].path));
        assert_row(rows[i].text, slice_is_nocase(h.host, rows[i].host));
    }
}

/* What cannot become a request is refused at the byte that says so. */
static void test_fails_fast(void **state) {
    static const struct {
        const char *name;
        struct slice in;
    } rows[] = {
        {"TLS", TEXT("\x16")},
        {"LF", TEXT("GET / HTTP/1.1\n")},
        {"CR", TEXT("GET / HTTP/1.1\rH")},
        {"DEL", TEXT("GET /\x7f")},
        {"bad target", TEXT("GET /%zz HTTP/1.1\r\n")},
        {"folded", TEXT("GET / HTTP/1.1\r\nHost: a\r\n ")},
        {"bad name", TEXT("GET / HTTP/1.1\r\nHo ")},
        {"no name", TEXT("GET / HTTP/1.1\r\n:")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice in = rows[i].in;
        struct http_head h;
        struct http_error why;

        assert_row(rows[i].name, http_head_parse(in, &h, &why) == PARSE_BAD);
        in.n--;
        assert_row(rows[i].name, http_head_parse(in, &h, &why) == PARSE_MORE);
    }
}

static void test_lists(void **state) {
    static const char *const want[] = {"", "a", "b c", ""};
    struct slice rest = SLICE_LIT(" ,a,\tb c ,");
    struct slice item;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_true(http_list_next(&rest, &item));
        assert_row(want[i], slice_is(item, want[i]));
    }
    assert_false(http_list_next(&rest, &item));
    assert_false(http_list_next(&rest, &item));
    assert_true(http_is_value(SLICE_LIT("a\t\xff")));
    assert_false(http_is_value(SLICE_LIT("x\r\nSet-Cookie: a"))); /* B063 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_block_limit),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_connection),
        cmocka_unit_test(test_methods_and_forms),
        cmocka_unit_test(test_fails_fast),
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
