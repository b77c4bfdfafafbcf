/* A message whose body is still coming: keeps the bytes of the head, so that
 * it can be parsed again when all is there, and the body as far as it goes. */
#ifndef MOIM_NET_HTTP_PARTIAL_H
#define MOIM_NET_HTTP_PARTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/wire/http_body.h"
#include "proto/wire/http_framing.h"

struct http_partial;

/* For a body of at most `limit` bytes after decoding. `head` is copied. */
struct http_partial *http_partial_new(struct slice head,
                                      const struct http_framing *framing,
                                      uint64_t limit) MUST_CHECK;
/* As http_body_feed: *used bytes of `in` are done with. */
enum parse http_partial_feed(struct http_partial *p, struct slice in,
                             size_t *used, struct http_error *why) MUST_CHECK;
/* For a body that only the end of the connection ends: `in` is all body.
 * PARSE_BAD: 413. */
enum parse http_partial_feed_raw(struct http_partial *p, struct slice in,
                                 struct http_error *why) MUST_CHECK;
/* Both borrowed until the next feed. */
struct slice http_partial_head(const struct http_partial *p);
struct slice http_partial_body(const struct http_partial *p);
/* Bytes fed and used so far, with the framing. */
size_t http_partial_received(const struct http_partial *p);
/* Frees and sets *p to NULL. NULL inside is fine. */
void http_partial_free(struct http_partial **p);

#endif
