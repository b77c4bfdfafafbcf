/* Sec-WebSocket-Extensions: the form of an item (RFC 6455, 9.1), and what of
 * permessage-deflate a client may ask of us (RFC 7692, 7.1). */
#ifndef MOIM_WIRE_WS_EXTENSION_H
#define MOIM_WIRE_WS_EXTENSION_H

#include <stdbool.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"

enum {
    WS_DEFLATE_BITS = 10, /* our compressor's window: 2^10 bytes */
};

/* What a client and we have agreed on. Neither side ever keeps its window
 * from one message to the next: every message stands alone, so that one
 * compressor serves all connections. */
struct ws_deflate_terms {
    bool on;
    bool say_bits; /* it asked for a bound on our window: name ours */
};

/* Is the item, which holds no comma, well formed? */
bool ws_extension_ok(struct slice item) MUST_CHECK;
/* Is it an offer of permessage-deflate that we can keep to? Not with a
 * parameter that is unknown, there twice, or out of range, and not with a
 * window for us that is smaller than ours. `item` is well formed. */
bool ws_extension_deflate(struct slice item,
                          struct ws_deflate_terms *out) MUST_CHECK;
/* Appends the header line that agrees. */
void ws_extension_write(const struct ws_deflate_terms *terms, struct buf *out);

#endif
