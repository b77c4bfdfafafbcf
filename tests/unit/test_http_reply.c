/* The reply writer, byte for byte, and read back by the client's parser. */
#include "tests/unit/assert_row.h"

#include "proto/wire/http_answer.h"
#include "proto/wire/http_body.h"
#include "proto/wire/http_reply.h"

#define SAFE                                                                   \
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"

static void assert_written(struct buf *b, const char *want) {
    buf_add_byte(b, 0);
    assert_string_equal((const char *)b->p, want);
    buf_fini(b);
}

static void test_api(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    http_reply_begin(&b, 404, HTTP_REPLY_API, true);
    http_reply_end(&b, "application/json", SLICE_LIT("{}"));
    assert_written(&b, "HTTP/1.1 404 Not Found\r\n"
                       "Cache-Control: no-store\r\n" SAFE
                       "Content-Security-Policy: default-src 'none'; "
                       "frame-ancestors 'none'\r\n"
                       "Content-Type: application/json\r\n"
                       "Content-Length: 2\r\n\r\n{}");
}

static void test_page(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    http_reply_begin(&b, 200, HTTP_REPLY_PAGE, false);
    http_reply_header(&b, "Cache-Control", SLICE_LIT("max-age=60"));
    http_reply_end_head(&b, "text/html", 123);
    assert_written(&b, "HTTP/1.1 200 OK\r\n" SAFE "Connection: close\r\n"
                       "Cache-Control: max-age=60\r\n"
                       "Content-Type: text/html\r\n"
                       "Content-Length: 123\r\n\r\n");
}

static void test_bare(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    http_reply_begin(&b, 101, HTTP_REPLY_BARE, true);
    http_reply_header(&b, "Upgrade", SLICE_LIT("websocket"));
    http_reply_end_empty(&b);
    assert_written(&b, "HTTP/1.1 101 Switching Protocols\r\n"
                       "Upgrade: websocket\r\n\r\n");
}

static void test_chunks(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    http_reply_begin(&b, 200, HTTP_REPLY_BARE, true);
    http_reply_end_chunked(&b, "text/event-stream");
    http_reply_chunk(&b, SLICE_LIT("0123456789abcdef"));
    http_reply_chunk(&b, SLICE_LIT(""));
    http_reply_last_chunk(&b);
    assert_written(&b, "HTTP/1.1 200 OK\r\n"
                       "Content-Type: text/event-stream\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n"
                       "10\r\n0123456789abcdef\r\n0\r\n\r\n");
}

static void test_reasons(void **state) {
    static const unsigned refusals[] = {400, 405, 413, 414, 415,
                                        417, 421, 431, 501, 505};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        assert_non_null(http_status_reason(refusals[i]));
    }
    assert_null(http_status_reason(0));
    assert_null(http_status_reason(299));
}

/* Every status and set, with a body and in chunks, reads back, and no prefix
 * of it does. */
static void test_reads_back(void **state) {
    struct slice text = SLICE_LIT("{\"안녕\":1}\r\n0\r\n\r\n");

    (void)state;
    for (unsigned status = 200; status < 600; status++) {
        struct http_answer a;
        struct http_body body;
        struct http_error why;
        struct buf out;
        struct buf got;
        size_t used;

        if (http_status_reason(status) == NULL || status == 204 ||
            status == 304) {
            continue;
        }
        buf_init(&out);
        buf_init(&got);
        http_reply_begin(&out, status, HTTP_REPLY_API, status % 2 == 0);
        http_reply_header(&out, "Retry-After", SLICE_LIT("5"));
        if (status % 3 == 0) {
            http_reply_end(&out, "application/json", text);
        } else {
            http_reply_end_chunked(&out, "application/json");
            http_reply_chunk(&out, slice_take(text, 3));
            http_reply_chunk(&out, slice_drop(text, 3));
            http_reply_last_chunk(&out);
        }
        assert_true(http_answer_parse(buf_slice(&out), &a) == PARSE_OK);
        assert_int_equal(a.status, status);
        assert_int_equal(a.keep_alive, status % 2 == 0);
        assert_false(a.until_close);
        assert_true(slice_is(http_fields_get(&a.fields, "retry-after"), "5"));
        for (size_t n = 0; n < a.head_len; n++) {
            struct http_answer cut;

            assert_true(http_answer_parse(slice_take(buf_slice(&out), n),
                                          &cut) == PARSE_MORE);
        }
        http_body_init(&body, &a.framing, 100);
        assert_true(http_body_feed(&body,
                                   slice_drop(buf_slice(&out), a.head_len),
                                   &used, &got, &why) == PARSE_OK);
        assert_int_equal(a.head_len + used, out.n);
        assert_true(slice_eq(buf_slice(&got), text));
        buf_fini(&out);
        buf_fini(&got);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api),     cmocka_unit_test(test_page),
        cmocka_unit_test(test_bare),    cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_reasons), cmocka_unit_test(test_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
