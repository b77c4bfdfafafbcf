/* One client's session: who it is, what it may still send, what it is told.
 * How it is told is the business of its transport (transport.h), which owns
 * the record and has the session in front of its own fields.
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
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/wheel.h"
#include "proto/wire/client_msg.h"
#include "proto/wire/handover.h"
#include "proto/wire/token.h"

struct handover_way;
struct http_exchange;
struct request;
struct server;
struct transport_ops;
struct watcher;

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
    const struct transport_ops *transport;
    struct seat seat;
    struct list node;         /* in server->sessions until it is GONE */
    struct request *requests; /* not answered yet */
    struct wheel_timer timer; /* AUTH: the deadline; then the transport's */
    struct user_id user;
    struct device_id device;
    uint64_t address;        /* strangers_key of where it came from */
    uint64_t expires_ms;     /* of the token, wall clock */
    struct watcher *watcher; /* NULL: it watches nobody */
    struct rate sends;
    struct rate commands;
    uint16_t pending; /* length of `requests` */
    uint16_t watch_count;
    uint8_t state;    /* enum session_state; session_move writes it */
    bool away;        /* the client says that nobody is at it */
    uint8_t counting; /* conversations; see counts.h */
};

/* Begins a session in a zeroed record: counted, AUTH, a stranger of the
 * address `peer`. */
void session_init(struct session *s, struct server *server,
                  const struct transport_ops *transport, const char *peer);
/* AUTH: makes it the session of the token's user. A user with too many
 * sessions is told so instead. */
void session_become(struct session *s, const struct token_claims *claims);
/* The same with a token still to be verified; closes when it is no good. */
void session_authenticate(struct session *s, struct slice token);
/* Nothing of it is left but the record, which the caller frees. */
void session_fini(struct session *s);
/* Queues one text message. A session whose queue is full is closed with
 * CLOSE_SLOW; an ephemeral text is dropped before that. An empty queue takes
 * any text: it cannot be asked to be quicker. */
void session_send(struct session *s, struct blob *text, bool ephemeral);
void session_send_text(struct session *s, struct slice text);
/* False: an ephemeral text of `len` bytes would be dropped now. */
bool session_keeps_up(const struct session *s, size_t len);
/* Bytes that may be queued now without closing it. */
size_t session_left(const struct session *s);
/* Asks the client to come back elsewhere, after `retry_ms` (1012). */
void session_send_away(struct session *s, uint64_t retry_ms);
/* Says goodbye with `code` and closes. Harmless when closing already. */
void session_close(struct session *s, uint16_t code, const char *reason);

/* To another process, or from one; see handover_out.h, handover_in.h. */

/* RC_DENIED: it cannot move. Otherwise as fd_channel_send. */
enum rc session_hand_over(struct session *s,
                          struct handover_way *way) MUST_CHECK;
/* It has moved: ends here, and its client hears nothing of that. */
void session_forget(struct session *s);
/* AUTH: goes on as `who`. */
void session_adopt(struct session *s, const struct handover_session *who);
/* Nobody is at this client, or somebody is again. */
void session_away(struct session *s, bool away);

/* Answers false when the session is closing. */
bool session_open_still(const struct session *s);

/* session_in.c: what a client says. */

/* Runs the commands of one text message; one that is none closes. */
void session_text(struct session *s, struct slice text);
/* Runs one command within the session's limits and answers it to `x`, or, when
 * that is NULL, as a text of the session. */
void session_run(struct session *s, struct http_exchange *x,
                 const struct client_msg *msg);

#endif
