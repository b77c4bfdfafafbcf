#include "wsecho/echo.h"

#include "proto/base/mem.h"
#include "proto/net/http_conn.h"
#include "proto/wire/http_reply.h"
#include "proto/wire/ws_handshake.h"

enum {
    PAUSE_BYTES = 1 << 20, /* so many wait to be taken: read no more */
    LINGER_MS = 1000,
};

struct echo {
    struct list node;
    struct echo_server *server;
    struct http_conn *http; /* NULL: hands are shaken */
    struct stream *stream;  /* NULL before that */
    struct ws_msg in;
    struct wheel_timer open; /* for the end of a message that has begun */
};

static const struct http_conn_limits http_limits = {
    .header_ms = 10000,
    .idle_ms = 75000,
    .body_bytes = 0,
    .requests = 1000,
};

static void echo_free(struct echo *e) {
    struct echo_server *s = e->server;

    wheel_cancel(&e->open);
    ws_msg_fini(&e->in);
    list_remove(&e->node);
    mem_free(e);
    s->on_gone(s);
}

/* Sending. */

static void send_frame(struct echo *e, enum ws_op op, struct slice body,
                       bool compressed) {
    struct blob *copy = blob_new(body);
    uint8_t head[WS_HEAD_MAX];
    size_t n = ws_head_write(head, op, true, body.n, NULL);

    if (compressed) {
        ws_head_set_rsv1(head);
    }
    if (stream_send(e->stream, slice_of(head, n), copy) == RC_LIMIT) {
        stream_close(e->stream, RC_LIMIT);
    }
    blob_unref(&copy);
}

static void send_message(struct echo *e, enum ws_op op, struct slice body) {
    struct slice packed;
    bool compressed = (e->in.rules & WS_DEFLATE) != 0 &&
                      ws_deflate_pack(e->server->deflate, body, &packed);

    send_frame(e, op, compressed ? packed : body, compressed);
}

static void say_goodbye(struct echo *e, uint16_t code) {
    uint8_t body[WS_CONTROL_MAX];
    size_t n = ws_close_write(body, code, slice_of(NULL, 0));

    send_frame(e, WS_OP_CLOSE, slice_of(body, n), false);
    stream_finish(e->stream, RC_OK, LINGER_MS);
}

/* Hearing. */

static void on_unit(struct echo *e, struct ws_unit *unit) {
    if (unit->rsv1) {
        ws_deflate_unpack(e->server->deflate, &e->server->inflate, unit);
    }
    switch (unit->event) {
    case WS_TEXT:
        send_message(e, WS_OP_TEXT, unit->body);
        break;
    case WS_BINARY:
        send_message(e, WS_OP_BINARY, unit->body);
        break;
    case WS_PING:
        send_frame(e, WS_OP_PONG, unit->body, false);
        break;
    case WS_CLOSE:
    case WS_FAIL:
        say_goodbye(e, unit->code);
        break;
    case WS_PONG:
    case WS_NONE:
        break;
    }
}

/* A message that has begun must end in time, also when nothing comes. */
static void watch_open(struct echo *e) {
    uint64_t since_ms;

    wheel_cancel(&e->open);
    if (!stream_closing(e->stream) && ws_msg_open_since(&e->in, &since_ms)) {
        wheel_set(&e->server->loop->wheel, &e->open,
                  since_ms + e->server->limits.open_ms);
    }
}

static void on_open_too_long(struct wheel_timer *t) {
    say_goodbye(CONTAINER_OF(t, struct echo, open), WS_CODE_POLICY);
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct echo *e = owner;
    struct ws_input in = {bytes, n, e->server->loop->clock.mono_ms};
    struct ws_unit unit;

    while (!stream_closing(e->stream) &&
           ws_msg_next(&e->in, &e->server->limits, &in, &unit) != WS_NONE) {
        on_unit(e, &unit);
    }
    watch_open(e);
    if (stream_queued(e->stream) > PAUSE_BYTES) {
        stream_pause(e->stream);
    }
}

static void on_drained(void *owner) {
    stream_resume(((struct echo *)owner)->stream);
}

static void on_stream_closed(void *owner, enum rc why) {
    (void)why;
    echo_free(owner);
}

/* The handshake. */

static void shake_hands(struct echo *e, struct http_exchange *x,
                        const struct ws_answer *answer) {
    static const struct stream_events heard = {on_bytes, on_drained,
                                               on_stream_closed};
    struct buf b;

    e->stream = http_upgrade(x);
    e->http = NULL;
    ws_msg_init(&e->in, WS_FROM_CLIENT | (answer->deflate.on ? WS_DEFLATE : 0));
    stream_attach(e->stream, &heard, e);
    buf_init(&b);
    ws_handshake_write(answer, &b);
    if (stream_send_copy(e->stream, buf_slice(&b)) != RC_OK) {
        stream_close(e->stream, RC_LIMIT);
    }
    buf_fini(&b);
}

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    struct echo *e = owner;
    struct ws_offer offer = {.get = head->method == HTTP_GET,
                             .has_body = http_head_has_body(head),
                             .has_extra_bytes = http_has_extra(x),
                             .deflate = e->server->deflate != NULL,
                             .minor = head->minor,
                             .fields = &head->fields};
    struct ws_answer answer;

    (void)body;
    ws_handshake_decide(&offer, &answer);
    if (answer.status == 101) {
        shake_hands(e, x, &answer);
        return;
    }
    if (answer.status == 400) {
        http_answer_last(x); /* frames may follow, which are no requests */
    }
    http_answer(x, answer.status, slice_str(answer.headers),
                SLICE_LIT("text/plain"), slice_str(answer.why));
}

static void on_http_closed(void *owner) {
    echo_free(owner);
}

void echo_open(struct echo_server *s, struct stream *stream) {
    static const struct http_conn_events events = {on_request, on_http_closed};
    struct echo *e = mem_new(sizeof(*e));

    e->server = s;
    list_init(&e->node);
    list_push_back(&s->echoes, &e->node);
    ws_msg_init(&e->in, 0);
    wheel_timer_init(&e->open, on_open_too_long);
    e->http = http_conn_open(s->loop, stream, &http_limits, &events, e);
}

void echo_close_all(struct echo_server *s) {
    for (struct list *n = s->echoes.next; n != &s->echoes; n = n->next) {
        struct echo *e = CONTAINER_OF(n, struct echo, node);

        if (e->http != NULL) {
            http_conn_drain(e->http);
        } else if (!stream_closing(e->stream)) {
            say_goodbye(e, WS_CODE_GOING_AWAY);
        }
    }
}
