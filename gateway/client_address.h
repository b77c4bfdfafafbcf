/* Whose request is it? The address that throttles and limits count by, with
 * proxies in front that say whom they speak for. */
#ifndef MOIM_GATEWAY_CLIENT_ADDRESS_H
#define MOIM_GATEWAY_CLIENT_ADDRESS_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/http_conn.h"
#include "proto/net/stream.h"

struct server;

/* Reads the settings trusted_proxies and proxy_protocol into the server.
 * RC_BAD_INPUT: they make no sense; logged. */
enum rc client_address_open(struct server *server) MUST_CHECK;
void client_address_close(struct server *server);
/* May the other end of this connection speak for others? */
bool client_address_trusts(const struct server *server,
                           const struct stream *s) MUST_CHECK;
/* Sets the exchange's peer to the client that X-Forwarded-For names, when the
 * peer is a proxy we trust. */
void client_address_settle(const struct server *server, struct http_exchange *x,
                           const struct http_head *head);

#endif
