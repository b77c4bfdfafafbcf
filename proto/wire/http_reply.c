/* The reply writer and the table of reason phrases. */
#include "proto/wire/http_reply.h"

#include <assert.h>

#include "proto/wire/http_field.h"

#define NO_GUESSING                                                            \
    "X-Content-Type-Options: nosniff\r\n"                                      \
    "Referrer-Policy: no-referrer\r\n"

static const char *const header_sets[] = {
    [HTTP_REPLY_API] = "Cache-Control: no-store\r\n" NO_GUESSING
                       "Content-Security-Policy: default-src 'none'; "
                       "frame-ancestors 'none'\r\n",
    [HTTP_REPLY_PAGE] = NO_GUESSING,
    [HTTP_REPLY_BARE] = "",
};

const char *http_status_reason(unsigned status) {
    static const struct {
        unsigned status;
        const char *reason;
    } rows[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].status == status) {
            return rows[i].reason;
        }
    }
    return NULL;
}

void http_reply_begin(struct buf *out, unsigned status, enum http_reply_set set,
                      bool keep_alive) {
    const char *reason = http_status_reason(status);

    assert(reason != NULL);
    buf_addf(out, "HTTP/1.1 %u %s\r\n", status, reason);
    buf_add_str(out, header_sets[set]);
    if (!keep_alive) {
        http_reply_header(out, "Connection", SLICE_LIT("close"));
    }
}

void http_reply_header(struct buf *out, const char *name, struct slice value) {
    assert(http_is_token(slice_str(name)) && http_is_value(value));
    buf_add_str(out, name);
    buf_add_str(out, ": ");
    buf_add(out, value);
    buf_add_str(out, "\r\n");
}

void http_reply_end_head(struct buf *out, const char *content_type,
                         size_t body_len) {
    http_reply_header(out, "Content-Type", slice_str(content_type));
    buf_add_str(out, "Content-Length: ");
    buf_add_u64(out, body_len);
    buf_add_str(out, "\r\n\r\n");
}

void http_reply_end(struct buf *out, const char *content_type,
                    struct slice body) {
    http_reply_end_head(out, content_type, body.n);
    buf_add(out, body);
}

void http_reply_end_empty(struct buf *out) {
    buf_add_str(out, "\r\n");
}

void http_reply_end_chunked(struct buf *out, const char *content_type) {
    http_reply_header(out, "Content-Type", slice_str(content_type));
    http_reply_header(out, "Transfer-Encoding", SLICE_LIT("chunked"));
    buf_add_str(out, "\r\n");
}

static const char *error_code(unsigned status) {
    switch (status) {
    case 408:
        return "timeout";
    case 413:
    case 414:
    case 431:
        return "too_large";
    default:
        return "bad_request";
    }
}

void http_reply_error(struct buf *out, const struct http_error *why) {
    struct buf body;

    buf_init(&body);
    buf_addf(&body, "{\"type\":\"error\",\"code\":\"%s\",\"message\":\"%s\"}",
             error_code(why->status), why->text);
    http_reply_begin(out, why->status, HTTP_REPLY_API, false);
    http_reply_end(out, "application/json", buf_slice(&body));
    buf_fini(&body);
}

void http_reply_chunk(struct buf *out, struct slice data) {
    if (data.n > 0) {
        buf_addf(out, "%zx\r\n", data.n);
        buf_add(out, data);
        buf_add_str(out, "\r\n");
    }
}

void http_reply_last_chunk(struct buf *out) {
    buf_add_str(out, "0\r\n\r\n");
}
