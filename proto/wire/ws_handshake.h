/* The server's half of the WebSocket opening handshake (RFC 6455, section 4):
 * decides about an offer and writes the 101. No I/O. The one extension that
 * can be agreed to is permessage-deflate. */
#ifndef MOIM_WIRE_WS_HANDSHAKE_H
#define MOIM_WIRE_WS_HANDSHAKE_H

#include <stdbool.h>

#include "proto/base/buf.h"
#include "proto/base/slice.h"
#include "proto/wire/http_field.h"
#include "proto/wire/ws_extension.h"

#define WS_NONCE_LEN 16
#define WS_KEY_LEN 24    /* the nonce in base64 */
#define WS_ACCEPT_LEN 28 /* a SHA-1 in base64 */

/* What a client asks for; everything borrowed from its request. */
struct ws_offer {
    bool get;             /* the method */
    bool has_body;        /* Content-Length above 0, or chunked */
    bool has_extra_bytes; /* something came behind the head already */
    bool deflate;         /* ours: compression may be agreed to */
    unsigned minor;       /* HTTP/1.minor */
    const struct http_fields *fields;
};

struct ws_answer {
    unsigned status;      /* 101, 400, 405 or 426 */
    const char *why;      /* fixed English for the log and the error body */
    const char *headers;  /* lines the refusal must carry, each with its
                           * CRLF; "" for none */
    const char *protocol; /* to speak and to name in the answer; NULL: none
                           * was offered */
    bool lines;           /* the protocol is the one with lines */
    struct slice token;   /* offered as moim.token.<token>; empty: none.
                           * Borrowed from the offer. Never sent back. */
    struct ws_deflate_terms deflate; /* on: messages may come compressed */
    char accept[WS_ACCEPT_LEN + 1];
};

/* Decides; never fails. Time is linear in the bytes of the fields. */
void ws_handshake_decide(const struct ws_offer *offer, struct ws_answer *out);
/* Appends the 101 for an answer with status 101. Nothing in it is the
 * client's text. */
void ws_handshake_write(const struct ws_answer *answer, struct buf *out);

/* The Sec-WebSocket-Accept that belongs to `key` (WS_KEY_LEN letters); with a
 * NUL. */
void ws_accept_key(struct slice key, char out[WS_ACCEPT_LEN + 1]);

#endif
