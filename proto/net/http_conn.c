#include "proto/net/http_conn.h"

#include <assert.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/net/http_exchange.h"
#include "proto/wire/http_reply.h"

enum {
    LINGER_MS = 2000,        /* for the client to take the last answer */
    DRAIN_MS = 1000,         /* for a request that is on its way already */
    UNSENT_BYTES = 64 << 10, /* so many wait: the next request waits too */
    CHEAP_BYTES = 4 << 10,   /* a head up to here is parsed at each read */
};

static void conn_free(struct http_conn *c) {
    wheel_cancel(&c->deadline);
    loop_undefer(&c->go_on);
    http_partial_free(&c->partial);
    buf_fini(&c->in);
    mem_free(c);
}

/* Says what was wrong and ends the connection: where the next request would
 * begin is not known any more. */
static void refuse(struct http_conn *c, const struct http_error *why) {
    struct buf out;

    buf_init(&out);
    http_reply_error(&out, why);
    http_conn_send(c, &out);
    stream_finish(c->stream, RC_BAD_INPUT, LINGER_MS);
    wheel_cancel(&c->deadline);
    buf_fini(&out);
}

/* Deadlines. */

/* The moment at which a body that came no further is slower than 1 KiB/s. */
static uint64_t body_deadline(const struct http_conn *c) {
    uint64_t earned_ms =
        (uint64_t)http_partial_received(c->partial) * 1000 / 1024;
    uint64_t grace_ms = c->limits->header_ms;

    return c->since_ms + (earned_ms > grace_ms ? earned_ms : grace_ms);
}

/* Of a connection's first request, which waited for its turn perhaps. */
static uint64_t head_due_ms(const struct http_conn *c) {
    uint64_t since_ms = stream_since_ms(c->stream);

    return since_ms == 0 || c->draining ? 0 : since_ms + c->limits->header_ms;
}

static void on_deadline(struct wheel_timer *t) {
    static const struct http_error slow_head = {408, "the head took too long"};
    static const struct http_error slow_body = {408, "the body is too slow"};
    struct http_conn *c = CONTAINER_OF(t, struct http_conn, deadline);

    if (c->served == 0 && c->loop->clock.mono_ms < head_due_ms(c)) {
        wheel_set(&c->loop->wheel, t, head_due_ms(c));
        return;
    }
    switch (c->phase) {
    case HTTP_PHASE_IDLE:
        stream_finish(c->stream, RC_TIMEOUT, LINGER_MS);
        break;
    case HTTP_PHASE_HEAD:
        refuse(c, &slow_head);
        break;
    case HTTP_PHASE_BODY:
        if (c->loop->clock.mono_ms < body_deadline(c)) {
            wheel_set(&c->loop->wheel, t, body_deadline(c));
        } else {
            refuse(c, &slow_body);
        }
        break;
    case HTTP_PHASE_ANSWER:
        break;
    }
}

/* A new connection owes a request as soon as a head owes its end. */
static uint64_t idle_ms(const struct http_conn *c) {
    if (c->draining) {
        return DRAIN_MS;
    }
    return c->served == 0 ? c->limits->header_ms : c->limits->idle_ms;
}

static void enter(struct http_conn *c, enum http_phase phase) {
    c->phase = phase;
    c->since_ms = c->loop->clock.mono_ms;
    wheel_cancel(&c->deadline);
    if (stream_closing(c->stream)) {
        return;
    }
    if (phase == HTTP_PHASE_IDLE) {
        loop_timer(c->loop, &c->deadline, idle_ms(c));
    } else if (phase != HTTP_PHASE_ANSWER) {
        loop_timer(c->loop, &c->deadline, c->limits->header_ms);
    }
}

static enum http_phase phase_of(const struct http_conn *c) {
    if (c->open != NULL) {
        return HTTP_PHASE_ANSWER;
    }
    if (c->partial != NULL) {
        return HTTP_PHASE_BODY;
    }
    return c->in.n > 0 ? HTTP_PHASE_HEAD : HTTP_PHASE_IDLE;
}

/* Handling requests. */

/* May the next request be looked at? */
static bool ready(const struct http_conn *c) {
    return c->stream != NULL && !stream_closing(c->stream) && c->open == NULL &&
           stream_queued(c->stream) < UNSENT_BYTES;
}

static void hand_over(struct http_conn *c, const struct http_head *head,
                      struct slice body, bool extra) {
    struct http_exchange *x = mem_new(sizeof(*x));

    enter(c, HTTP_PHASE_ANSWER);
    stream_settle(c->stream);
    c->served++;
    x->conn = c;
    x->head_only = head->method == HTTP_HEAD;
    x->chunked = head->minor > 0;
    x->keep_alive = head->keep_alive && c->served < c->limits->requests;
    x->extra = extra;
    memcpy(x->peer, c->peer, sizeof(x->peer));
    c->open = x;
    c->events->on_request(c->owner, x, head, body);
}

/* The client waits to hear whether its body is welcome. */
static void send_continue(struct http_conn *c) {
    struct buf out;

    buf_init(&out);
    http_reply_begin(&out, 100, HTTP_REPLY_BARE, true);
    http_reply_end_empty(&out);
    http_conn_send(c, &out);
    buf_fini(&out);
}

/* RFC 9110, 9.3.1: a body means nothing there, and a server before us that
 * does not expect one would take it for the next request. */
static bool takes_body(enum http_method method) {
    return method == HTTP_POST || method == HTTP_PUT || method == HTTP_PATCH;
}

/* `in` is the head, and what came behind it already. A body that is declared
 * too long is refused before any of it comes. */
static void begin_body(struct http_conn *c, const struct http_head *head,
                       struct slice in) {
    struct http_error why = {400, "this method takes no body"};
    size_t used;

    if (!takes_body(head->method)) {
        refuse(c, &why);
        return;
    }
    c->partial = http_partial_new(slice_take(in, head->head_len),
                                  &head->framing, c->limits->body_bytes);
    if (http_partial_feed(c->partial, slice_take(in, 0), &used, &why) ==
        PARSE_BAD) {
        refuse(c, &why);
    } else if (head->expect_continue && in.n == head->head_len) {
        send_continue(c);
    }
}

/* Both readers answer how many bytes of `in` are done with; *more: there is
 * nothing to do before others come. */
static size_t read_head(struct http_conn *c, struct slice in, bool *more) {
    struct http_head head;
    struct http_error why;

    switch (http_head_parse(in, &head, &why)) {
    case PARSE_MORE:
        *more = true;
        return 0;
    case PARSE_BAD:
        refuse(c, &why);
        return 0;
    case PARSE_OK:
        break;
    }
    if (http_head_has_body(&head)) {
        begin_body(c, &head, in);
    } else {
        hand_over(c, &head, slice_take(in, 0), in.n > head.head_len);
    }
    return head.head_len;
}

static size_t read_body(struct http_conn *c, struct slice in, bool *more) {
    struct http_partial *p = c->partial;
    struct http_error why;
    struct http_head head;
    size_t used;
    enum parse got = http_partial_feed(p, in, &used, &why);

    if (got == PARSE_MORE) {
        *more = true;
        return used;
    }
    if (got == PARSE_BAD) {
        refuse(c, &why);
        return used;
    }
    got = http_head_parse(http_partial_head(p), &head, &why);
    assert(got == PARSE_OK); /* as it was before */
    c->partial = NULL;
    hand_over(c, &head, http_partial_body(p), in.n > used);
    http_partial_free(&p);
    return used;
}

/* Handles what is whole at the front of `in`, one exchange after the other.
 * Answers how many bytes are done with. */
static size_t serve(struct http_conn *c, struct slice in) {
    size_t used = 0;
    bool more = false;

    c->serving = true;
    while (!more && ready(c)) {
        struct slice rest = slice_drop(in, used);

        if (c->partial != NULL) {
            used += read_body(c, rest, &more);
        } else if (rest.n > 0) {
            used += read_head(c, rest, &more);
        } else {
            more = true;
        }
    }
    c->serving = false;
    return used;
}

/* After every change: is the connection still ours, what is waited for, and
 * may more be read? */
static void settle(struct http_conn *c) {
    if (c->stream == NULL) {
        conn_free(c);
        return;
    }
    if (phase_of(c) != c->phase) {
        enter(c, phase_of(c));
    }
    if (!ready(c) && c->in.n >= HTTP_WAITING_BYTES) {
        stream_pause(c->stream);
    } else {
        stream_resume(c->stream);
    }
}

static void go_on(struct http_conn *c) {
    buf_consume(&c->in, serve(c, buf_slice(&c->in)));
    settle(c);
}

static void on_go_on(struct loop_task *t) {
    go_on(CONTAINER_OF(t, struct http_conn, go_on));
}

/* A long head that trickles in is parsed line by line, not byte by byte: that
 * would cost the square of its length. */
static bool worth_parsing(const struct http_conn *c, struct slice added) {
    return c->partial != NULL || c->in.n <= CHEAP_BYTES ||
           c->in.n >= HTTP_HEAD_MAX || slice_find(added, '\n') < added.n;
}

/* The usual request arrives whole and is handled where it was read. */
static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct http_conn *c = owner;
    struct slice in = {bytes, n};

    if (c->in.n == 0) {
        buf_add(&c->in, slice_drop(in, serve(c, in)));
        settle(c);
        return;
    }
    buf_add(&c->in, in);
    if (worth_parsing(c, in)) {
        go_on(c);
    } else {
        settle(c);
    }
}

static void on_drained(void *owner) {
    struct http_conn *c = owner;

    if (c->in.n > 0 && c->open == NULL) {
        go_on(c);
    }
}

static void on_closed(void *owner, enum rc why) {
    struct http_conn *c = owner;
    const struct http_conn_events *events = c->events;
    void *above = c->owner;

    (void)why;
    if (c->open != NULL) {
        c->open->conn = NULL;
    }
    conn_free(c);
    events->on_closed(above);
}

struct http_conn *http_conn_open(struct loop *l, struct stream *s,
                                 const struct http_conn_limits *limits,
                                 const struct http_conn_events *events,
                                 void *owner) {
    static const struct stream_events heard = {on_bytes, on_drained, on_closed};
    struct http_conn *c = mem_new(sizeof(*c));

    c->loop = l;
    c->stream = s;
    c->limits = limits;
    c->events = events;
    c->owner = owner;
    buf_init(&c->in);
    wheel_timer_init(&c->deadline, on_deadline);
    loop_task_init(&c->go_on, on_go_on);
    stream_peer(s, c->peer, sizeof(c->peer));
    stream_attach(s, &heard, c);
    enter(c, HTTP_PHASE_IDLE);
    return c;
}

void http_conn_drain(struct http_conn *c) {
    c->draining = true;
    if (c->phase == HTTP_PHASE_IDLE) {
        enter(c, HTTP_PHASE_IDLE);
    }
}
