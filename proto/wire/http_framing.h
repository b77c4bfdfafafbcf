/* How a message body ends, read from Content-Length and Transfer-Encoding.
 * Two hops that disagree about this are how requests are smuggled, so what is
 * not perfectly clear is refused. */
#ifndef MOIM_WIRE_HTTP_FRAMING_H
#define MOIM_WIRE_HTTP_FRAMING_H

#include "proto/wire/http_field.h"

struct http_framing {
    bool chunked;    /* never together with has_length */
    bool has_length; /* a Content-Length was given */
    uint64_t length; /* below 2^63; 0 unless has_length */
};

/* `minor` is that of HTTP/1.minor. Writes *out on PARSE_OK; PARSE_MORE is not
 * answered. PARSE_BAD: 501 for a coding before chunked, 400 for all else:
 * both headers, either one twice, a malformed one, a coding on HTTP/1.0. */
enum parse http_framing_read(const struct http_fields *f, unsigned minor,
                             struct http_framing *out,
                             struct http_error *why) MUST_CHECK;

#endif
