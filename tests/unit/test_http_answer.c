/* Reply heads as a client reads them. */
#include "tests/unit/assert_row.h"

#include "proto/wire/http_answer.h"

static const struct row {
    const char *in;
    enum parse want;
    unsigned status;
    struct http_framing framing;
    bool until_close, keep_alive;
} rows[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
     PARSE_OK,
     200,
     {false, true, 5},
     false,
     true},
    {"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n",
     PARSE_OK,
     200,
     {false, true, 5},
     false,
     true},
    {"HTTP/1.1 599 \r\n\r\n", PARSE_OK, 599, {false, false, 0}, true, true},
    {"HTTP/1.0 200 OK\r\n\r\n", PARSE_OK, 200, {false, false, 0}, true, false},
    {"HTTP/1.1 200 OK\r\nConnection: Close\r\nTransfer-Encoding: chunked\r\n"
     "\r\n",
     PARSE_OK,
     200,
     {true, false, 0},
     false,
     false},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
     PARSE_OK,
     101,
     {false, false, 0},
     false,
     true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
     PARSE_OK,
     304,
     {false, false, 0},
     false,
     true},
    {"HTTP/1.1 204 Nichts\r\n\r\n",
     PARSE_OK,
     204,
     {false, false, 0},
     false,
     true},
    {"HTTP/1.1 20 OK\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"HTTP/1.1 2000 OK\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"HTTP/1.1 099 OK\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"HTTP/1.1 600 OK\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"HTTP/1.1 +20 OK\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"HTTP/2 200 OK or not\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"http/1.1 200 OK\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"HTTP/1.1 200 OK\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", PARSE_BAD, 0, {0}, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
     PARSE_BAD,
     0,
     {0},
     false,
     false},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     PARSE_BAD,
     0,
     {0},
     false,
     false},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];
        struct slice in = slice_str(r->in);
        struct http_answer a;

        assert_row(r->in, http_answer_parse(in, &a) == r->want);
        if (r->want != PARSE_OK) {
            continue;
        }
        assert_row(r->in, a.status == r->status && a.head_len == in.n);
        assert_row(r->in, a.framing.chunked == r->framing.chunked);
        assert_row(r->in, a.framing.has_length == r->framing.has_length);
        assert_row(r->in, a.framing.length == r->framing.length);
        assert_row(r->in, a.until_close == r->until_close);
        assert_row(r->in, a.keep_alive == r->keep_alive);
    }
}

static void test_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice in = slice_str(rows[i].in);

        for (size_t n = 0; n < in.n; n++) {
            struct http_answer a;
            enum parse got = http_answer_parse(slice_take(in, n), &a);

            assert_row(rows[i].in,
                       got == PARSE_MORE ||
                           (got == PARSE_BAD && rows[i].want == PARSE_BAD));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
