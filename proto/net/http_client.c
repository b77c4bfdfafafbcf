#include "proto/net/http_client.h"

#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/net/http_partial.h"
#include "proto/net/stream.h"
#include "proto/net/tls.h"

enum {
    SEND_QUEUE_BYTES = 1 << 20,
};

struct http_client {
    struct loop *loop;
    struct stream *stream;
    http_client_fn fn; /* NULL: cancelled */
    void *ctx;
    struct buf in;                /* before the body, or not decoded yet */
    struct http_partial *partial; /* NULL until the head is whole */
    struct wheel_timer deadline;
    size_t body_max;
    bool head_only;   /* the answer to HEAD has no body */
    bool until_close; /* the body ends with the connection */
    bool whole;
};

static void finish(struct http_client *c, enum parse got) {
    c->whole = got == PARSE_OK;
    stream_close(c->stream, c->whole ? RC_OK : RC_BAD_INPUT);
}

/* Skips answers before the answer (1xx). PARSE_OK: the body begins. */
static enum parse read_head(struct http_client *c) {
    struct http_answer a;
    enum parse got = http_answer_parse(buf_slice(&c->in), &a);

    while (got == PARSE_OK && a.status < 200) {
        buf_consume(&c->in, a.head_len);
        got = http_answer_parse(buf_slice(&c->in), &a);
    }
    if (got != PARSE_OK) {
        return got;
    }
    if (c->head_only) {
        a.framing = (struct http_framing){0};
    }
    c->until_close = a.until_close && !c->head_only;
    c->partial = http_partial_new(slice_take(buf_slice(&c->in), a.head_len),
                                  &a.framing, c->body_max);
    buf_consume(&c->in, a.head_len);
    return PARSE_OK;
}

static enum parse read_body(struct http_client *c) {
    struct http_error why;
    size_t used = c->in.n;
    enum parse got;

    if (c->until_close) {
        got = http_partial_feed_raw(c->partial, buf_slice(&c->in), &why);
    } else {
        got = http_partial_feed(c->partial, buf_slice(&c->in), &used, &why);
    }
    buf_consume(&c->in, used);
    return got;
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct http_client *c = owner;
    enum parse got = PARSE_OK;

    buf_add(&c->in, slice_of(bytes, n));
    if (c->partial == NULL) {
        got = read_head(c);
    }
    if (got == PARSE_OK) {
        got = read_body(c);
    }
    if (got != PARSE_MORE) {
        finish(c, got);
    }
}

static void client_free(struct http_client *c) {
    wheel_cancel(&c->deadline);
    buf_fini(&c->in);
    http_partial_free(&c->partial);
    mem_free(c);
}

static void report(struct http_client *c, enum rc rc) {
    struct http_answer a = {0};
    struct slice body = {NULL, 0};

    if (rc == RC_OK &&
        http_answer_parse(http_partial_head(c->partial), &a) == PARSE_OK) {
        body = http_partial_body(c->partial);
    }
    c->fn(c->ctx, rc, &a, body);
}

static void on_closed(void *owner, enum rc why) {
    struct http_client *c = owner;

    if (why == RC_OK && !c->whole && !(c->until_close && c->partial != NULL)) {
        why = RC_CLOSED;
    }
    if (c->fn != NULL) {
        report(c, why);
    }
    client_free(c);
}

static void on_deadline(struct wheel_timer *t) {
    struct http_client *c = CONTAINER_OF(t, struct http_client, deadline);

    stream_close(c->stream, RC_TIMEOUT);
}

static enum rc send_request(struct http_client *c,
                            const struct http_client_request *r) {
    struct buf out;
    enum rc rc;

    buf_init(&out);
    buf_addf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s",
             r->method, r->path, r->host, r->headers);
    if (r->body.n > 0) {
        buf_addf(&out, "Content-Length: %zu\r\n", r->body.n);
    }
    buf_add_str(&out, "\r\n");
    buf_add(&out, r->body);
    rc = stream_send_copy(c->stream, buf_slice(&out));
    buf_fini(&out);
    return rc;
}

enum rc http_client_request(struct http_client **out, struct loop *l,
                            const struct http_client_request *request,
                            http_client_fn fn, void *ctx) {
    static const struct stream_events heard = {on_bytes, NULL, on_closed};
    struct http_client *c = mem_new(sizeof(*c));
    enum rc rc = stream_connect(&c->stream, l, request->address,
                                request->timeout_ms, SEND_QUEUE_BYTES);

    if (rc != RC_OK) {
        mem_free(c);
        return rc;
    }
    if (request->tls != NULL) {
        stream_secure(c->stream, tls_connect(request->tls, request->tls_name),
                      request->timeout_ms);
    }
    c->loop = l;
    c->fn = fn;
    c->ctx = ctx;
    c->head_only = strcmp(request->method, "HEAD") == 0;
    c->body_max =
        request->body_max == 0 ? HTTP_CLIENT_BODY_MAX : request->body_max;
    buf_init(&c->in);
    wheel_timer_init(&c->deadline, on_deadline);
    loop_timer(l, &c->deadline, request->timeout_ms);
    stream_attach(c->stream, &heard, c);
    if (send_request(c, request) != RC_OK) {
        stream_close(c->stream, RC_CLOSED); /* fn hears of it, as always */
    }
    *out = c;
    return RC_OK;
}

void http_client_cancel(struct http_client *c) {
    c->fn = NULL;
    stream_close(c->stream, RC_CLOSED);
}
