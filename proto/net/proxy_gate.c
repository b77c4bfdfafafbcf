#include "proto/net/proxy_gate.h"

#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/wire/http_field.h"
#include "proto/wire/http_reply.h"
#include "proto/wire/proxy.h"

enum {
    LINGER_MS = 2000, /* for the peer to take the refusal */
};

struct proxy_gate {
    struct loop *loop;
    struct stream *stream;
    const struct proxy_gate_events *events;
    void *owner;
    struct wheel_timer deadline;
    struct buf in; /* what has come so far */
    bool required;
};

static void gate_free(struct proxy_gate *g) {
    wheel_cancel(&g->deadline);
    buf_fini(&g->in);
    mem_free(g);
}

static void refuse(struct proxy_gate *g) {
    static const struct http_error why = {400, "malformed PROXY header"};
    struct buf out;

    wheel_cancel(&g->deadline);
    buf_init(&out);
    http_reply_error(&out, &why);
    if (stream_send_copy(g->stream, buf_slice(&out)) != RC_OK) {
        stream_close(g->stream, RC_BAD_INPUT);
    }
    stream_finish(g->stream, RC_BAD_INPUT, LINGER_MS);
    buf_fini(&out);
}

/* Nobody knows yet what would be spoken here: closes without a word. */
static void on_deadline(struct wheel_timer *t) {
    struct proxy_gate *g = CONTAINER_OF(t, struct proxy_gate, deadline);

    uint64_t due_ms = stream_since_ms(g->stream) + PROXY_GATE_MS;

    if (g->loop->clock.mono_ms < due_ms) {
        wheel_set(&g->loop->wheel, t, due_ms);
    } else {
        stream_close(g->stream, RC_TIMEOUT);
    }
}

/* The first `used` bytes were the gate's; the rest are for who comes next. */
static void go_through(struct proxy_gate *g, size_t used) {
    const struct proxy_gate_events *events = g->events;
    struct stream *s = g->stream;
    void *owner = g->owner;
    struct buf in = g->in;

    buf_init(&g->in);
    gate_free(g);
    events->on_through(owner, s);
    stream_pass_on(s, in.p + used, in.n - used);
    buf_fini(&in);
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct proxy_gate *g = owner;
    char source[IP_TEXT_MAX];
    struct proxy_head head;

    buf_add(&g->in, slice_of(bytes, n));
    if (!g->required && proxy_begins(buf_slice(&g->in)) == PARSE_BAD) {
        go_through(g, 0);
        return;
    }
    switch (proxy_head_parse(buf_slice(&g->in), &head)) {
    case PARSE_MORE:
        return;
    case PARSE_BAD:
        refuse(g);
        return;
    case PARSE_OK:
        break;
    }
    if (head.has_source) {
        ip_text(&head.source, source);
        stream_set_peer(g->stream, source);
    }
    go_through(g, head.len);
}

static void on_closed(void *owner, enum rc why) {
    struct proxy_gate *g = owner;
    const struct proxy_gate_events *events = g->events;
    void *above = g->owner;

    (void)why;
    gate_free(g);
    events->on_closed(above);
}

struct proxy_gate *proxy_gate_open(struct loop *l, struct stream *s,
                                   bool required,
                                   const struct proxy_gate_events *events,
                                   void *owner) {
    static const struct stream_events heard = {on_bytes, NULL, on_closed};
    struct proxy_gate *g = mem_new(sizeof(*g));

    g->loop = l;
    g->stream = s;
    g->events = events;
    g->owner = owner;
    g->required = required;
    buf_init(&g->in);
    wheel_timer_init(&g->deadline, on_deadline);
    loop_timer(l, &g->deadline, PROXY_GATE_MS);
    stream_attach(s, &heard, g);
    return g;
}

void proxy_gate_close(struct proxy_gate *g) {
    stream_close(g->stream, RC_CLOSED);
}
