/* The body decoder: one step function for each state. */
#include "proto/wire/http_body.h"

/* Does one step of its state at the front of `in` and moves to the next
 * state on PARSE_OK. Otherwise it answers as http_body_feed. */
typedef enum parse (*step_fn)(struct http_body *b, struct slice in,
                              size_t *used, struct buf *out,
                              struct http_error *why);

void http_body_init(struct http_body *b, const struct http_framing *framing,
                    uint64_t limit) {
    b->state = framing->chunked ? HTTP_BODY_CHUNK_SIZE : HTTP_BODY_DATA;
    b->left = framing->length;
    b->room = limit;
}

static enum parse step_data(struct http_body *b, struct slice in, size_t *used,
                            struct buf *out, struct http_error *why) {
    size_t n = in.n < b->left ? in.n : (size_t)b->left;

    if (b->left > b->room) {
        return http_refuse(why, 413, "body too large");
    }
    buf_add(out, slice_take(in, n));
    *used = n;
    b->left -= n;
    b->room -= n;
    if (b->left > 0) {
        return PARSE_MORE;
    }
    b->state =
        b->state == HTTP_BODY_CHUNK_DATA ? HTTP_BODY_CHUNK_END : HTTP_BODY_DONE;
    return PARSE_OK;
}

/* Takes the hex digits off the front, at most 16 of them. */
static uint64_t hex_take(struct slice *in) {
    uint64_t v = 0;
    size_t n = 0;

    for (; n < in->n && n < 16; n++) {
        uint8_t c = in->p[n];

        if (c >= '0' && c <= '9') {
            v = v << 4 | (uint64_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            v = v << 4 | (uint64_t)((c | 0x20) - 'a' + 10);
        } else {
            break;
        }
    }
    *in = slice_drop(*in, n);
    return v;
}

/* Digits, and behind a ';' an extension, which nobody reads. No space before
 * the ';': that and other leniencies are what smuggling is made of. */
static bool size_line_ok(struct slice line, struct slice extension) {
    size_t digits = line.n - extension.n;

    return digits <= HTTP_CHUNK_DIGITS_MAX &&
           (extension.n == 0 || (digits > 0 && extension.p[0] == ';')) &&
           extension.n <= 1 + HTTP_CHUNK_EXTENSION_MAX;
}

static enum parse step_chunk_size(struct http_body *b, struct slice in,
                                  size_t *used, struct buf *out,
                                  struct http_error *why) {
    static const struct http_limit limit = {HTTP_CHUNK_DIGITS_MAX + 1 +
                                                HTTP_CHUNK_EXTENSION_MAX,
                                            {400, "chunk size line too long"}};
    struct slice line;
    struct slice rest;
    uint64_t size;
    enum parse got = http_line_parse(in, &limit, &line, why);

    (void)out;
    if (got == PARSE_BAD) {
        return got;
    }
    rest = line;
    size = hex_take(&rest);
    if (!size_line_ok(line, rest) || (got == PARSE_OK && line.n == 0)) {
        return http_refuse(why, 400, "malformed chunk size");
    }
    if (got == PARSE_MORE) {
        return got;
    }
    *used = line.n + 2;
    b->left = size;
    b->state = size > 0 ? HTTP_BODY_CHUNK_DATA : HTTP_BODY_TRAILERS;
    return PARSE_OK;
}

static enum parse step_chunk_end(struct http_body *b, struct slice in,
                                 size_t *used, struct buf *out,
                                 struct http_error *why) {
    (void)out;
    if ((in.n > 0 && in.p[0] != '\r') || (in.n > 1 && in.p[1] != '\n')) {
        return http_refuse(why, 400, "chunk does not end where it should");
    }
    if (in.n < 2) {
        return PARSE_MORE;
    }
    *used = 2;
    b->state = HTTP_BODY_CHUNK_SIZE;
    return PARSE_OK;
}

/* RFC 9110, 6.5.1: what decides about framing, routing, access or meaning has
 * been decided before the body and may not come behind it. */
static bool trailer_forbidden(struct slice name) {
    static const char *const forbidden[] = {
        "Authorization",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
        "Content-Length",
        "Content-Range",
        "Content-Type",
        "Cookie",
        "Expect",
        "Forwarded",
        "Host",
        "Keep-Alive",
        "Max-Forwards",
        "Origin",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Range",
        "Set-Cookie",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
    };

    for (size_t i = 0; i < COUNT_OF(forbidden); i++) {
        if (slice_is_nocase(name, forbidden[i])) {
            return true;
        }
    }
    return false;
}

static enum parse step_trailers(struct http_body *b, struct slice in,
                                size_t *used, struct buf *out,
                                struct http_error *why) {
    struct http_fields fields;
    enum parse got = http_fields_parse(in, &fields, why);

    (void)out;
    if (got != PARSE_OK) {
        return got;
    }
    for (size_t i = 0; i < fields.count; i++) {
        if (trailer_forbidden(fields.list[i].name)) {
            return http_refuse(why, 400, "forbidden trailer");
        }
    }
    *used = fields.len;
    b->state = HTTP_BODY_DONE;
    return PARSE_OK;
}

enum parse http_body_feed(struct http_body *b, struct slice in, size_t *used,
                          struct buf *out, struct http_error *why) {
    static const step_fn steps[] = {
        [HTTP_BODY_DATA] = step_data,
        [HTTP_BODY_CHUNK_SIZE] = step_chunk_size,
        [HTTP_BODY_CHUNK_DATA] = step_data,
        [HTTP_BODY_CHUNK_END] = step_chunk_end,
        [HTTP_BODY_TRAILERS] = step_trailers,
    };

    *used = 0;
    while (b->state != HTTP_BODY_DONE) {
        size_t n = 0;
        enum parse got =
            steps[b->state](b, slice_drop(in, *used), &n, out, why);

        *used += n;
        if (got != PARSE_OK) {
            return got;
        }
    }
    return PARSE_OK;
}
