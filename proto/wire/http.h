/* The head of an HTTP/1.1 request: strict, bounded, allocating nothing. Every
 * input is judged with the exact status that the peer is answered. */
#ifndef MOIM_WIRE_HTTP_H
#define MOIM_WIRE_HTTP_H

#include "proto/wire/http_field.h"
#include "proto/wire/http_framing.h"

enum {
    HTTP_REQUEST_LINE_MAX = 8192, /* bytes, without its CRLF */
    HTTP_BLANK_LINES_MAX = 2,     /* before the request line */
    /* With this many bytes PARSE_MORE is no longer answered. */
    HTTP_HEAD_MAX = 2 * HTTP_BLANK_LINES_MAX + HTTP_REQUEST_LINE_MAX + 2 +
                    HTTP_FIELD_BLOCK_MAX,
};

#define HTTP_METHOD_MAP(X)                                                     \
    X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS)

enum http_method {
#define HTTP_METHOD_ENUM(name) HTTP_##name,
    HTTP_METHOD_MAP(HTTP_METHOD_ENUM)
#undef HTTP_METHOD_ENUM
};

/* Slices are borrowed from the parser's input. */
struct http_head {
    enum http_method method;
    struct slice target; /* as it came */
    struct slice path;   /* still encoded, never normalised; begins with '/',
                            or is "*" (OPTIONS only) */
    struct slice query;  /* still encoded, without the '?' */
    unsigned minor;      /* HTTP/1.minor: 0 or 1 */
    struct slice host;   /* well formed; p is NULL on a 1.0 request without */
    struct http_fields fields;
    struct http_framing framing;
    bool keep_alive;      /* HTTP/1.1 and not `Connection: close` */
    bool expect_continue; /* waits for 100 before it sends its body */
    bool upgrade;         /* Upgrade, and `upgrade` in Connection */
    size_t head_len;      /* bytes of the input up to the body */
};

/* Reads a request head; `in` is everything since the previous request. Writes
 * *out on PARSE_OK and *why on PARSE_BAD. After PARSE_BAD nothing more of this
 * connection can be trusted: answer why->status and close.
 *
 * 400  malformed, or its meaning is not perfectly clear
 * 405  TRACE, CONNECT
 * 414  request line too long; 431 too many or too long headers
 * 415  a body with a Content-Encoding
 * 417  an expectation other than 100-continue
 * 421  the target names another host than Host does
 * 501  unknown method or transfer coding
 * 505  not HTTP/1.0 or HTTP/1.1 */
enum parse http_head_parse(struct slice in, struct http_head *out,
                           struct http_error *why) MUST_CHECK;

/* Shorthands for the functions of the same end on head->fields. */
struct slice http_header_get(const struct http_head *head, const char *name);
size_t http_header_count(const struct http_head *head, const char *name);
bool http_header_has_token(const struct http_head *head, const char *name,
                           const char *token);

bool http_head_has_body(const struct http_head *head);
/* "GET", ... Static. */
const char *http_method_str(enum http_method method);

#endif
