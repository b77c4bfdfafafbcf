/* /healthz, /readyz and, on the internal listener, /metrics. */
#ifndef MOIM_GATEWAY_HEALTH_H
#define MOIM_GATEWAY_HEALTH_H

#include <stdbool.h>

#include "proto/net/http_conn.h"
#include "proto/wire/http.h"

struct server;

/* Answers when the path is one of these; else false. */
bool health_request(struct server *server, struct http_exchange *x,
                    const struct http_head *head, bool internal);

#endif
