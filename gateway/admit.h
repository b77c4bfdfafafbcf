/* Who gets a new session, over whichever transport. */
#ifndef MOIM_GATEWAY_ADMIT_H
#define MOIM_GATEWAY_ADMIT_H

#include "gateway/errors.h"
#include "proto/base/macros.h"
#include "proto/net/http_conn.h"

struct server;

/* Both answer the exchange when they are false. A token in a URL is refused,
 * because logs keep URLs. */
bool admit_query(struct server *server, struct http_exchange *x,
                 struct slice query) MUST_CHECK;
/* While the gateway drains, or too many come at once, nobody is let in. */
bool admit_session(struct server *server, struct http_exchange *x) MUST_CHECK;

/* Answers with the error; `retry_ms` may be 0. */
void admit_refuse(struct server *server, struct http_exchange *x,
                  enum error_code code, uint64_t retry_ms);
/* A drawn wait, so that those who are refused do not come back together. */
uint64_t admit_retry_ms(struct server *server);

#endif
