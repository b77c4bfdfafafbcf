/* The HTTP side of a gateway: what a request on the public or the internal
 * listener is answered. */
#ifndef MOIM_GATEWAY_API_H
#define MOIM_GATEWAY_API_H

#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/net/http_conn.h"
#include "proto/wire/http.h"

struct server;

enum api_outcome {
    API_ANSWERED,    /* or will be */
    API_TOOK_STREAM, /* the exchange and its connection are gone */
};

enum api_outcome api_request(struct server *server, struct http_exchange *x,
                             const struct http_head *head,
                             struct slice body) MUST_CHECK;
void api_internal_request(struct server *server, struct http_exchange *x,
                          const struct http_head *head);

#endif
