/* What a request for a stream or a poll wishes: which session is meant, and
 * what the client has of it already. Reads only. */
#ifndef MOIM_GATEWAY_WISH_H
#define MOIM_GATEWAY_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/wire/http.h"

enum {
    WISH_HOLD_MAX_S = 25, /* shorter than balancers' usual idle timeouts */
};

struct wish {
    struct buf session; /* its name; empty: a new one */
    uint64_t ack;
    bool has_ack;
    uint64_t hold_s;   /* of a poll; at most WISH_HOLD_MAX_S */
    const char *wrong; /* the first parameter that is not what it has to be;
                        * NULL: all are */
};

/* GET /v1/poll, from its query. */
void wish_of_poll(struct slice query, struct wish *out);
/* GET /v1/events, from its query and Last-Event-ID. */
void wish_of_events(const struct http_head *head, struct wish *out);
void wish_fini(struct wish *w);

#endif
