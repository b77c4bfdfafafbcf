/* Writes HTTP/1.1 replies into a buf:
 *
 *     http_reply_begin, http_reply_header*, then one of the _end functions;
 *     after http_reply_end_chunked: http_reply_chunk*, http_reply_last_chunk */
#ifndef MOIM_WIRE_HTTP_REPLY_H
#define MOIM_WIRE_HTTP_REPLY_H

#include "proto/base/buf.h"

/* The headers that begin writes by itself. */
enum http_reply_set {
    HTTP_REPLY_API,  /* nothing is stored, guessed, framed or run */
    HTTP_REPLY_PAGE, /* nothing is guessed; the caller says how long it may be
                        stored and gives the page its own policy */
    HTTP_REPLY_BARE, /* none: for 100 and 101 */
};

struct http_error;

/* The reason phrase; NULL for a status we never send. Static. */
const char *http_status_reason(unsigned status);

/* `status` must have a reason. Without `keep_alive` the reply says
 * `Connection: close`. */
void http_reply_begin(struct buf *out, unsigned status, enum http_reply_set set,
                      bool keep_alive);

/* Both copied. Asserts that the name is a token and that the value holds no
 * control byte: whoever echoes what a peer sent has checked it before. */
void http_reply_header(struct buf *out, const char *name, struct slice value);

/* Ends the head with Content-Type and Content-Length and appends the body. */
void http_reply_end(struct buf *out, const char *content_type,
                    struct slice body);
/* The same head without its body: the answer to HEAD. */
void http_reply_end_head(struct buf *out, const char *content_type,
                         size_t body_len);
/* Ends the head of a reply that has no body: 100, 101, 204, 304. */
void http_reply_end_empty(struct buf *out);
/* Ends the head of a body that grows; not for an HTTP/1.0 client. */
void http_reply_end_chunked(struct buf *out, const char *content_type);

/* A whole reply to what could not be read as a request: `why` as a JSON body,
 * and `Connection: close`. */
void http_reply_error(struct buf *out, const struct http_error *why);

/* An empty chunk would be the last one, so empty data writes nothing. */
void http_reply_chunk(struct buf *out, struct slice data);
void http_reply_last_chunk(struct buf *out);

#endif
