/* The internal listener of a service that has no clients of its own: a small
 * HTTP server that answers GET by a table of paths (/healthz, /readyz,
 * /metrics). At most 64 connections. */
#ifndef MOIM_NET_STATUS_SERVER_H
#define MOIM_NET_STATUS_SERVER_H

#include <stddef.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/http_conn.h"
#include "proto/net/loop.h"

struct status_server;

struct status_route {
    const char *path; /* under /ops/ only for who asks by an address of ours */
    /* Answers with status_answer or http_answer, now or later. */
    void (*answer)(void *owner, struct http_exchange *x);
};

/* All borrowed until status_server_free. */
struct status_config {
    struct loop *loop;
    const char *address;
    const struct status_route *routes;
    size_t n;
    void *owner; /* given to each route */
};

/* The route of /healthz: alive. `owner` is not used. */
void status_alive(void *owner, struct http_exchange *x);
/* The route of /ops/errors: the last of the log. `owner` is not used. */
void status_errors(void *owner, struct http_exchange *x);
/* Answers with JSON; `body` is copied. */
void status_answer(struct http_exchange *x, unsigned status, struct slice body);

/* Listens. RC_BAD_INPUT, RC_CONFLICT, RC_BACKEND: see listener_open. */
enum rc status_server_open(struct status_server **out,
                           const struct status_config *config) MUST_CHECK;
/* Stops listening and ends its connections; asks no route any more. They close
 * on the next turns of the loop. */
void status_server_close(struct status_server *p);
/* After the loop has run dry: frees, sets *p to NULL; NULL is fine. */
void status_server_free(struct status_server **p);

#endif
