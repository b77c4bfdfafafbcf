/* Between http_conn.c, which reads requests, and http_exchange.c, which
 * answers them: the connection that both work on. Nobody else includes it. */
#ifndef MOIM_NET_HTTP_EXCHANGE_H
#define MOIM_NET_HTTP_EXCHANGE_H

#include "proto/net/address.h"
#include "proto/net/http_conn.h"
#include "proto/net/http_partial.h"

/* What the deadline is for. */
enum http_phase {
    HTTP_PHASE_IDLE,   /* for the first byte of a request */
    HTTP_PHASE_HEAD,   /* for the end of its head */
    HTTP_PHASE_BODY,   /* for its body, which must not be too slow */
    HTTP_PHASE_ANSWER, /* for the owner: no deadline of ours */
};

struct http_exchange {
    struct http_conn *conn; /* NULL: the client is gone */
    bool head_only;
    bool keep_alive;
    bool chunked; /* the client knows chunks: HTTP/1.1 */
    bool extra;
    char peer[ADDRESS_TEXT_MAX];
};

struct http_conn {
    struct loop *loop;
    struct stream *stream; /* NULL: handed out by http_upgrade */
    const struct http_conn_limits *limits;
    const struct http_conn_events *events;
    void *owner;
    struct http_exchange *open;   /* the one at a time, or NULL */
    struct http_partial *partial; /* its body is still coming; or NULL */
    struct buf in;                /* read, and not handled yet */
    struct wheel_timer deadline;
    struct loop_task go_on; /* after an answer that was given later */
    uint64_t since_ms;      /* when the phase began */
    unsigned served;        /* requests handed to the owner */
    enum http_phase phase;
    bool serving; /* serve is on the stack: the connection stays */
    bool draining;
    char peer[ADDRESS_TEXT_MAX];
};

/* Queues what is in `out`. A connection that cannot take its own answer is of
 * no use any more, and closes. */
void http_conn_send(struct http_conn *c, const struct buf *out);

#endif
