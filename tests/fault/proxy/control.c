#include "tests/fault/proxy/control.h"

#include "proto/base/list.h"
#include "proto/base/mem.h"
#include "proto/net/listener.h"
#include "proto/net/stream.h"

enum {
    BACKLOG = 16,
    STREAMS_MAX = 64,
    QUEUE_BYTES = 1 << 20,
};

struct control {
    struct loop *loop;
    struct listener *listener;
    struct list callers;
    control_fn fn;
    void *owner;
    bool closing;
};

struct caller {
    struct list node;
    struct control *control;
    struct stream *stream;
    struct buf in;
};

static void free_closed(struct control *c) {
    if (c->closing && list_empty(&c->callers)) {
        mem_free(c);
    }
}

static void answer(struct caller *k, struct slice line) {
    struct buf out;

    buf_init(&out);
    k->control->fn(k->control->owner, line, &out);
    buf_add_byte(&out, '\n');
    if (stream_send_copy(k->stream, buf_slice(&out)) != RC_OK) {
        stream_close(k->stream, RC_LIMIT); /* asks, and never reads */
    }
    buf_fini(&out);
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct caller *k = owner;
    size_t end;

    buf_add(&k->in, slice_of(bytes, n));
    while ((end = slice_find(buf_slice(&k->in), '\n')) < k->in.n) {
        answer(k, slice_take(buf_slice(&k->in), end));
        buf_consume(&k->in, end + 1);
    }
    if (k->in.n > CONTROL_LINE_MAX) {
        stream_close(k->stream, RC_BAD_INPUT);
    }
}

static void on_closed(void *owner, enum rc why) {
    struct caller *k = owner;
    struct control *c = k->control;

    (void)why;
    list_remove(&k->node);
    buf_fini(&k->in);
    mem_free(k);
    listener_gone(c->listener);
    free_closed(c);
}

static const struct stream_events caller_events = {
    .on_bytes = on_bytes,
    .on_closed = on_closed,
};

static void on_stream(void *owner, struct stream *s, bool over_limit) {
    struct control *c = owner;
    struct caller *k = mem_new(sizeof(*k));

    k->control = c;
    k->stream = s;
    list_init(&k->node);
    list_push_back(&c->callers, &k->node);
    stream_attach(s, &caller_events, k);
    if (over_limit) {
        stream_close(s, RC_LIMIT);
    }
}

enum rc control_open(struct control **out, struct loop *l, const char *address,
                     control_fn fn, void *owner) {
    struct control *c = mem_new(sizeof(*c));
    enum rc rc;

    c->loop = l;
    c->fn = fn;
    c->owner = owner;
    list_init(&c->callers);
    rc = listener_open(&c->listener, l,
                       &(struct listener_config){.address = address,
                                                 .backlog = BACKLOG,
                                                 .max_streams = STREAMS_MAX,
                                                 .queue_limit = QUEUE_BYTES},
                       on_stream, c);
    if (rc != RC_OK) {
        mem_free(c);
        return rc;
    }
    *out = c;
    return RC_OK;
}

void control_close(struct control **control) {
    struct control *c = *control;

    if (c == NULL) {
        return;
    }
    *control = NULL;
    c->closing = true;
    listener_close(&c->listener);
    for (struct list *n = c->callers.next; n != &c->callers; n = n->next) {
        stream_close(CONTAINER_OF(n, struct caller, node)->stream, RC_CLOSED);
    }
    free_closed(c);
}
