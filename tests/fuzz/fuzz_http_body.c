/* Any bytes as a body, fed whole and in pieces: the same verdict, the same
 * bytes, never more than the limit, and for chunks the same as a decoder that
 * knows only the grammar. The first byte is the limit and the piece's size,
 * the second a length, or chunked from 128 on. */
#include <assert.h>
#include <string.h>

#include "proto/wire/http_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    enum parse got;
    unsigned status;
    size_t used;
    struct buf body;
};

static struct result feed(const struct http_framing *framing, uint64_t limit,
                          struct slice in, size_t step) {
    struct result r = {PARSE_MORE, 0, 0, {NULL, 0, 0}};
    struct http_body b;
    struct http_error why = {0, NULL};
    size_t given = 0;

    http_body_init(&b, framing, limit);
    do {
        struct slice rest;
        size_t used;

        given += in.n - given < step ? in.n - given : step;
        rest = slice_drop(slice_take(in, given), r.used);
        r.got = http_body_feed(&b, rest, &used, &r.body, &why);
        assert(used <= rest.n);
        r.used += used;
        if (r.got == PARSE_MORE) {
            assert(rest.n - used < HTTP_FIELD_BLOCK_MAX);
        }
    } while (r.got == PARSE_MORE && given < in.n);
    r.status = why.status;
    return r;
}

/* The line at the front, or p is NULL. An accepted one holds no other CR. */
static struct slice line_at(struct slice in) {
    size_t n = slice_find(in, '\r');

    return n + 1 < in.n && in.p[n + 1] == '\n' ? slice_take(in, n)
                                               : (struct slice){NULL, 0};
}

static size_t size_of(struct slice line) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t v = 0;

    for (size_t i = 0; i < line.n && line.p[i] != ';'; i++) {
        const char *at = memchr(digits, line.p[i], sizeof(digits) - 1);

        assert(at != NULL);
        v = v * 16 + (size_t)(at - digits) % 16;
    }
    return v;
}

/* Decodes what was accepted, trusting every line of it. */
static void check_chunks(struct slice in, const struct result *r) {
    struct buf body;
    struct slice line;
    size_t size;

    buf_init(&body);
    in = slice_take(in, r->used);
    do {
        line = line_at(in);
        assert(line.p != NULL && line.n > 0);
        size = size_of(line);
        in = slice_drop(in, line.n + 2);
        if (size > 0) {
            buf_add(&body, slice_take(in, size));
            in = slice_drop(in, size);
            assert(in.n > 2 && memcmp(in.p, "\r\n", 2) == 0);
            in = slice_drop(in, 2);
        }
    } while (size > 0);
    do {
        line = line_at(in);
        assert(line.p != NULL);
        in = slice_drop(in, line.n + 2);
    } while (line.n > 0);
    assert(in.n == 0 && slice_eq(buf_slice(&body), buf_slice(&r->body)));
    buf_fini(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct http_framing framing = {false, true, 0};
    uint64_t limit;
    struct slice in;
    struct result whole;
    struct result pieces;

    if (size < 2) {
        return 0;
    }
    limit = data[0];
    framing.chunked = data[1] >= 128;
    framing.has_length = !framing.chunked;
    framing.length = framing.chunked ? 0 : data[1];
    in = slice_drop(slice_of(data, size), 2);
    whole = feed(&framing, limit, in, SIZE_MAX);
    pieces = feed(&framing, limit, in, 1 + data[0] % 16);
    assert(whole.got == pieces.got && whole.status == pieces.status);
    assert(whole.body.n <= limit);
    assert(slice_eq(buf_slice(&whole.body), buf_slice(&pieces.body)));
    if (whole.got == PARSE_OK) {
        assert(whole.used == pieces.used);
        assert(framing.chunked || whole.body.n == framing.length);
    }
    if (whole.got == PARSE_OK && framing.chunked) {
        check_chunks(in, &whole);
    }
    buf_fini(&whole.body);
    buf_fini(&pieces.body);
    return 0;
}
