/* One HTTP/1.1 connection of a client: requests in order, answers in order,
 * keep-alive, deadlines (reliability: header 10 s, body rate, idle 75 s), and
 * the hand-over of the stream when a request is an upgrade. */
#ifndef MOIM_NET_HTTP_CONN_H
#define MOIM_NET_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/blob.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "proto/net/stream.h"
#include "proto/wire/http.h"

enum {
    /* Requests that came before their turn: with so many bytes of them the
     * connection is not read any more until the next one has been handled. */
    HTTP_WAITING_BYTES = 16 * 1024,
};

struct http_conn;

/* One request waiting for its answer. Lives until http_answer or
 * http_stream_end, also when the client has gone meanwhile (the answer then
 * goes nowhere). */
struct http_exchange;

struct http_conn_limits {
    uint64_t header_ms; /* 10 s for a whole head; from then on a body must
                           have come with 1 KiB/s or more */
    uint64_t idle_ms;   /* 75 s between requests */
    size_t body_bytes;  /* 64 KiB, decoded */
    unsigned requests;  /* 1000 on one connection */
};

struct http_conn_events {
    /* A whole request. `head` and `body` borrowed until it returns. It must
     * call, now or later, http_answer, http_stream_end (or http_upgrade,
     * now). */
    void (*on_request)(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body);
    /* The connection ended and its stream is gone: listener_gone time. An
     * exchange may still be open. Not called after http_upgrade took the
     * stream. */
    void (*on_closed)(void *owner);
};

/* Takes the stream, whose queue_limit is at least 128 KiB. `limits` and
 * `events` are borrowed until the end. The connection is freed with on_closed
 * or by http_upgrade. */
struct http_conn *http_conn_open(struct loop *l, struct stream *s,
                                 const struct http_conn_limits *limits,
                                 const struct http_conn_events *events,
                                 void *owner);
/* Answers and frees the exchange. `status` has a reason in http_reply.c, and
 * 204 and 304 no body. `headers`: more header lines, each ended by CRLF, or
 * empty. All copied. The answer to HEAD leaves the body out by itself. */
void http_answer(struct http_exchange *x, unsigned status, struct slice headers,
                 struct slice content_type, struct slice body);
/* The answer will be the connection's last: what stands behind this request
 * is not to be trusted. */
void http_answer_last(struct http_exchange *x);
/* Answers with a whole prepared head and a body by reference (static files).
 * `head` says the body's length and ends with the empty line; copied. `body`
 * gets a reference of its own; NULL means none. */
void http_answer_raw(struct http_exchange *x, struct slice head,
                     struct blob *body);
/* An answer that grows: begin (status 200), any number of writes, end, which
 * frees the exchange. `headers` as in http_answer; everything is copied. Not
 * for HEAD. A client of HTTP/1.0 gets the bytes without chunks and the end of
 * the connection as their end. A connection over its stream's queue limit is
 * closed: whoever writes looks at http_stream_queued before. */
void http_stream_begin(struct http_exchange *x, struct slice headers,
                       const char *content_type);
void http_stream_write(struct http_exchange *x, struct slice data);
/* See stream_push. */
void http_stream_push(struct http_exchange *x);
/* Bytes on the connection that the client has not taken yet. */
size_t http_stream_queued(const struct http_exchange *x);
void http_stream_end(struct http_exchange *x);
/* For another process that is to go on with an answer that has begun to grow:
 * as stream_show. RC_DENIED also when the client has asked for more. */
enum rc http_stream_show(struct http_exchange *x, int *fd, struct buf *queued,
                         bool *chunked) MUST_CHECK;
/* That process has it: frees the exchange, and the connection closes. */
void http_stream_leave(struct http_exchange *x);
/* That process: `c`, opened just now, is in the middle of such an answer, its
 * last one. */
struct http_exchange *http_stream_go_on(struct http_conn *c,
                                        bool chunked) MUST_CHECK;
/* Only within on_request: frees the connection and the exchange and hands out
 * the stream, which the caller attaches or closes; the caller writes the 101.
 * Bytes that stood behind the request are dropped; for WebSocket they are an
 * error (http_has_extra). */
struct stream *http_upgrade(struct http_exchange *x) MUST_CHECK;
/* True when bytes follow the request that is being handled. */
bool http_has_extra(const struct http_exchange *x);
/* The address the request comes from as text: of the socket's other end (see
 * stream_peer), or what http_set_peer said. Borrowed until the exchange is
 * freed. */
const char *http_peer(const struct http_exchange *x);
/* The owner knows from a proxy it trusts whose request this is; copied, at
 * most ADDRESS_TEXT_MAX bytes with the NUL. */
void http_set_peer(struct http_exchange *x, const char *peer);
/* False: the client is gone; answering is allowed and does nothing. */
bool http_alive(const struct http_exchange *x);
/* The connection is to end (drain): it closes soon when it is idle, and every
 * answer from now on says Connection: close. */
void http_conn_drain(struct http_conn *c);

#endif
