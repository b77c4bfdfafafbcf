/* permessage-deflate (RFC 7692) without context takeover: every message is
 * compressed by itself, so one compressor and one inflater serve all the
 * connections of a loop. What was agreed is ws_extension.h. */
#ifndef MOIM_WIRE_WS_DEFLATE_H
#define MOIM_WIRE_WS_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/blob.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/wire/ws_msg.h"

struct ws_deflate;

/* What a compressed message may become. */
struct ws_inflate_limits {
    size_t bytes;    /* 1009 as soon as there are more */
    unsigned ratio;  /* times its compressed bytes; looked at when it has more
                      * than WS_INFLATE_FREE: 1009 */
    unsigned blocks; /* that may hold next to nothing: 1008. A sender that
                      * flushes makes two a fragment. */
};

enum {
    WS_INFLATE_FREE = 4096, /* bytes of any ratio: "aaaa..." is no attack */
};

/* Messages shorter than `least_bytes` are left alone by ws_deflate_pack. */
struct ws_deflate *ws_deflate_new(size_t least_bytes) MUST_CHECK;
/* Frees and sets *d to NULL. */
void ws_deflate_free(struct ws_deflate **d);

/* Compresses a message, to be sent with RSV1 on its first frame; *out is
 * borrowed until the next call.
 * False: it is short, or would not become shorter: send it as it is. */
bool ws_deflate_pack(struct ws_deflate *d, struct slice message,
                     struct slice *out) MUST_CHECK;

/* The same for a message that goes to many: sent to one after the other it is
 * compressed once. Answers what to send with RSV1, borrowed until the next
 * call, or NULL: send it as it is. */
struct blob *ws_deflate_once(struct ws_deflate *d,
                             struct blob *message) MUST_CHECK;

/* Makes of a unit with rsv1 what its sender meant: its body is the inflated
 * one, borrowed until the next call. When that breaks a rule it is a
 * WS_FAIL with the code to close with:
 * 1007  not a deflate stream, not a whole one, or text that is not UTF-8
 * 1008  next to nothing but empty blocks
 * 1009  over a limit */
void ws_deflate_unpack(struct ws_deflate *d,
                       const struct ws_inflate_limits *limits,
                       struct ws_unit *unit);

#endif
