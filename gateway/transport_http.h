/* A session for clients that have only HTTP: a stream of events (SSE), or one
 * poll after the other, or nothing for a while. Its texts are numbered 1, 2,
 * 3, ... and kept until the client says that it has them, so that a lost
 * answer is repeated and a client may go from one to the other.
 *
 *     detached --> polled or streamed --> detached --> ... --> gone
 *
 * Detached for limits.detached it ends by itself: whoever asks for it later
 * gets a new one, and syncs. */
#ifndef MOIM_GATEWAY_TRANSPORT_HTTP_H
#define MOIM_GATEWAY_TRANSPORT_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/http_conn.h"
#include "proto/wire/handover.h"
#include "proto/wire/token.h"

struct local_user;
struct server;
struct session;

/* Is it a session's name: 32 digits, 0-9 a-f? */
bool transport_http_name(struct slice text);
/* The session of that name if it is here and of the same login; its token may
 * be a newer one. NULL otherwise. */
struct session *transport_http_find(struct server *server, struct slice name,
                                    const struct token_claims *claims);
/* A new one, detached. It may be closing already, which whoever attaches to
 * it now is told. `lost`: the client has asked for another one, and its
 * `ready` says that it has to sync. */
struct session *transport_http_open(struct server *server,
                                    const struct token_claims *claims,
                                    const char *peer, bool lost);

/* Ends the one of the user's sessions that nobody has asked for the longest,
 * if there is one. A client whose polls reach another gateway each time, or
 * whose first answers are lost, leaves some behind: they do not lock it out.
 * The user may be gone with it. */
void transport_http_make_room(struct local_user *u);

/* Goes on with a session of another process; its texts follow, in order.
 * `stream`: what it hears them over, or NULL. */
struct session *transport_http_adopt(struct server *server,
                                     const struct handover_held *from,
                                     struct http_exchange *stream);
void transport_http_adopt_text(struct session *s, struct slice text);

/* The client has all texts up to the number `ack`.
 * RC_STALE      what followed it is not kept any more: it cannot go on
 * RC_BAD_INPUT  there was no such text yet */
enum rc transport_http_ack(struct session *s, uint64_t ack) MUST_CHECK;
/* Both take the exchange, give what is kept, and end whatever was attached
 * before. A poll that finds nothing waits for `hold_ms`. */
void transport_http_poll(struct session *s, struct http_exchange *x,
                         uint64_t hold_ms);
void transport_http_stream(struct session *s, struct http_exchange *x);

#endif
