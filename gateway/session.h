/* One client's session: who it is, what it may still send, what it is told.
 * It speaks through a WebSocket for now; nothing but transport_ws.c and
 * session.c's ends knows that.
 *
 *   AUTH --> JOIN --> LIVE --> GONE      AUTH: no user yet
 *     |        |                ^        JOIN: topics are being subscribed
 *     +--------+----------------+                                          */
#ifndef MOIM_GATEWAY_SESSION_H
#define MOIM_GATEWAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "chat-core/audience.h"
#include "chat-core/rate.h"
#include "proto/base/blob.h"
#include "proto/base/ids.h"
#include "proto/base/list.h"
#include "proto/base/wheel.h"
#include "proto/net/stream.h"
#include "proto/wire/token.h"
#include "proto/wire/ws_msg.h"

struct server;
struct watching;

/* Close codes of our own: 4000 to 4499 come back, 4500 and up do not. */
enum close_code {
    CLOSE_SLOW = 4000, /* the queue limit was reached: sync */
    CLOSE_TOKEN_EXPIRED = 4002,
    CLOSE_RATE_LIMITED = 4003,
    CLOSE_NO_PONG = 4004,
    CLOSE_BAD_REQUEST = 4500, /* not JSON, or no command: a broken client */
    CLOSE_UNAUTHORIZED = 4501,
    CLOSE_AUTH_TIMEOUT = 4502,
    CLOSE_REVOKED = 4503,
    CLOSE_TOO_MANY = 4505, /* sessions of this user */
};

enum session_state {
    SESSION_AUTH,
    SESSION_JOIN,
    SESSION_LIVE,
    SESSION_GONE,
};

struct session {
    struct server *server;
    struct stream *stream;
    struct ws_msg in;
    struct seat seat;
    struct list node;         /* in server->sessions until it is GONE */
    struct list requests;     /* not answered yet */
    struct wheel_timer timer; /* AUTH: the deadline; then: silence */
    struct user_id user;
    struct device_id device;
    uint64_t address;          /* AUTH: its key in server->strangers */
    uint64_t expires_ms;       /* of the token, wall clock */
    uint64_t heard_ms;         /* monotonic: the last bytes from the client */
    struct watching *watching; /* first user watched, or NULL */
    struct rate sends;
    struct rate commands;
    struct rate controls;
    uint16_t pending; /* length of `requests` */
    uint16_t watch_count;
    uint8_t state; /* enum session_state; session_move writes it */
    bool pinged;   /* nothing was heard since our ping */
};

/* Takes the stream, upgraded already. `claims`: NULL when the first message
 * has to authenticate. `deflate`: its messages may be compressed. */
void session_open(struct server *server, struct stream *stream,
                  const struct token_claims *claims, bool deflate);
/* Queues one text message. A session whose queue is full is closed with
 * CLOSE_SLOW; an ephemeral text is dropped before that. */
void session_send(struct session *s, struct blob *text, bool ephemeral);
void session_send_text(struct session *s, struct slice text);
/* Asks the client to come back elsewhere, after `retry_ms` (1012). */
void session_send_away(struct session *s, uint64_t retry_ms);
/* Says goodbye with `code` and closes. Harmless when closing already. */
void session_close(struct session *s, uint16_t code, const char *reason);

/* For session_in.c, which reads what the client says. */
void session_authenticate(struct session *s, struct slice token);
/* Answers false when the session is closing. */
bool session_open_still(const struct session *s);
void session_on_bytes(void *owner, uint8_t *bytes, size_t n);
/* The last bytes may be part of a message: the rest has to come in time. */
void session_heard_part(struct session *s);
/* Of the client's messages. */
extern const struct ws_limits session_limits;

#endif
