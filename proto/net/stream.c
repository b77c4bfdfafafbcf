#include "proto/net/stream.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"

enum {
    WRITE_BUFS = 128,     /* handed to the kernel in one call */
    EOF_LINGER_MS = 5000, /* for a peer that ended its side to take the rest */
};

union stream_handle {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

/* What only a stream that is coming or going has. */
struct stream_wait {
    struct stream *stream;
    struct wheel_timer deadline;
    union {
        uv_connect_t connect;
        uv_shutdown_t shutdown;
    } req;
};

/* The front of the queue on its way through libuv. */
struct stream_write {
    uv_write_t req;
    struct stream *stream;
    size_t bytes;
};

/* A gateway has one for every session: what the handle knows already, the loop
 * and in its `data` the owner, is not kept twice. */
struct stream {
    union stream_handle uv;
    const struct stream_events *events; /* NULL before stream_attach */
    struct outq out;
    struct loop_task flush;
    struct stream_wait *wait; /* while connecting or finishing, else NULL */
    char *peer;               /* of stream_set_peer, or NULL */
    size_t queue_limit;
    enum rc why;
    bool connecting : 1;
    bool finishing : 1;
    bool paused : 1;
    bool writing : 1; /* a stream_write points into the queue */
    bool ended : 1;   /* the peer said that nothing more comes */
};

static const struct log_ctx log_stream = {"stream", 0};

static void on_flush(struct loop_task *t);

static struct stream *stream_of(void *handle) {
    return CONTAINER_OF(handle, struct stream, uv);
}

static struct loop *loop_of(const struct stream *s) {
    return s->uv.any.loop->data;
}

static void *owner_of(const struct stream *s) {
    return s->uv.any.data;
}

static bool closed(const struct stream *s) {
    return uv_is_closing(&s->uv.any) != 0;
}

/* `type` is UV_TCP or UV_NAMED_PIPE. */
static struct stream *stream_new(struct loop *l, uv_handle_type type,
                                 size_t queue_limit) {
    struct stream *s = mem_new(sizeof(*s));
    int err;

    if (type == UV_TCP) {
        err = uv_tcp_init(&l->uv, &s->uv.tcp);
        uv_tcp_nodelay(&s->uv.tcp, 1); /* kept for when there is a socket */
    } else {
        err = uv_pipe_init(&l->uv, &s->uv.pipe, 0);
    }
    assert(err == 0); /* neither opens anything yet */
    (void)err;
    s->queue_limit = queue_limit;
    outq_init(&s->out);
    loop_task_init(&s->flush, on_flush);
    return s;
}

/* Reading. */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    struct stream *s = stream_of(handle);

    (void)suggested;
    loop_wake(loop_of(s));
    buf->base = (char *)loop_of(s)->read_bytes;
    buf->len = LOOP_READ_BYTES;
}

/* The peer may have ended only its own side, and still want its answer. */
static void peer_ended(struct stream *s) {
    s->ended = true;
    if (s->out.bytes == 0) {
        stream_close(s, RC_OK);
    } else {
        stream_finish(s, RC_OK, EOF_LINGER_MS);
    }
}

static void on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf) {
    struct stream *s = stream_of(handle);

    loop_wake(loop_of(s));
    if (n == UV_EOF) {
        peer_ended(s);
    } else if (n < 0) {
        stream_close(s, RC_CLOSED);
    } else if (n > 0 && !s->finishing) {
        s->events->on_bytes(owner_of(s), (uint8_t *)buf->base, (size_t)n);
    }
}

/* Reads when it may and somebody listens, if only to throw away; being told so
 * twice is harmless. */
static void start_reading(struct stream *s) {
    bool heard = s->events != NULL || s->finishing;

    if (heard && !s->connecting && !s->paused && !s->ended && !closed(s)) {
        uv_read_start(&s->uv.stream, on_alloc, on_read);
    }
}

void stream_pause(struct stream *s) {
    if (!s->finishing) {
        s->paused = true;
        uv_read_stop(&s->uv.stream);
    }
}

void stream_resume(struct stream *s) {
    s->paused = false;
    start_reading(s);
}

/* Writing. */

enum rc stream_send(struct stream *s, struct slice head, struct blob *body) {
    if (stream_closing(s)) {
        return RC_CLOSED;
    }
    if (s->out.bytes >= s->queue_limit) {
        return RC_LIMIT;
    }
    if (head.n + blob_slice(body).n > 0) {
        outq_push(&s->out, head, body == NULL ? NULL : blob_ref(body));
        loop_defer(loop_of(s), &s->flush);
    }
    return RC_OK;
}

enum rc stream_send_copy(struct stream *s, struct slice data) {
    struct blob *body = blob_new(data);
    enum rc rc = stream_send(s, (struct slice){NULL, 0}, body);

    blob_unref(&body);
    return rc;
}

size_t stream_queued(const struct stream *s) {
    return s->out.bytes;
}

static void on_written(uv_write_t *req, int status) {
    struct stream_write *w = CONTAINER_OF(req, struct stream_write, req);
    struct stream *s = w->stream;

    loop_wake(loop_of(s));
    s->writing = false;
    outq_take(&s->out, w->bytes);
    mem_free(w);
    if (closed(s)) {
        return;
    }
    if (status < 0) {
        stream_close(s, RC_CLOSED);
    } else {
        loop_defer(loop_of(s), &s->flush);
    }
}

/* Hands the front of the queue to libuv, which waits for the kernel. */
static void write_later(struct stream *s) {
    struct stream_write *w = mem_new(sizeof(*w));
    uv_buf_t bufs[WRITE_BUFS];
    unsigned n = outq_gather(&s->out, bufs, WRITE_BUFS, &w->bytes);

    w->stream = s;
    if (uv_write(&w->req, &s->uv.stream, bufs, n, on_written) != 0) {
        mem_free(w);
        stream_close(s, RC_CLOSED);
        return;
    }
    s->writing = true;
}

/* True when all of the front, as much as one call takes, went out. */
static bool write_now(struct stream *s) {
    uv_buf_t bufs[WRITE_BUFS];
    size_t bytes;
    unsigned n = outq_gather(&s->out, bufs, WRITE_BUFS, &bytes);
    int sent = uv_try_write(&s->uv.stream, bufs, n);

    if (sent < 0 && sent != UV_EAGAIN) {
        stream_close(s, RC_CLOSED);
        return false;
    }
    if (sent > 0) {
        outq_take(&s->out, (size_t)sent);
    }
    return sent > 0 && (size_t)sent == bytes;
}

static void on_shut_down(uv_shutdown_t *req, int status) {
    struct stream_wait *w = CONTAINER_OF(req, struct stream_wait, req.shutdown);

    loop_wake(loop_of(w->stream));
    if (status < 0) {
        stream_close(w->stream, w->stream->why);
    }
}

/* All is sent; what remains is to hear that the peer has it. */
static void end_our_side(struct stream *s) {
    if (s->ended ||
        uv_shutdown(&s->wait->req.shutdown, &s->uv.stream, on_shut_down) != 0) {
        stream_close(s, s->why);
    }
}

/* The end of a turn in which something was queued or written. */
static void on_flush(struct loop_task *t) {
    struct stream *s = CONTAINER_OF(t, struct stream, flush);

    if (s->connecting || s->writing) {
        return; /* both flush when they are done */
    }
    while (s->out.bytes > 0 && write_now(s)) {
    }
    if (closed(s)) {
        return;
    }
    if (s->out.bytes > 0) {
        write_later(s);
    } else if (s->finishing) {
        end_our_side(s);
    } else if (s->events != NULL && s->events->on_drained != NULL) {
        s->events->on_drained(owner_of(s));
    }
}

/* Coming. */

enum rc stream_accept(struct stream **out, struct loop *l,
                      uv_stream_t *listener, size_t queue_limit) {
    struct stream *s = stream_new(l, listener->type, queue_limit);
    int err = uv_accept(listener, &s->uv.stream);

    if (err != 0) {
        log_warn(&log_stream, "accept_failed", "error=\"%s\"",
                 uv_strerror(err));
        stream_close(s, RC_BACKEND);
        return RC_BACKEND;
    }
    *out = s;
    return RC_OK;
}

enum rc stream_adopt(struct stream **out, struct loop *l, int fd,
                     size_t queue_limit) {
    uv_handle_type type = uv_guess_handle(fd);
    struct stream *s;
    int err;

    if (type != UV_TCP && type != UV_NAMED_PIPE) {
        return RC_BACKEND;
    }
    s = stream_new(l, type, queue_limit);
    err = type == UV_TCP ? uv_tcp_open(&s->uv.tcp, fd)
                         : uv_pipe_open(&s->uv.pipe, fd);
    if (err != 0) {
        stream_close(s, RC_BACKEND);
        return RC_BACKEND;
    }
    *out = s;
    return RC_OK;
}

static void on_deadline(struct wheel_timer *t) {
    struct stream_wait *w = CONTAINER_OF(t, struct stream_wait, deadline);

    stream_close(w->stream, RC_TIMEOUT);
}

static void wait_at_most(struct stream *s, uint64_t ms) {
    if (s->wait == NULL) {
        s->wait = mem_new(sizeof(*s->wait));
        s->wait->stream = s;
        wheel_timer_init(&s->wait->deadline, on_deadline);
    }
    loop_timer(loop_of(s), &s->wait->deadline, ms);
}

static void on_connected(uv_connect_t *req, int status) {
    struct stream_wait *w = CONTAINER_OF(req, struct stream_wait, req.connect);
    struct stream *s = w->stream;

    loop_wake(loop_of(s));
    if (closed(s)) {
        return;
    }
    if (status < 0) {
        stream_close(s, RC_CLOSED);
        return;
    }
    s->connecting = false;
    if (!s->finishing) {
        wheel_cancel(&w->deadline);
        mem_free(w);
        s->wait = NULL;
    }
    start_reading(s);
    loop_defer(loop_of(s), &s->flush);
}

enum rc stream_connect(struct stream **out, struct loop *l, const char *address,
                       uint64_t timeout_ms, size_t queue_limit) {
    struct address a;
    struct stream *s;
    int err = 0;

    if (address_parse(address, &a) != RC_OK) {
        return RC_BAD_INPUT;
    }
    s = stream_new(l, address_path(&a) == NULL ? UV_TCP : UV_NAMED_PIPE,
                   queue_limit);
    s->connecting = true;
    wait_at_most(s, timeout_ms);
    if (address_path(&a) == NULL) {
        err = uv_tcp_connect(&s->wait->req.connect, &s->uv.tcp,
                             (const struct sockaddr *)&a.sa, on_connected);
    } else {
        uv_pipe_connect(&s->wait->req.connect, &s->uv.pipe, address_path(&a),
                        on_connected);
    }
    if (err != 0) {
        stream_close(s, RC_CLOSED);
    }
    *out = s;
    return RC_OK;
}

void stream_attach(struct stream *s, const struct stream_events *events,
                   void *owner) {
    s->events = events;
    s->uv.any.data = owner;
    if (events == NULL && !s->finishing) {
        uv_read_stop(&s->uv.stream);
    }
    start_reading(s);
}

/* Going. */

void stream_finish(struct stream *s, enum rc why, uint64_t linger_ms) {
    if (stream_closing(s)) {
        return;
    }
    s->finishing = true;
    s->why = why;
    wait_at_most(s, linger_ms);
    s->paused = false; /* reads on, to throw away and to hear the end */
    start_reading(s);
    loop_defer(loop_of(s), &s->flush);
}

static void on_handle_closed(uv_handle_t *handle) {
    struct stream *s = stream_of(handle);
    const struct stream_events *events = s->events;
    void *owner = owner_of(s);
    enum rc why = s->why;

    assert(!s->writing); /* libuv cancels its requests first */
    outq_fini(&s->out);
    mem_free(s->peer);
    mem_free(s->wait);
    mem_free(s);
    if (events != NULL) {
        events->on_closed(owner, why);
    }
}

void stream_close(struct stream *s, enum rc why) {
    if (closed(s)) {
        return;
    }
    if (!s->finishing) {
        s->why = why;
    }
    loop_undefer(&s->flush);
    if (s->wait != NULL) {
        wheel_cancel(&s->wait->deadline);
    }
    uv_close(&s->uv.any, on_handle_closed);
}

void stream_reset(struct stream *s, enum rc why) {
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    uv_os_fd_t fd;

    if (!closed(s) && uv_fileno(&s->uv.any, &fd) == 0) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    stream_close(s, why);
}

bool stream_closing(const struct stream *s) {
    return s->finishing || closed(s);
}

void stream_pass_on(struct stream *s, uint8_t *bytes, size_t n) {
    if (n > 0 && s->events != NULL && !stream_closing(s)) {
        s->events->on_bytes(owner_of(s), bytes, n);
    }
}

void stream_set_peer(struct stream *s, const char *peer) {
    mem_free(s->peer);
    s->peer = mem_dup(peer, strlen(peer));
}

void stream_peer(const struct stream *s, char *out, size_t n) {
    struct address a = {.len = sizeof(a.sa)};
    uv_os_fd_t fd;

    assert(n > 0);
    out[0] = '\0';
    if (s->peer != NULL) {
        snprintf(out, n, "%s", s->peer);
    } else if (uv_fileno(&s->uv.any, &fd) == 0 &&
               getpeername(fd, (struct sockaddr *)&a.sa, &a.len) == 0) {
        address_host(&a, out, n);
    }
}
