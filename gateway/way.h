/* GET /v1/way: what the gateway sees of the way a request came in, for whoever
 * looks for a mistake in the proxies before it (moimctl doctor). */
#ifndef MOIM_GATEWAY_WAY_H
#define MOIM_GATEWAY_WAY_H

#include "proto/net/http_conn.h"
#include "proto/wire/token.h"

struct server;

/* Answers the client's address and this gateway's name; only to somebody
 * logged in, since a wrong setting makes it the balancer's address. */
void way_request(struct server *server, struct http_exchange *x,
                 const struct http_head *head,
                 const struct token_claims *claims);

#endif
