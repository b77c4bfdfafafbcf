/* Any bytes as a request head and as a reply head. A verdict does not depend
 * on how the bytes were cut; an accepted head keeps the limits, is clear about
 * its body's end, and written out again reads the same. */
#include <assert.h>

#include "proto/base/buf.h"
#include "proto/wire/http.h"
#include "proto/wire/http_answer.h"
#include "proto/wire/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A prefix asks for more, or says already what the whole says. */
static void check_cut(struct slice in, size_t n, enum parse whole,
                      const struct http_error *whole_why) {
    struct http_head h;
    struct http_error why = {0, NULL};
    enum parse got = http_head_parse(slice_take(in, n), &h, &why);

    assert(got == PARSE_MORE || got == whole);
    assert(got != PARSE_BAD || why.status == whole_why->status);
    assert(got != PARSE_OK || h.head_len <= n);
}

static void check_limits(const struct http_head *h, size_t size) {
    assert(h->head_len <= size && h->head_len <= HTTP_HEAD_MAX);
    assert(h->fields.count <= HTTP_FIELD_COUNT_MAX);
    assert(h->target.n <= HTTP_REQUEST_LINE_MAX);
    assert(!(h->framing.chunked && h->framing.has_length));
    assert(h->framing.length <= INT64_MAX);
    assert(!h->framing.chunked || h->minor == 1);
    assert(http_header_count(h, "Content-Length") <= 1);
    assert(http_header_count(h, "Transfer-Encoding") <= 1);
    assert(h->minor == 0 || http_header_count(h, "Host") == 1);
    assert(h->host.p == NULL || http_host_valid(h->host));
    for (size_t i = 0; i < h->fields.count; i++) {
        assert(http_is_token(h->fields.list[i].name));
        assert(http_is_value(h->fields.list[i].value));
    }
}

static void write_head(const struct http_head *h, struct buf *out) {
    buf_add_str(out, http_method_str(h->method));
    buf_add_byte(out, ' ');
    buf_add(out, h->target);
    buf_addf(out, " HTTP/1.%u\r\n", h->minor);
    for (size_t i = 0; i < h->fields.count; i++) {
        buf_add(out, h->fields.list[i].name);
        buf_add_byte(out, ':');
        buf_add(out, h->fields.list[i].value);
        buf_add_str(out, "\r\n");
    }
    buf_add_str(out, "\r\n");
}

static void check_reads_back(const struct http_head *h) {
    struct http_head again;
    struct http_error why;
    struct buf text;

    buf_init(&text);
    write_head(h, &text);
    assert(http_head_parse(buf_slice(&text), &again, &why) == PARSE_OK);
    assert(again.head_len == text.n && again.method == h->method);
    assert(slice_eq(again.path, h->path) && slice_eq(again.query, h->query));
    assert(slice_eq(again.host, h->host) && again.minor == h->minor);
    assert(again.framing.chunked == h->framing.chunked);
    assert(again.framing.has_length == h->framing.has_length);
    assert(again.framing.length == h->framing.length);
    assert(again.keep_alive == h->keep_alive && again.upgrade == h->upgrade);
    assert(again.expect_continue == h->expect_continue);
    assert(again.fields.count == h->fields.count);
    buf_fini(&text);
}

static void check_answer(struct slice in, size_t step) {
    struct http_answer a;
    enum parse whole = http_answer_parse(in, &a);

    if (whole == PARSE_OK) {
        assert(a.head_len <= in.n && a.status >= 100 && a.status <= 599);
        assert(!(a.framing.chunked && a.framing.has_length));
    }
    for (size_t n = 0; n < in.n; n += step) {
        enum parse got = http_answer_parse(slice_take(in, n), &a);

        assert(got == PARSE_MORE || got == whole);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice in = slice_of(data, size);
    size_t step = 1 + size / 64;
    struct http_head h;
    struct http_error why = {0, NULL};
    enum parse whole = http_head_parse(in, &h, &why);

    assert(whole != PARSE_MORE || size < HTTP_HEAD_MAX);
    assert((whole == PARSE_BAD) == (why.status != 0));
    for (size_t n = 0; n < size; n += step) {
        check_cut(in, n, whole, &why);
    }
    if (whole == PARSE_OK) {
        check_limits(&h, size);
        check_reads_back(&h);
    }
    check_answer(in, step);
    return 0;
}
