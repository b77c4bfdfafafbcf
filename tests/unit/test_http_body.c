/* Bodies: every bad framing with its status, and every cut of every row. */
#include "tests/unit/assert_row.h"

#include "proto/wire/http_body.h"

#define LIMIT 32
#define TEXT(text)                                                             \
    { (const uint8_t *)(text), sizeof(text) - 1 }
#define CHUNKED                                                                \
    { true, false, 0 }
#define LENGTH(n)                                                              \
    { false, true, n }
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define GOOD(name, framing, in, body)                                          \
    { name, framing, TEXT(in), 0, body }
#define BAD(name, status, in)                                                  \
    { name, CHUNKED, TEXT(in), status, "" }

/* A good row's input holds the body and nothing else. */
static const struct row {
    const char *name;
    struct http_framing framing;
    struct slice in;
    unsigned status; /* 0: good */
    const char *body;
} rows[] = {
    {"no body", {false, false, 0}, TEXT(""), 0, ""},
    GOOD("length 0", LENGTH(0), "", ""),
    GOOD("length 5", LENGTH(5), "hello", "hello"),
    GOOD("length at the limit", LENGTH(LIMIT),
         "01234567890123456789012345678901",
         "01234567890123456789012345678901"),
    GOOD("empty", CHUNKED, "0\r\n\r\n", ""),
    GOOD("many zeros", CHUNKED, "00000000\r\n\r\n", ""),
    GOOD("two chunks", CHUNKED, "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!"),
    GOOD("hex", CHUNKED, "0000000B\r\nhello\r\n 0\r\n\r\n0\r\n\r\n",
         "hello\r\n 0\r\n"),
    GOOD("at the limit", CHUNKED,
         "1f\r\n0123456789012345678901234567890\r\n1\r\n1\r\n0\r\n\r\n",
         "01234567890123456789012345678901"),
    GOOD("extensions", CHUNKED, "1;a=b\r\nx\r\n1;\r\ny\r\n0; \"q\"\t\r\n\r\n",
         "xy"),
    GOOD("extension of 256", CHUNKED,
         "00000001;" X64 X64 X64 X64 "\r\ny\r\n0\r\n\r\n", "y"),
    GOOD("B032 trailers", CHUNKED, "0\r\nX-Sum: 1\r\nServer-Timing:\r\n\r\n",
         ""),
    BAD("B030 empty size", 400, "\r\nhello\r\n"),
    BAD("B030 extension only", 400, ";a\r\nhello\r\n"),
    BAD("B030 0x5", 400, "0x5\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 +5", 400, "+5\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 -0", 400, "-0\r\n\r\n"),
    BAD("B030 5_0", 400, "5_0\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 space first", 400, " 5\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 space behind", 400, "5 \r\nhello\r\n0\r\n\r\n"),
    BAD("B030 space before ;", 400, "5 ;a\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 nine digits", 400, "000000005\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 many digits", 400, "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 not hex", 400, "5g\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 CR in extension", 400, "5;\ra\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 LF in extension", 400, "5;a\nhello\r\n0\r\n\r\n"),
    BAD("B030 NUL in extension", 400, "5;\0\r\nhello\r\n0\r\n\r\n"),
    BAD("B030 LF ends size", 400, "5\nhello\r\n0\r\n\r\n"),
    BAD("B030 extension of 257", 400, "1;" X64 X64 X64 X64 "x\r\ny\r\n"),
    BAD("B030 digits and long extension", 400,
        "00000001;" X64 X64 X64 X64 "x\r\ny\r\n"),
    BAD("B031 XX", 400, "5\r\nhelloXX0\r\n\r\n"),
    BAD("B031 chunk too long", 400, "5\r\nhello!\r\n0\r\n\r\n"),
    BAD("B031 LF behind data", 400, "5\r\nhello\n0\r\n\r\n"),
    BAD("B031 CR behind data", 400, "5\r\nhello\rX0\r\n\r\n"),
    BAD("B031 no final CRLF", 400, "0\r\n\n"),
    BAD("B031 next request too early", 400, "0\r\nGET / HTTP/1.1\r\n"),
    BAD("B032 length", 400, "0\r\ncontent-length: 5\r\n\r\n"),
    BAD("B032 coding", 400, "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    BAD("B032 host", 400, "0\r\nA: b\r\nHost: a\r\n\r\n"),
    BAD("B032 authorization", 400, "0\r\nAuthorization: x\r\n\r\n"),
    BAD("B032 no colon", 400, "0\r\nA\r\n\r\n"),
    BAD("B032 folded", 400, "0\r\nA: b\r\n c\r\n\r\n"),
    BAD("B033 one chunk", 413, "21\r\n"),
    BAD("B033 huge chunk", 413, "ffffffff\r\n"),
    BAD("B033 sum of chunks", 413, "2\r\nab\r\n1f\r\n"),
    {"B033 declared", LENGTH(LIMIT + 1), TEXT(""), 413, ""},
    {"B033 declared huge", LENGTH(INT64_MAX), TEXT("abc"), 413, ""},
};

/* A connection: bytes come in pieces of `step`, what the decoder does not use
 * waits. Answers the last verdict; *rest is what was left over. */
static enum parse feed(const struct row *r, struct slice in, size_t step,
                       struct buf *body, unsigned *status, size_t *rest) {
    struct http_body b;
    struct http_error why = {0, NULL};
    struct buf waiting;
    enum parse got;
    size_t used;

    buf_init(&waiting);
    http_body_init(&b, &r->framing, LIMIT);
    got = http_body_feed(&b, slice_take(in, 0), &used, body, &why);
    assert_row(r->name, used == 0);
    while (got == PARSE_MORE && in.n > 0) {
        size_t n = in.n < step ? in.n : step;

        buf_add(&waiting, slice_take(in, n));
        in = slice_drop(in, n);
        got = http_body_feed(&b, buf_slice(&waiting), &used, body, &why);
        assert_row(r->name, used <= waiting.n);
        buf_consume(&waiting, used);
    }
    *status = why.status;
    *rest = waiting.n + in.n;
    buf_fini(&waiting);
    return got;
}

static void check(const struct row *r, size_t step) {
    struct buf body;
    unsigned status;
    size_t rest;

    buf_init(&body);
    if (r->status == 0) {
        assert_row(r->name,
                   feed(r, r->in, step, &body, &status, &rest) == PARSE_OK);
        assert_row(r->name, rest == 0);
        assert_row(r->name, slice_is(buf_slice(&body), r->body));
    } else {
        assert_row(r->name,
                   feed(r, r->in, step, &body, &status, &rest) == PARSE_BAD);
        assert_row(r->name, status == r->status);
    }
    assert_row(r->name, body.n <= LIMIT);
    buf_fini(&body);
}

/* Whole, in single bytes, and in every size between. */
static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t step = 1; step <= rows[i].in.n + 1; step++) {
            check(&rows[i], step);
        }
    }
}

/* A prefix of a good body asks for more, one of a bad body is never good. */
static void test_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];

        for (size_t n = 0; n < r->in.n; n++) {
            struct buf body;
            unsigned status;
            size_t rest;
            enum parse got;

            buf_init(&body);
            got = feed(r, slice_take(r->in, n), 1, &body, &status, &rest);
            assert_row(r->name, got != PARSE_OK);
            assert_row(r->name, got == PARSE_MORE || status == r->status);
            assert_row(r->name, got == PARSE_MORE || r->status != 0);
            buf_fini(&body);
        }
    }
}

/* The next request behind a body is left alone. */
static void test_glued(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];
        struct slice next = SLICE_LIT("GET / HTTP/1.1\r\n");
        struct buf in;
        struct buf body;
        unsigned status;
        size_t rest;

        if (r->status != 0) {
            continue;
        }
        buf_init(&in);
        buf_init(&body);
        buf_add(&in, r->in);
        buf_add(&in, next);
        assert_row(r->name, feed(r, buf_slice(&in), in.n, &body, &status,
                                 &rest) == PARSE_OK);
        assert_row(r->name, rest == next.n);
        buf_fini(&in);
        buf_fini(&body);
    }
}

static void test_trailer_limits(void **state) {
    static const struct {
        const char *name, *unit;
        size_t times;
    } limits[] = {
        {"one long", "a", 8193},
        {"too many", "a: b\r\n", 65},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct http_framing framing = CHUNKED;
        struct http_body b;
        struct http_error why;
        struct buf in;
        size_t used;

        buf_init(&in);
        buf_add_str(&in, "0\r\n");
        for (size_t j = 0; j < limits[i].times; j++) {
            buf_add_str(&in, limits[i].unit);
        }
        http_body_init(&b, &framing, LIMIT);
        assert_row(limits[i].name, http_body_feed(&b, buf_slice(&in), &used,
                                                  &in, &why) == PARSE_BAD);
        assert_row(limits[i].name, why.status == 431);
        buf_fini(&in);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_glued),
        cmocka_unit_test(test_trailer_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
