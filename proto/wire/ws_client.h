/* The client's half of the WebSocket opening handshake: writes the request and
 * checks the answer. No I/O; no extensions. */
#ifndef MOIM_WIRE_WS_CLIENT_H
#define MOIM_WIRE_WS_CLIENT_H

#include <stddef.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"

/* What our client asks for. All borrowed; all but `path`, `host` and `key`
 * may be NULL. The texts are ours: they are not checked for CR or LF. */
struct ws_request {
    const char *path;      /* with its query, beginning with '/' */
    const char *host;      /* with the port when it is not the usual one */
    const char *key;       /* WS_KEY_LEN letters: 16 random bytes, base64 */
    const char *protocols; /* subprotocols, separated by ", " */
    const char *headers;   /* more lines, each ending in CRLF */
};

void ws_request_write(const struct ws_request *request, struct buf *out);

struct ws_reply {
    unsigned status;       /* 101: open; else the server declined */
    size_t head_len;       /* bytes of the head; frames begin behind it */
    struct slice protocol; /* the one chosen, borrowed from the input; empty
                            * for none */
};

/* Reads the answer to `request`. PARSE_OK with status 101 means that all of
 * it was checked; with another status nothing but the form was. PARSE_BAD: not
 * HTTP/1.1, over a limit of http_field.h, or a 101 to something else. */
enum parse ws_reply_parse(struct slice in, const struct ws_request *request,
                          struct ws_reply *out) MUST_CHECK;

#endif
