/* A session on a WebSocket. */
#ifndef MOIM_GATEWAY_TRANSPORT_WS_H
#define MOIM_GATEWAY_TRANSPORT_WS_H

#include "proto/net/stream.h"
#include "proto/wire/handover.h"
#include "proto/wire/token.h"

struct server;
struct session;

/* What the handshake agreed to. */
struct ws_terms {
    bool deflate; /* messages may be compressed */
    bool lines;   /* a message of ours may hold several texts */
};

/* Takes the stream, upgraded already. `claims`: NULL when the first message
 * has to authenticate. */
void transport_ws_open(struct server *server, struct stream *stream,
                       const struct token_claims *claims,
                       struct ws_terms terms);
/* Goes on with a session of another process: `fd` is taken, and `queued` goes
 * to the client first. NULL: it is no socket any more; closed. */
struct session *transport_ws_adopt(struct server *server, int fd,
                                   const struct handover_socket *from,
                                   struct slice queued);

#endif
