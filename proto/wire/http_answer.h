/* The head of an HTTP/1.1 reply, read by our own clients. */
#ifndef MOIM_WIRE_HTTP_ANSWER_H
#define MOIM_WIRE_HTTP_ANSWER_H

#include "proto/wire/http_field.h"
#include "proto/wire/http_framing.h"

/* Slices are borrowed from the parser's input. */
struct http_answer {
    unsigned status; /* 100 to 599 */
    struct http_fields fields;
    struct http_framing framing; /* for http_body_init */
    bool until_close; /* has a body that only the end of the connection ends */
    bool keep_alive;
    size_t head_len; /* bytes of the input up to the body */
};

/* Reads a reply head; `in` is everything since the previous reply. Writes
 * *out on PARSE_OK. PARSE_BAD: malformed, over a limit of http_field.h, or it
 * is not clear where the body ends. The reply to HEAD reads the same, but the
 * caller knows that no body follows. */
enum parse http_answer_parse(struct slice in,
                             struct http_answer *out) MUST_CHECK;

#endif
