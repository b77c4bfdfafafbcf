/* What request heads, reply heads and trailers share: lines that end in CRLF
 * and nothing else, and the header fields on them. Strict by RFC 9112 and
 * stricter: no folded lines, no bare LF, no space before the colon. */
#ifndef MOIM_WIRE_HTTP_FIELD_H
#define MOIM_WIRE_HTTP_FIELD_H

#include "proto/base/macros.h"
#include "proto/base/slice.h"

enum {
    HTTP_FIELD_MAX = 8192,        /* bytes of one line, without its CRLF */
    HTTP_FIELD_BLOCK_MAX = 16384, /* bytes up to and with the empty line */
    HTTP_FIELD_COUNT_MAX = 64,
};

/* Why something was refused: the status to answer, and a fixed English text
 * that holds nothing of the input. Static. */
struct http_error {
    unsigned status;
    const char *text;
};

/* At most `bytes`; the answer when there are more. */
struct http_limit {
    size_t bytes;
    struct http_error over;
};

/* Both borrowed from the parser's input. The value has no space around it. */
struct http_header {
    struct slice name, value;
};

struct http_fields {
    struct http_header list[HTTP_FIELD_COUNT_MAX];
    size_t count;
    size_t len; /* bytes of the block, with the empty line that ends it */
};

/* Writes *why and answers PARSE_BAD. */
enum parse http_refuse(struct http_error *why, unsigned status,
                       const char *text) MUST_CHECK;

/* RFC 9110, 5.6.2: one or more letters, digits and !#$%&'*+-.^_`|~ */
bool http_is_token(struct slice s);
/* May stand in a field value: no control byte but the tab. */
bool http_is_value(struct slice s);
/* Without the spaces and tabs around it. */
struct slice http_trim(struct slice s);

/* Reads one line of at most limit->bytes. *line is, whatever the answer, what
 * stands before the CRLF or before the byte in doubt; the caller that got
 * PARSE_OK drops line->n + 2 bytes.
 * PARSE_BAD: too long (limit->over), or a control byte or lone CR or LF (400),
 * refused as soon as it is seen. */
enum parse http_line_parse(struct slice in, const struct http_limit *limit,
                           struct slice *line,
                           struct http_error *why) MUST_CHECK;

/* Reads a whole block of header fields. *out is scratch until PARSE_OK.
 * PARSE_BAD: 400, or 431 when one of the three limits above is passed. */
enum parse http_fields_parse(struct slice in, struct http_fields *out,
                             struct http_error *why) MUST_CHECK;

/* The first value of this name (any letter case). Absent: p is NULL. */
struct slice http_fields_get(const struct http_fields *f, const char *name);
size_t http_fields_count(const struct http_fields *f, const char *name);
/* Is `token` (any letter case) in the comma-separated values of the name? */
bool http_fields_has_token(const struct http_fields *f, const char *name,
                           const char *token);

/* Takes the next item, trimmed, off a comma-separated list; items may be
 * empty. False: no more items, which `rest->p == NULL` remembers. */
bool http_list_next(struct slice *rest, struct slice *item);

#endif
