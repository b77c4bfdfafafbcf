#include "proto/net/stream.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/net/address.h"
#include "proto/net/stream_inner.h"

enum {
    WRITE_BUFS = 128,     /* handed to the kernel in one call */
    EOF_LINGER_MS = 5000, /* for a peer that ended its side to take the rest */
};

static void on_flush(struct loop_task *t);

static struct stream *stream_of(void *handle) {
    return CONTAINER_OF(handle, struct stream, uv);
}

struct stream *stream_new(struct loop *l, uv_handle_type type,
                          size_t queue_limit) {
    size_t handle = type == UV_TCP ? sizeof(uv_tcp_t) : sizeof(uv_pipe_t);
    struct stream *s = mem_new(offsetof(struct stream, uv) + handle);
    int err;

    if (type == UV_TCP) {
        err = uv_tcp_init(&l->uv, &s->uv.tcp);
        uv_tcp_nodelay(&s->uv.tcp, 1); /* kept for when there is a socket */
    } else {
        err = uv_pipe_init(&l->uv, &s->uv.pipe, 0);
    }
    assert(err == 0); /* neither opens anything yet */
    (void)err;
    s->queue_limit =
        (uint32_t)(queue_limit < UINT32_MAX ? queue_limit : UINT32_MAX);
    outq_init(&s->out);
    loop_task_init(&s->flush, on_flush);
    return s;
}

/* Reading. */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    struct stream *s = stream_of(handle);

    (void)suggested;
    loop_wake(stream_loop(s));
    buf->base = (char *)stream_loop(s)->read_bytes;
    buf->len = stream_may_read(s) ? LOOP_READ_BYTES : 0; /* UV_ENOBUFS */
}

/* The peer may have ended only its own side, and still want its answer; under
 * TLS our goodbye. */
void stream_peer_ended(struct stream *s) {
    s->ended = true;
    if (s->out.bytes == 0 && s->tls == NULL) {
        stream_close(s, RC_OK);
    } else {
        stream_finish(s, RC_OK, EOF_LINGER_MS);
        stream_flush_later(s);
    }
}

/* Under TLS an end without a goodbye is a connection cut off by anybody. */
static void wire_ended(struct stream *s) {
    if (s->tls != NULL && tls_state(s->tls) != TLS_ENDED) {
        stream_close(s, RC_CLOSED);
    } else {
        stream_peer_ended(s);
    }
}

static void take_read(struct stream *s, ssize_t n, const uv_buf_t *buf) {
    if (n == UV_EOF) {
        wire_ended(s);
    } else if (n < 0) {
        stream_close(s, RC_CLOSED);
    } else if (s->tls != NULL) {
        stream_take_sealed(s, (const uint8_t *)buf->base, (size_t)n);
    } else if (n > 0 && !s->finishing) {
        s->events->on_bytes(stream_owner(s), (uint8_t *)buf->base, (size_t)n);
    }
}

/* The stream is there until the loop has closed it, whoever closes it here. */
static void on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf) {
    struct stream *s = stream_of(handle);
    struct loop *l = stream_loop(s);

    loop_wake(l);
    if (n == UV_ENOBUFS) {
        stream_hold(s);
    } else if (s->comes) {
        uint64_t from_ns = uv_hrtime();

        take_read(s, n, buf);
        pace_spend(&l->comers, (uv_hrtime() - from_ns) / 1000);
    } else {
        take_read(s, n, buf);
    }
}

void stream_start_reading(struct stream *s) {
    bool heard = s->events != NULL || s->finishing;

    if (heard && !s->connecting && !s->paused && !s->ended &&
        !stream_waits(s) && !stream_closed(s)) {
        uv_read_start(&s->uv.stream, on_alloc, on_read);
    }
}

static void stop_reading(struct stream *s) {
    uv_read_stop(&s->uv.stream);
    stream_leave_line(s);
}

void stream_pause(struct stream *s) {
    if (!s->finishing) {
        s->paused = true;
        stop_reading(s);
    }
}

void stream_resume(struct stream *s) {
    s->paused = false;
    stream_start_reading(s);
}

/* Writing. */

static enum rc may_send(const struct stream *s) {
    if (stream_closing(s)) {
        return RC_CLOSED;
    }
    return stream_queued(s) < s->queue_limit ? RC_OK : RC_LIMIT;
}

enum rc stream_send(struct stream *s, struct slice head, struct blob *body) {
    enum rc rc = may_send(s);

    if (rc == RC_OK && head.n + blob_slice(body).n > 0) {
        outq_push(&s->out, head, body == NULL ? NULL : blob_ref(body));
        loop_defer(stream_loop(s), &s->flush);
    }
    return rc;
}

enum rc stream_grow(struct stream *s, struct slice head, struct slice joint,
                    struct blob *body) {
    enum rc rc = may_send(s);

    if (rc == RC_OK && !outq_grow(&s->out, head, joint, blob_ref(body))) {
        blob_unref(&body);
        rc = RC_STALE;
    }
    return rc;
}

enum rc stream_send_copy(struct stream *s, struct slice data) {
    struct blob *body = blob_new(data);
    enum rc rc = stream_send(s, (struct slice){NULL, 0}, body);

    blob_unref(&body);
    return rc;
}

struct outq *stream_wire(struct stream *s) {
    return s->tls == NULL ? &s->out : tls_sealed(s->tls);
}

bool stream_fill_wire(struct stream *s) {
    if (s->tls != NULL) {
        stream_seal(s);
    }
    return stream_wire(s)->bytes > 0;
}

size_t stream_queued(const struct stream *s) {
    return s->out.bytes + (s->tls == NULL ? 0 : tls_sealed(s->tls)->bytes);
}

void stream_flush_later(struct stream *s) {
    if (!stream_closed(s)) {
        loop_defer(stream_loop(s), &s->flush);
    }
}

static void on_written(uv_write_t *req, int status) {
    struct stream_write *w = CONTAINER_OF(req, struct stream_write, req);
    struct stream *s = w->stream;

    loop_wake(stream_loop(s));
    outq_take(stream_wire(s), s->in_flight);
    s->in_flight = 0;
    mem_free(w);
    if (stream_closed(s)) {
        return;
    }
    if (status < 0) {
        stream_close(s, RC_CLOSED);
    } else {
        loop_defer(stream_loop(s), &s->flush);
    }
}

/* Hands the front of the queue to libuv, which waits for the kernel. */
static void write_later(struct stream *s) {
    struct stream_write *w = mem_new(sizeof(*w));
    uv_buf_t bufs[WRITE_BUFS];
    size_t bytes;
    unsigned n = outq_gather(stream_wire(s), bufs, WRITE_BUFS, &bytes);

    assert(bytes <= UINT32_MAX);
    w->stream = s;
    if (uv_write(&w->req, &s->uv.stream, bufs, n, on_written) != 0) {
        mem_free(w);
        stream_close(s, RC_CLOSED);
        return;
    }
    s->in_flight = (uint32_t)bytes;
}

/* True when all of the front, as much as one call takes, went out. */
static bool write_now(struct stream *s) {
    uv_buf_t bufs[WRITE_BUFS];
    size_t bytes;
    unsigned n = outq_gather(stream_wire(s), bufs, WRITE_BUFS, &bytes);
    int sent = uv_try_write(&s->uv.stream, bufs, n);

    if (sent < 0 && sent != UV_EAGAIN) {
        stream_close(s, RC_CLOSED);
        return false;
    }
    if (sent > 0) {
        outq_take(stream_wire(s), (size_t)sent);
    }
    return sent > 0 && (size_t)sent == bytes;
}

static void on_shut_down(uv_shutdown_t *req, int status) {
    struct stream_wait *w = CONTAINER_OF(req, struct stream_wait, req.shutdown);

    loop_wake(stream_loop(w->stream));
    if (status < 0) {
        stream_close(w->stream, w->stream->why);
    }
}

/* All is sent; what remains is to hear that the peer has it. */
static void end_our_side(struct stream *s) {
    if (s->shut && !s->ended) {
        return;
    }
    s->shut = true;
    if (s->ended ||
        uv_shutdown(&s->wait->req.shutdown, &s->uv.stream, on_shut_down) != 0) {
        stream_close(s, s->why);
    }
}

void stream_push(struct stream *s) {
    if (s->connecting || s->in_flight > 0) {
        return; /* both flush when they are done */
    }
    while (!stream_closed(s) && stream_fill_wire(s) && write_now(s)) {
    }
}

/* The end of a turn in which something was queued or written. */
static void on_flush(struct loop_task *t) {
    struct stream *s = CONTAINER_OF(t, struct stream, flush);

    if (!s->connecting && s->in_flight == 0 && !stream_join_ring(s)) {
        stream_push(s);
        stream_flushed(s);
    }
}

void stream_flushed(struct stream *s) {
    if (stream_closed(s) || s->in_flight > 0) {
        return;
    }
    if (stream_wire(s)->bytes > 0) {
        write_later(s);
    } else if (s->out.bytes > 0) {
        /* The handshake is not over; what completes it flushes again. */
    } else if (s->finishing) {
        end_our_side(s);
    } else if (s->events != NULL && s->events->on_drained != NULL) {
        s->events->on_drained(stream_owner(s));
    }
}

void stream_attach(struct stream *s, const struct stream_events *events,
                   void *owner) {
    s->events = events;
    s->uv.any.data = owner;
    if (events == NULL && !s->finishing) {
        stop_reading(s);
    }
    stream_start_reading(s);
}

/* Going. */

void stream_finish(struct stream *s, enum rc why, uint64_t linger_ms) {
    if (stream_closing(s)) {
        return;
    }
    s->finishing = true;
    s->why = why;
    stream_wait_at_most(s, linger_ms);
    s->paused = false; /* reads on, to throw away and to hear the end */
    stream_start_reading(s);
    loop_defer(stream_loop(s), &s->flush);
}

static void on_handle_closed(uv_handle_t *handle) {
    struct stream *s = stream_of(handle);
    const struct stream_events *events = s->events;
    void *owner = stream_owner(s);
    enum rc why = s->why;

    assert(s->in_flight == 0); /* libuv cancels its requests first */
    outq_fini(&s->out);
    tls_free(&s->tls);
    mem_free(s->peer);
    mem_free(s->wait);
    mem_free(s);
    if (events != NULL) {
        events->on_closed(owner, why);
    }
}

/* As much of it as the kernel takes at once. False: that closed the stream. */
static bool say_goodbye(struct stream *s) {
    tls_goodbye(s->tls);
    if (!s->connecting && s->in_flight == 0 && tls_sealed(s->tls)->bytes > 0) {
        (void)write_now(s);
    }
    return !stream_closed(s);
}

void stream_close(struct stream *s, enum rc why) {
    if (stream_closed(s)) {
        return;
    }
    if (!s->finishing) {
        s->why = why;
    }
    if (s->tls != NULL && why == RC_OK && s->out.bytes == 0 &&
        !say_goodbye(s)) {
        return;
    }
    loop_undefer(&s->flush);
    stream_leave_line(s);
    stream_leave_ring(s);
    if (s->wait != NULL) {
        wheel_cancel(&s->wait->deadline);
    }
    uv_close(&s->uv.any, on_handle_closed);
}

void stream_reset(struct stream *s, enum rc why) {
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    uv_os_fd_t fd;

    if (!stream_closed(s) && uv_fileno(&s->uv.any, &fd) == 0) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    stream_close(s, why);
}

bool stream_closing(const struct stream *s) {
    return s->finishing || stream_closed(s);
}

void stream_pass_on(struct stream *s, uint8_t *bytes, size_t n) {
    if (s->tls != NULL) {
        stream_take_sealed(s, bytes, n);
    } else if (n > 0 && s->events != NULL && !stream_closing(s)) {
        s->events->on_bytes(stream_owner(s), bytes, n);
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

static void copy_queue(const struct stream *s, struct buf *out) {
    size_t written = 0;
    uint8_t *all;

    if (s->out.bytes == 0) {
        return;
    }
    if (s->in_flight > 0) {
        written = s->in_flight - uv_stream_get_write_queue_size(&s->uv.stream);
    }
    all = mem_new(s->out.bytes);
    (void)outq_copy(&s->out, all, s->out.bytes);
    buf_add(out, slice_of(all + written, s->out.bytes - written));
    mem_free(all);
}

enum rc stream_show(struct stream *s, int *fd, struct buf *queued) {
    uv_os_fd_t raw;

    if (s->tls != NULL || s->connecting || s->ended || stream_closing(s) ||
        uv_fileno(&s->uv.any, &raw) != 0) {
        return RC_DENIED;
    }
    copy_queue(s, queued);
    *fd = raw;
    return RC_OK;
}
