/* GET /v1/ws: from an HTTP request to a session on a WebSocket. */
#ifndef MOIM_GATEWAY_UPGRADE_H
#define MOIM_GATEWAY_UPGRADE_H

#include "proto/net/http_conn.h"
#include "proto/wire/http.h"
#include "proto/wire/token.h"

struct server;

/* `claims`: of the Authorization header, NULL when there was none; then the
 * subprotocol or the first message has to bring the token. */
void upgrade_request(struct server *server, struct http_exchange *x,
                     const struct http_head *head,
                     const struct token_claims *claims);

#endif
