/* One request's answer: whole, prepared, as a stream, or the stream itself. */
#include "proto/net/http_exchange.h"

#include <assert.h>
#include <stdio.h>

#include "proto/base/mem.h"
#include "proto/wire/http_reply.h"

enum {
    LINGER_MS = 2000, /* for the client to take the last answer */
};

void http_conn_send(struct http_conn *c, const struct buf *out) {
    if (stream_send_copy(c->stream, buf_slice(out)) == RC_LIMIT) {
        stream_close(c->stream, RC_LIMIT);
    }
}

/* Frees the exchange and lets the connection go on, or end. */
static void answered(struct http_exchange *x, bool keep_alive) {
    struct http_conn *c = x->conn;

    c->open = NULL;
    mem_free(x);
    if (!keep_alive) {
        stream_finish(c->stream, RC_OK, LINGER_MS);
    }
    if (!c->serving) {
        loop_defer(c->loop, &c->go_on);
    }
}

void http_answer_last(struct http_exchange *x) {
    x->keep_alive = false;
}

static bool bodiless(unsigned status) {
    return status == 204 || status == 304;
}

void http_answer(struct http_exchange *x, unsigned status, struct slice headers,
                 struct slice content_type, struct slice body) {
    bool keep_alive = http_alive(x) && x->keep_alive && !x->conn->draining;
    struct buf out;

    if (x->conn == NULL) {
        mem_free(x);
        return;
    }
    buf_init(&out);
    http_reply_begin(&out, status, HTTP_REPLY_API, keep_alive);
    buf_add(&out, headers);
    if (!bodiless(status)) {
        http_reply_header(&out, "Content-Type", content_type);
        buf_addf(&out, "Content-Length: %zu\r\n", body.n);
    }
    buf_add_str(&out, "\r\n");
    if (!bodiless(status) && !x->head_only) {
        buf_add(&out, body);
    }
    http_conn_send(x->conn, &out);
    buf_fini(&out);
    answered(x, keep_alive);
}

void http_answer_raw(struct http_exchange *x, struct slice head,
                     struct blob *body) {
    bool keep_alive = http_alive(x) && x->keep_alive && !x->conn->draining;
    struct buf out;

    if (x->conn == NULL) {
        mem_free(x);
        return;
    }
    assert(head.n > 2);
    buf_init(&out);
    buf_add(&out, slice_take(head, head.n - 2));
    if (!keep_alive) {
        buf_add_str(&out, "Connection: close\r\n");
    }
    buf_add_str(&out, "\r\n");
    http_conn_send(x->conn, &out);
    buf_fini(&out);
    if (body != NULL && !x->head_only &&
        stream_send(x->conn->stream, SLICE_LIT(""), body) == RC_LIMIT) {
        stream_close(x->conn->stream, RC_LIMIT);
    }
    answered(x, keep_alive);
}

void http_stream_begin(struct http_exchange *x, struct slice headers,
                       const char *content_type) {
    struct buf out;

    if (x->conn == NULL) {
        return;
    }
    assert(!x->head_only);
    x->keep_alive = x->keep_alive && x->chunked && !x->conn->draining;
    buf_init(&out);
    http_reply_begin(&out, 200, HTTP_REPLY_API, x->keep_alive);
    buf_add(&out, headers);
    if (x->chunked) {
        http_reply_end_chunked(&out, content_type);
    } else {
        http_reply_header(&out, "Content-Type", slice_str(content_type));
        buf_add_str(&out, "\r\n");
    }
    http_conn_send(x->conn, &out);
    buf_fini(&out);
}

void http_stream_write(struct http_exchange *x, struct slice data) {
    struct buf out;

    if (x->conn == NULL || data.n == 0) {
        return;
    }
    buf_init(&out);
    if (x->chunked) {
        http_reply_chunk(&out, data);
    } else {
        buf_add(&out, data);
    }
    http_conn_send(x->conn, &out);
    buf_fini(&out);
}

void http_stream_push(struct http_exchange *x) {
    if (x->conn != NULL) {
        stream_push(x->conn->stream);
    }
}

size_t http_stream_queued(const struct http_exchange *x) {
    return x->conn == NULL ? 0 : stream_queued(x->conn->stream);
}

void http_stream_end(struct http_exchange *x) {
    bool keep_alive = http_alive(x) && x->keep_alive && !x->conn->draining;
    struct buf out;

    if (x->conn == NULL) {
        mem_free(x);
        return;
    }
    if (x->chunked) {
        buf_init(&out);
        http_reply_last_chunk(&out);
        http_conn_send(x->conn, &out);
        buf_fini(&out);
    }
    answered(x, keep_alive);
}

enum rc http_stream_show(struct http_exchange *x, int *fd, struct buf *queued,
                         bool *chunked) {
    *chunked = x->chunked;
    return x->conn == NULL || x->conn->in.n > 0
               ? RC_DENIED
               : stream_show(x->conn->stream, fd, queued);
}

void http_stream_leave(struct http_exchange *x) {
    struct http_conn *c = x->conn;

    mem_free(x);
    if (c != NULL) {
        c->open = NULL;
        stream_close(c->stream, RC_CLOSED);
    }
}

struct http_exchange *http_stream_go_on(struct http_conn *c, bool chunked) {
    struct http_exchange *x = mem_new(sizeof(*x));

    x->conn = c;
    x->chunked = chunked;
    c->open = x;
    c->phase = HTTP_PHASE_ANSWER;
    wheel_cancel(&c->deadline);
    return x;
}

struct stream *http_upgrade(struct http_exchange *x) {
    struct http_conn *c = x->conn;
    struct stream *s = c->stream;

    assert(c->serving && c->open == x);
    wheel_cancel(&c->deadline);
    stream_attach(s, NULL, NULL);
    c->open = NULL;
    c->stream = NULL; /* settle frees the connection, off this stack */
    mem_free(x);
    return s;
}

bool http_has_extra(const struct http_exchange *x) {
    return x->extra;
}

const char *http_peer(const struct http_exchange *x) {
    return x->peer;
}

void http_set_peer(struct http_exchange *x, const char *peer) {
    snprintf(x->peer, sizeof(x->peer), "%s", peer);
}

bool http_alive(const struct http_exchange *x) {
    return x->conn != NULL && !stream_closing(x->conn->stream);
}
