/* GET /v1/events and GET /v1/poll: from a request to the session that it is
 * for, an old one or a new one. */
#ifndef MOIM_GATEWAY_ATTACH_H
#define MOIM_GATEWAY_ATTACH_H

#include "proto/net/http_conn.h"
#include "proto/wire/http.h"
#include "proto/wire/token.h"

struct server;

/* Both answer the exchange, now or later. */
void attach_events(struct server *server, struct http_exchange *x,
                   const struct http_head *head,
                   const struct token_claims *claims);
void attach_poll(struct server *server, struct http_exchange *x,
                 const struct http_head *head,
                 const struct token_claims *claims);

#endif
