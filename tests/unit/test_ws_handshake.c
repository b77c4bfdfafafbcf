/* The WebSocket opening handshake: what the server decides, what it writes,
 * and what our client asks for and believes. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/wire/http_answer.h"
#include "proto/wire/ws_client.h"
#include "proto/wire/ws_handshake.h"

/* The example of RFC 6455, 1.3. */
#define THE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define THE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define UP "Upgrade: websocket\r\n"
#define CONN "Connection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: " THE_KEY "\r\n"
#define VER "Sec-WebSocket-Version: 13\r\n"
#define PROTO "Sec-WebSocket-Protocol: "
#define EXT "Sec-WebSocket-Extensions: "
#define GOOD UP CONN KEY VER

enum {
    POST = 1,
    HTTP_1_0 = 2,
    BODY = 4,
    EXTRA = 8,
};

struct row {
    const char *name;
    unsigned what; /* is unusual: see above */
    unsigned status;
    const char *fields;
    const char *protocol;
    const char *token;
};

static const struct row rows[] = {
    {"plain", 0, 101, GOOD, NULL, ""},
    {"B045 POST", POST, 405, GOOD, NULL, ""},
    {"B046 HTTP/1.0", HTTP_1_0, 400, GOOD, NULL, ""},
    {"B047 plain GET", 0, 426, "Host: h\r\n", NULL, ""},
    {"B047 with keep-alive", 0, 426, "Connection: keep-alive\r\n", NULL, ""},

    {"B048 no Connection", 0, 400, UP KEY VER, NULL, ""},
    {"B048 keep-alive", 0, 400, UP KEY VER "Connection: keep-alive\r\n", NULL,
     ""},
    {"B048 Connection: upgraded", 0, 400, UP KEY VER "Connection: upgraded\r\n",
     NULL, ""},
    {"B048 websocket2", 0, 426, CONN KEY VER "Upgrade: websocket2\r\n", NULL,
     ""},
    {"B048 websocket/13", 0, 426, CONN KEY VER "Upgrade: websocket/13\r\n",
     NULL, ""},
    {"B040 h2c", 0, 426, CONN KEY VER "Upgrade: h2c\r\n", NULL, ""},
    {"B048 a list", 0, 101, UP KEY VER "Connection: keep-alive, Upgrade\r\n",
     NULL, ""},
    {"B048 two lines", 0, 101, UP KEY VER CONN "Connection: keep-alive\r\n",
     NULL, ""},
    {"B048 letter case", 0, 101,
     KEY VER "UPGRADE: WebSocket\r\nconnection: UPGRADE\r\n", NULL, ""},
    {"B048 empty items", 0, 101, UP KEY VER "Connection: ,, upgrade ,\r\n",
     NULL, ""},
    {"B048 others beside it", 0, 101,
     CONN KEY VER "Upgrade: a/1, websocket\r\n", NULL, ""},
    {"B048 malformed Upgrade", 0, 400, CONN KEY VER "Upgrade: web socket\r\n",
     NULL, ""},
    {"B048 Upgrade ends in a slash", 0, 400,
     CONN KEY VER "Upgrade: websocket/\r\n", NULL, ""},
    {"B048 malformed Connection", 0, 400, UP KEY VER "Connection: upgrade;\r\n",
     NULL, ""},

    {"B049 8", 0, 426, UP CONN KEY "Sec-WebSocket-Version: 8\r\n", NULL, ""},
    {"B049 12", 0, 426, UP CONN KEY "Sec-WebSocket-Version: 12\r\n", NULL, ""},
    {"B049 14", 0, 426, UP CONN KEY "Sec-WebSocket-Version: 14\r\n", NULL, ""},
    {"B049 13, 8", 0, 426, UP CONN KEY "Sec-WebSocket-Version: 13, 8\r\n", NULL,
     ""},
    {"B050 missing", 0, 400, UP CONN KEY, NULL, ""},
    {"B050 empty", 0, 400, UP CONN KEY "Sec-WebSocket-Version:\r\n", NULL, ""},
    {"B050 +13", 0, 400, UP CONN KEY "Sec-WebSocket-Version: +13\r\n", NULL,
     ""},
    {"B050 013", 0, 400, UP CONN KEY "Sec-WebSocket-Version: 013\r\n", NULL,
     ""},
    {"B050 13.0", 0, 400, UP CONN KEY "Sec-WebSocket-Version: 13.0\r\n", NULL,
     ""},
    {"B050 256", 0, 400, UP CONN KEY "Sec-WebSocket-Version: 256\r\n", NULL,
     ""},
    {"B050 2^64 + 13", 0, 400,
     UP CONN KEY "Sec-WebSocket-Version: 18446744073709551629\r\n", NULL, ""},
    {"B050 two lines", 0, 400, GOOD VER, NULL, ""},

    {"B051 missing", 0, 400, UP CONN VER, NULL, ""},
    {"B051 empty", 0, 400, UP CONN VER "Sec-WebSocket-Key:\r\n", NULL, ""},
    {"B051 not base64", 0, 400,
     UP CONN VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!!==\r\n", NULL, ""},
    {"B051 15 bytes", 0, 400,
     UP CONN VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n", NULL, ""},
    {"B051 17 bytes", 0, 400,
     UP CONN VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWQ=\r\n", NULL, ""},
    {"B051 no padding", 0, 400,
     UP CONN VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n", NULL, ""},
    {"B051 stray bits", 0, 400,
     UP CONN VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n", NULL, ""},
    {"B051 two keys", 0, 400, GOOD KEY, NULL, ""},

    {"B056 ours", 0, 101, GOOD PROTO "moim.v1\r\n", "moim.v1", ""},
    {"B056 ours and others", 0, 101, GOOD PROTO "chat, moim.v1 ,x\r\n",
     "moim.v1", ""},
    {"B056 ours in a second line", 0, 101,
     GOOD PROTO "chat\r\n" PROTO "moim.v1\r\n", "moim.v1", ""},
    {"B056 with a token", 0, 101, GOOD PROTO "moim.v1, moim.token.a-b_c.d\r\n",
     "moim.v1", "a-b_c.d"},
    {"B056 token first", 0, 101, GOOD PROTO "moim.token.t,moim.v1\r\n",
     "moim.v1", "t"},
    {"B056 with lines", 0, 101, GOOD PROTO "moim.v1.lines, moim.v1\r\n",
     "moim.v1.lines", ""},
    {"B056 lines, but rather not", 0, 101,
     GOOD PROTO "moim.v1, moim.v1.lines\r\n", "moim.v1", ""},
    {"B056 token only", 0, 400, GOOD PROTO "moim.token.abc\r\n", NULL, ""},
    {"B056 empty token", 0, 400, GOOD PROTO "moim.v1, moim.token.\r\n", NULL,
     ""},
    {"B056 two tokens", 0, 400,
     GOOD PROTO "moim.token.a, moim.v1, moim.token.b\r\n", NULL, ""},
    {"B056 unknown only", 0, 400, GOOD PROTO "chat, superchat\r\n", NULL, ""},
    {"B056 another letter case", 0, 400, GOOD PROTO "Moim.v1\r\n", NULL, ""},
    {"B056 illegal token", 0, 400, GOOD PROTO "moim.v1, a b\r\n", NULL, ""},
    {"B056 illegal character", 0, 400, GOOD PROTO "moim.v1, a@b\r\n", NULL, ""},
    {"B056 empty", 0, 400, GOOD PROTO "\r\n", NULL, ""},
    {"B056 only commas", 0, 400, GOOD PROTO ",, ,\r\n", NULL, ""},

    {"B057 deflate", 0, 101, GOOD EXT "permessage-deflate\r\n", NULL, ""},
    {"B057 of a browser", 0, 101,
     GOOD EXT "permessage-deflate; client_max_window_bits\r\n", NULL, ""},
    {"B057 unknown parameters", 0, 101,
     GOOD EXT "x-y; a; b=c; d=\"e\" , permessage-deflate;z=1\r\n", NULL, ""},
    {"B057 constructor", 0, 101, GOOD EXT "constructor; __proto__=1\r\n", NULL,
     ""},
    {"B057 offered twice", 0, 101,
     GOOD EXT "permessage-deflate, permessage-deflate\r\n", NULL, ""},
    {"B057 window of 7", 0, 101,
     GOOD EXT "permessage-deflate; server_max_window_bits=7\r\n", NULL, ""},
    {"B057 window of x", 0, 101,
     GOOD EXT "permessage-deflate; server_max_window_bits=x\r\n", NULL, ""},
    {"B057 quoted", 0, 101, GOOD EXT "a; b=\"\\1\\0\"\r\n", NULL, ""},
    {"B057 unclosed quote", 0, 400,
     GOOD EXT "permessage-deflate; server_max_window_bits=\"10\r\n", NULL, ""},
    {"B057 backslash at the end", 0, 400, GOOD EXT "a; b=\"c\\\r\n", NULL, ""},
    {"B057 empty quotes", 0, 400, GOOD EXT "a; b=\"\"\r\n", NULL, ""},
    {"B057 quoted comma", 0, 400, GOOD EXT "a; b=\"c,d\"\r\n", NULL, ""},
    {"B057 quoted space", 0, 400, GOOD EXT "a; b=\"c d\"\r\n", NULL, ""},
    {"B057 behind quotes", 0, 400, GOOD EXT "a; b=\"c\"d\r\n", NULL, ""},
    {"B057 no name", 0, 400, GOOD EXT "; a\r\n", NULL, ""},
    {"B057 no parameter", 0, 400, GOOD EXT "a;\r\n", NULL, ""},
    {"B057 no value", 0, 400, GOOD EXT "a; b=\r\n", NULL, ""},
    {"B057 two names", 0, 400, GOOD EXT "a b\r\n", NULL, ""},
    {"B057 value of an extension", 0, 400, GOOD EXT "a=b\r\n", NULL, ""},
    {"B057 empty", 0, 400, GOOD EXT "\r\n", NULL, ""},

    {"B058 body", BODY, 400, GOOD, NULL, ""},
    {"B059 bytes behind", EXTRA, 400, GOOD, NULL, ""},
    {"B063 not a token", 0, 400, GOOD PROTO "moim.v1\tSet-Cookie:x\r\n", NULL,
     ""},
};

/* Reads header lines; false when already the HTTP head refuses them. */
static bool read_fields(const char *lines, struct http_fields *out) {
    struct http_error why;
    struct buf text;
    enum parse got;

    buf_init(&text);
    buf_add_str(&text, lines);
    buf_add_str(&text, "\r\n");
    got = http_fields_parse(buf_slice(&text), out, &why);
    for (size_t i = 0; i < out->count; i++) { /* point into `lines` instead */
        struct http_header *h = &out->list[i];

        h->name.p = (const uint8_t *)lines + (h->name.p - text.p);
        h->value.p = (const uint8_t *)lines + (h->value.p - text.p);
    }
    buf_fini(&text);
    return got == PARSE_OK;
}

static struct ws_answer decide(const char *lines, unsigned what) {
    struct http_fields fields;
    struct ws_offer offer = {
        .get = (what & POST) == 0,
        .has_body = (what & BODY) != 0,
        .has_extra_bytes = (what & EXTRA) != 0,
        .minor = (what & HTTP_1_0) != 0 ? 0 : 1,
        .fields = &fields,
    };
    struct ws_answer answer;

    assert_true(read_fields(lines, &fields));
    ws_handshake_decide(&offer, &answer);
    return answer;
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void test_decide(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];
        struct ws_answer a = decide(r->fields, r->what);

        assert_row(r->name, a.status == r->status);
        assert_row(r->name, a.why != NULL && strlen(a.why) > 0);
        assert_row(r->name, same_text(a.protocol, r->protocol));
        assert_row(r->name, a.lines == same_text(a.protocol, "moim.v1.lines"));
        assert_row(r->name, slice_is(a.token, r->token));
        assert_row(r->name,
                   strcmp(a.accept, a.status == 101 ? THE_ACCEPT : "") == 0);
    }
}

static void test_refusal_headers(void **state) {
    (void)state;
    assert_string_equal(decide(GOOD, POST).headers, "Allow: GET\r\n");
    assert_string_equal(decide("Host: h\r\n", 0).headers,
                        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\n");
    assert_string_equal(decide(UP, 0).headers, "");
    assert_string_equal(decide(GOOD, 0).headers, "");
}

/* Long lists are decided as short ones are. */
static void test_long_lists(void **state) {
    static const struct {
        const char *name;
        const char *header;
        const char *first;
        const char *again;
        unsigned count;
        unsigned status;
    } lists[] = {
        {"B056 1000 names", PROTO, "a", ",b", 1000, 400},
        {"B056 1000 names, one ours", PROTO, "moim.v1", ",b", 1000, 101},
        {"B056 6 KiB of spaces", PROTO, "a", " ", 6144, 400},
        {"B056 6 KiB of spaces and ours", PROTO, "moim.v1,", " ", 6144, 101},
        {"B056 6 KiB of commas", PROTO, "moim.v1", ",", 6144, 101},
        {"B057 unclosed quote, \\a x 4000", EXT, "a; b=\"", "\\a", 4000, 400},
        {"B057 4000 parameters", EXT, "a", ";b", 4000, 101},
        {"B051 8 KiB key", "Sec-WebSocket-Key: ", "", "AAAA", 2000, 400},
    };
    struct buf lines;

    (void)state;
    buf_init(&lines);
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        buf_clear(&lines);
        buf_add_str(&lines, UP CONN VER);
        if (strncmp(lists[i].header, KEY, strlen(lists[i].header)) != 0) {
            buf_add_str(&lines, KEY);
        }
        buf_add_str(&lines, lists[i].header);
        buf_add_str(&lines, lists[i].first);
        for (unsigned k = 0; k < lists[i].count; k++) {
            buf_add_str(&lines, lists[i].again);
        }
        buf_add(&lines, slice_of("\r\n", 3));
        assert_row(lists[i].name,
                   decide((char *)lines.p, 0).status == lists[i].status);
    }
    buf_fini(&lines);
}

static void test_accept_key(void **state) {
    char accept[WS_ACCEPT_LEN + 1];

    (void)state;
    ws_accept_key(SLICE_LIT(THE_KEY), accept);
    assert_string_equal(accept, THE_ACCEPT);
}

/* B063: nothing of the client's text is in the answer. */
static void test_write(void **state) {
    struct ws_answer a =
        decide(GOOD PROTO "x, moim.token.secret, moim.v1\r\n", 0);
    struct buf out;

    (void)state;
    buf_init(&out);
    ws_handshake_write(&a, &out);
    assert_true(slice_is(buf_slice(&out),
                         "HTTP/1.1 101 Switching Protocols\r\n"
                         "Upgrade: websocket\r\n"
                         "Connection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: " THE_ACCEPT "\r\n"
                         "Sec-WebSocket-Protocol: moim.v1\r\n"
                         "\r\n"));
    buf_clear(&out);
    a = decide(GOOD, 0);
    ws_handshake_write(&a, &out);
    assert_true(slice_is(buf_slice(&out),
                         "HTTP/1.1 101 Switching Protocols\r\n"
                         "Upgrade: websocket\r\n"
                         "Connection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: " THE_ACCEPT "\r\n"
                         "\r\n"));
    buf_fini(&out);
}

static const struct ws_request request = {
    .path = "/v1/ws",
    .host = "chat.example",
    .key = THE_KEY,
    .protocols = "moim.v1, moim.token.abc",
    .headers = "Origin: https://chat.example\r\n",
};

static void test_request(void **state) {
    struct ws_request least = {.path = "/", .host = "h:1", .key = THE_KEY};
    struct buf out;

    (void)state;
    buf_init(&out);
    ws_request_write(&request, &out);
    assert_true(
        slice_is(buf_slice(&out),
                 "GET /v1/ws HTTP/1.1\r\nHost: chat.example\r\n" GOOD PROTO
                 "moim.v1, moim.token.abc\r\n"
                 "Origin: https://chat.example\r\n\r\n"));
    buf_clear(&out);
    ws_request_write(&least, &out);
    assert_true(slice_is(buf_slice(&out),
                         "GET / HTTP/1.1\r\nHost: h:1\r\n" GOOD "\r\n"));
    buf_fini(&out);
}

#define HEAD_101 "HTTP/1.1 101 Switching Protocols\r\n"
#define ACC "Sec-WebSocket-Accept: " THE_ACCEPT "\r\n"

static const struct reply_row {
    const char *name;
    const char *text;
    enum parse want;
    unsigned status;
    const char *protocol;
} replies[] = {
    {"plain", HEAD_101 UP CONN ACC "\r\n", PARSE_OK, 101, ""},
    {"no reason", "HTTP/1.1 101\r\n" UP CONN ACC "\r\n", PARSE_OK, 101, ""},
    {"a protocol", HEAD_101 UP CONN ACC PROTO "moim.v1\r\n\r\n", PARSE_OK, 101,
     "moim.v1"},
    {"letter case",
     HEAD_101 ACC "upgrade: WEBSOCKET\r\nCONNECTION: x, upgrade\r\n\r\n",
     PARSE_OK, 101, ""},
    {"declined", "HTTP/1.1 503 Busy\r\nRetry-After: 3\r\n\r\n", PARSE_OK, 503,
     ""},
    {"version", "HTTP/1.1 426 No\r\n" VER "\r\n", PARSE_OK, 426, ""},
    {"HTTP/1.0", "HTTP/1.0 101 X\r\n" UP CONN ACC "\r\n", PARSE_BAD, 0, ""},
    {"not HTTP", "SSH-2.0-x\r\n\r\n", PARSE_BAD, 0, ""},
    {"no Upgrade", HEAD_101 CONN ACC "\r\n", PARSE_BAD, 0, ""},
    {"other Upgrade", HEAD_101 CONN ACC "Upgrade: h2c\r\n\r\n", PARSE_BAD, 0,
     ""},
    {"no Connection", HEAD_101 UP ACC "\r\n", PARSE_BAD, 0, ""},
    {"no Accept", HEAD_101 UP CONN "\r\n", PARSE_BAD, 0, ""},
    {"wrong Accept",
     HEAD_101 UP CONN
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n\r\n",
     PARSE_BAD, 0, ""},
    {"Accept in another case",
     HEAD_101 UP CONN
     "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n\r\n",
     PARSE_BAD, 0, ""},
    {"two Accepts", HEAD_101 UP CONN ACC ACC "\r\n", PARSE_BAD, 0, ""},
    {"an extension", HEAD_101 UP CONN ACC EXT "permessage-deflate\r\n\r\n",
     PARSE_BAD, 0, ""},
    {"a protocol not offered", HEAD_101 UP CONN ACC PROTO "chat\r\n\r\n",
     PARSE_BAD, 0, ""},
    {"two protocols",
     HEAD_101 UP CONN ACC PROTO "moim.v1\r\n" PROTO "moim.v1\r\n\r\n",
     PARSE_BAD, 0, ""},
    {"a list of protocols",
     HEAD_101 UP CONN ACC PROTO "moim.v1, moim.token.abc\r\n\r\n", PARSE_BAD, 0,
     ""},
    {"an empty protocol", HEAD_101 UP CONN ACC PROTO "\r\n\r\n", PARSE_BAD, 0,
     ""},
};

static void test_reply(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        const struct reply_row *r = &replies[i];
        struct buf text;
        struct ws_reply got = {.status = 0};

        buf_init(&text);
        buf_add_str(&text, r->text);
        buf_add_str(&text, "\x81\x01!"); /* a frame right behind it */
        assert_row(r->name,
                   ws_reply_parse(buf_slice(&text), &request, &got) == r->want);
        assert_row(r->name, got.status == r->status);
        assert_row(r->name, slice_is(got.protocol, r->protocol));
        assert_row(r->name,
                   r->want != PARSE_OK || got.head_len == strlen(r->text));
        buf_fini(&text);
    }
}

/* Who offered no subprotocol is not told one, not even an empty one. */
static void test_reply_unasked(void **state) {
    struct ws_request least = {.path = "/", .host = "h", .key = THE_KEY};
    struct ws_reply got;

    (void)state;
    assert_int_equal(
        ws_reply_parse(SLICE_LIT(HEAD_101 UP CONN ACC "\r\n"), &least, &got),
        PARSE_OK);
    assert_int_equal(
        ws_reply_parse(SLICE_LIT(HEAD_101 UP CONN ACC PROTO "moim.v1\r\n\r\n"),
                       &least, &got),
        PARSE_BAD);
    assert_int_equal(
        ws_reply_parse(SLICE_LIT(HEAD_101 UP CONN ACC PROTO "\r\n\r\n"), &least,
                       &got),
        PARSE_BAD);
}

static void test_reply_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        const struct reply_row *r = &replies[i];
        struct ws_reply got;

        for (size_t n = 0; r->want == PARSE_OK && n < strlen(r->text); n++) {
            assert_row(r->name, ws_reply_parse(slice_of(r->text, n), &request,
                                               &got) == PARSE_MORE);
        }
    }
}

/* What the client writes the server takes, and the other way round. */
static void test_reads_back(void **state) {
    struct ws_answer a;
    struct ws_reply got;
    struct buf bytes;
    char *lines;

    (void)state;
    buf_init(&bytes);
    ws_request_write(&request, &bytes);
    buf_add_byte(&bytes, '\0');
    lines = strstr((char *)bytes.p, "\r\n") + 2;
    bytes.p[bytes.n - 3] = '\0'; /* without the empty line */
    a = decide(lines, 0);
    assert_int_equal(a.status, 101);
    assert_true(slice_is(a.token, "abc"));
    buf_clear(&bytes);
    ws_handshake_write(&a, &bytes);
    assert_int_equal(ws_reply_parse(buf_slice(&bytes), &request, &got),
                     PARSE_OK);
    assert_int_equal(got.status, 101);
    assert_int_equal(got.head_len, bytes.n);
    assert_true(slice_is(got.protocol, "moim.v1"));
    buf_fini(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decide),
        cmocka_unit_test(test_refusal_headers),
        cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_accept_key),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_reply),
        cmocka_unit_test(test_reply_unasked),
        cmocka_unit_test(test_reply_every_cut),
        cmocka_unit_test(test_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
