/* The body of a message, taken out of its framing as it arrives. */
#ifndef MOIM_WIRE_HTTP_BODY_H
#define MOIM_WIRE_HTTP_BODY_H

#include "proto/base/buf.h"
#include "proto/wire/http_framing.h"

enum {
    HTTP_BODY_MAX = 65536,         /* bytes of a JSON body */
    HTTP_CHUNK_DIGITS_MAX = 8,     /* of a chunk's size, in hex */
    HTTP_CHUNK_EXTENSION_MAX = 256 /* bytes behind the ';' */
};

enum http_body_state {
    HTTP_BODY_DATA, /* all of a body with a Content-Length */
    HTTP_BODY_CHUNK_SIZE,
    HTTP_BODY_CHUNK_DATA,
    HTTP_BODY_CHUNK_END,
    HTTP_BODY_TRAILERS,
    HTTP_BODY_DONE
};

struct http_body {
    enum http_body_state state;
    uint64_t left; /* bytes still to come of the body or the chunk */
    uint64_t room; /* bytes the limit still allows */
};

/* For a body of at most `limit` bytes after decoding. */
void http_body_init(struct http_body *b, const struct http_framing *framing,
                    uint64_t limit);

/* Decodes the front of `in` and appends the body's bytes to `out`; trailers
 * are checked and dropped. *used bytes of `in` are done with; the caller keeps
 * the others (less than HTTP_FIELD_BLOCK_MAX on PARSE_MORE) and gives them
 * again with more behind them. Call it once, if with nothing, before a
 * `100 Continue` is sent: it refuses a declared length at once.
 *
 * PARSE_OK    the body is complete; what follows belongs to the next request
 * PARSE_MORE  valid so far
 * PARSE_BAD   413 over the limit, 431 trailers too long, 400 malformed or a
 *             forbidden trailer; the connection is closed */
enum parse http_body_feed(struct http_body *b, struct slice in, size_t *used,
                          struct buf *out, struct http_error *why) MUST_CHECK;

#endif
