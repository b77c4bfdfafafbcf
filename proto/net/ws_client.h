/* The client's end of a WebSocket: connects, does the handshake, hands out
 * the lines of text messages, answers pings. For moimctl and the load client.
 */
#ifndef MOIM_NET_WS_CLIENT_H
#define MOIM_NET_WS_CLIENT_H

#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "proto/net/tls_client.h"

struct ws_client;

enum {
    WS_CLIENT_MESSAGE_MAX = 4 << 20, /* bytes of a message from the server */
    WS_CLIENT_QUEUE = 1 << 20,       /* unsent bytes before RC_LIMIT */
    WS_CLIENT_GOODBYE_MS = 5000,     /* for the server to answer our close */
};

/* All copied but `tls`, which outlives the client. */
struct ws_client_config {
    const char *address;    /* "127.0.0.1:8080" or "unix:/path" */
    const char *from;       /* as of stream_connect_from; or NULL */
    const char *host;       /* Host header */
    const char *path;       /* "/v1/ws" */
    const char *protocols;  /* subprotocols, separated by ", "; or NULL */
    const char *headers;    /* more header lines, each ended by CRLF; or "" */
    uint64_t timeout_ms;    /* for connect and handshakes */
    struct tls_client *tls; /* NULL: plain */
    const char *tls_name;   /* whom the server has to be, for `tls` */
};

struct ws_client_events {
    void (*on_open)(void *owner);
    /* A line of a message; borrowed until it returns. Binary messages are not
     * for us and dropped. */
    void (*on_text)(void *owner, struct slice text);
    /* Exactly once, from the loop, last: the client is freed after it.
     * `status`: the HTTP status when the handshake was refused (else 0);
     * `code`: the server's close code (1006: none came; 1005: a close without
     * one). `reason`, with 1006 ours for it, borrowed until it returns. */
    void (*on_closed)(void *owner, unsigned status, uint16_t code,
                      struct slice reason);
};

/* RC_BAD_INPUT: not an address. */
enum rc ws_client_open(struct ws_client **out, struct loop *l,
                       const struct ws_client_config *config,
                       const struct ws_client_events *events,
                       void *owner) MUST_CHECK;
/* RC_CLOSED, RC_LIMIT: nothing was queued. Also before on_open: RC_AGAIN. */
enum rc ws_client_send(struct ws_client *c, struct slice text) MUST_CHECK;
/* Says goodbye with `code`, waits for the server's close and closes; on_closed
 * follows. Twice is harmless. */
void ws_client_close(struct ws_client *c, uint16_t code);
/* Ends without a word, as who has lost his network; on_closed follows. */
void ws_client_cut(struct ws_client *c);

#endif
