/* GET /v1/ws: from an HTTP request to a session on a WebSocket. */
#ifndef MOIM_GATEWAY_UPGRADE_H
#define MOIM_GATEWAY_UPGRADE_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/net/http_conn.h"
#include "proto/wire/http.h"
#include "proto/wire/token.h"

struct server;

/* `claims`: of the Authorization header, NULL when there was none; then the
 * subprotocol or the first message has to bring the token. True: a session
 * has taken the stream. False: the exchange has been answered. */
bool upgrade_request(struct server *server, struct http_exchange *x,
                     const struct http_head *head,
                     const struct token_claims *claims) MUST_CHECK;

#endif
