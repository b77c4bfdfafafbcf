/* One HTTP/1.1 request on a connection of its own, for moimctl, the load
 * client, webhooks and tests. */
#ifndef MOIM_NET_HTTP_CLIENT_H
#define MOIM_NET_HTTP_CLIENT_H

#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "proto/net/tls_client.h"
#include "proto/wire/http_answer.h"

enum {
    HTTP_CLIENT_BODY_MAX = 8 << 20, /* bytes of an answer */
};

/* All copied but `tls`, which outlives the request. The texts are ours: they
 * are not checked for CR or LF. */
struct http_client_request {
    const char *address;    /* "127.0.0.1:8080" or "unix:/path" */
    const char *host;       /* Host header */
    const char *method;     /* "GET", ... */
    const char *path;       /* with its query, beginning with '/' */
    const char *headers;    /* more header lines, each ended by CRLF; or "" */
    struct slice body;      /* with a Content-Length unless it is empty */
    uint64_t timeout_ms;    /* until the last byte of the answer */
    size_t body_max;        /* bytes of it; 0: HTTP_CLIENT_BODY_MAX */
    struct tls_client *tls; /* NULL: plain */
    const char *tls_name;   /* whom the server has to be, for `tls` */
};

/* Called once, from the loop, after the connection has closed. `answer` and
 * `body` are borrowed until it returns; both are empty unless RC_OK.
 *
 * RC_OK         a whole answer with any status
 * RC_TIMEOUT    not whole in time
 * RC_CLOSED     could not connect, or ended before it was whole
 * RC_DENIED     the server's certificate was not accepted
 * RC_BAD_INPUT  not an HTTP answer, or longer than body_max; or not TLS */
typedef void (*http_client_fn)(void *ctx, enum rc rc,
                               const struct http_answer *answer,
                               struct slice body);

struct http_client;

/* RC_BAD_INPUT: not an address; `fn` is not called. */
enum rc http_client_request(struct http_client **out, struct loop *l,
                            const struct http_client_request *request,
                            http_client_fn fn, void *ctx) MUST_CHECK;
/* Gives up: `fn` is not called any more. Not after it has been called. */
void http_client_cancel(struct http_client *c);

#endif
