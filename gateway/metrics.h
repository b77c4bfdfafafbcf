/* What one gateway counts and measures, for Prometheus: /metrics on the
 * internal listener. */
#ifndef MOIM_GATEWAY_METRICS_H
#define MOIM_GATEWAY_METRICS_H

#include "proto/net/http_exchange.h"

struct server;

void metrics_answer(struct server *s, struct http_exchange *x);

#endif
