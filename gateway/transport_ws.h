/* A session on a WebSocket. */
#ifndef MOIM_GATEWAY_TRANSPORT_WS_H
#define MOIM_GATEWAY_TRANSPORT_WS_H

#include "proto/net/stream.h"
#include "proto/wire/token.h"

struct server;

/* Takes the stream, upgraded already. `claims`: NULL when the first message
 * has to authenticate. `deflate`: its messages may be compressed. */
void transport_ws_open(struct server *server, struct stream *stream,
                       const struct token_claims *claims, bool deflate);

#endif
