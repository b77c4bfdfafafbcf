#include "proto/net/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/net/address.h"
#include "proto/net/stream_inner.h"

enum {
    WRITE_BUFS = 128,     /* handed to the kernel in one call */
    READS_MAX = 8,        /* of one stream in a turn, when each fills all */
    EOF_LINGER_MS = 5000, /* for a peer that ended its side to take the rest */
};

static void on_flush(struct loop_task *t);
static void on_ready(struct interest *r, uint32_t what);

struct stream *stream_new(struct loop *l, int fd, enum interest_rank rank,
                          size_t queue_limit) {
    struct stream *s = mem_new(sizeof(*s));

    s->loop = l;
    s->queue_limit =
        (uint32_t)(queue_limit < UINT32_MAX ? queue_limit : UINT32_MAX);
    outq_init(&s->out);
    loop_task_init(&s->flush, on_flush);
    interest_init(&s->interest, fd, rank, on_ready);
    return s;
}

/* Reading. */

static bool hears(const struct stream *s) {
    return (s->events != NULL || s->finishing) && !s->connecting &&
           !s->paused && !s->ended;
}

void stream_listen(struct stream *s) {
    unsigned want = (hears(s) ? INTEREST_READ : 0) |
                    (s->connecting || s->blocked ? INTEREST_WRITE : 0);

    if (!s->closed && interest_want(s->loop, &s->interest, want) != RC_OK) {
        stream_close(s, RC_BACKEND);
    }
}

/* The peer may have ended only its own side, and still want its answer; under
 * TLS our goodbye. */
void stream_peer_ended(struct stream *s) {
    s->ended = true;
    if (s->out.bytes == 0 && s->tls == NULL) {
        stream_close(s, RC_OK);
    } else {
        stream_listen(s);
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

static void take_read(struct stream *s, uint8_t *bytes, size_t n) {
    if (s->tls != NULL) {
        stream_take_sealed(s, bytes, n);
    } else if (!s->finishing) {
        s->events->on_bytes(s->owner, bytes, n);
    }
}

/* True when there may be more: the buffer was filled. */
static bool read_once(struct stream *s) {
    uint8_t *bytes = s->loop->read_bytes;
    ssize_t n;

    do {
        n = read(s->interest.fd, bytes, LOOP_READ_BYTES);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        take_read(s, bytes, (size_t)n);
    } else if (n == 0) {
        wire_ended(s);
    } else if (errno != EAGAIN) {
        stream_close(s, RC_CLOSED);
    }
    return n == LOOP_READ_BYTES;
}

/* The stream is there until the turn ends, whoever closes it here. */
static void read_all(struct stream *s) {
    for (unsigned i = 0; i < READS_MAX; i++) {
        if (s->closed || !hears(s) || !read_once(s)) {
            return;
        }
    }
}

static void on_ready(struct interest *r, uint32_t what) {
    struct stream *s = CONTAINER_OF(r, struct stream, interest);

    if (s->connecting) {
        stream_connected(s);
        return;
    }
    stream_let_in(s);
    if (s->blocked && (what & (INTEREST_WRITE | INTEREST_BROKEN)) != 0) {
        s->blocked = false;
        stream_listen(s);
        stream_flush_later(s);
    }
    if ((what & ~(uint32_t)INTEREST_WRITE) != 0) {
        read_all(s);
    }
    stream_goes_on(s);
}

bool stream_unread(const struct stream *s) {
    int bytes = 0;

    return s->interest.wanted != 0 &&
           ioctl(s->interest.fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

void stream_pause(struct stream *s) {
    if (!s->finishing) {
        s->paused = true;
        stream_listen(s);
    }
}

void stream_resume(struct stream *s) {
    s->paused = false;
    stream_listen(s);
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
        loop_defer(s->loop, &s->flush);
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
    if (!s->closed) {
        loop_defer(s->loop, &s->flush);
    }
}

/* True when all of the front, as much as one call takes, went out. */
static bool write_now(struct stream *s) {
    struct iovec bufs[WRITE_BUFS];
    size_t bytes;
    int n = (int)outq_gather(stream_wire(s), bufs, WRITE_BUFS, &bytes);
    ssize_t sent;

    do {
        sent = writev(s->interest.fd, bufs, n);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN) {
        stream_close(s, RC_CLOSED);
        return false;
    }
    if (sent > 0) {
        outq_take(stream_wire(s), (size_t)sent);
    }
    return sent > 0 && (size_t)sent == bytes;
}

/* All is sent; what remains is to hear that the peer has it. */
static void end_our_side(struct stream *s) {
    if (s->shut && !s->ended) {
        return;
    }
    s->shut = true;
    if (s->ended || shutdown(s->interest.fd, SHUT_WR) != 0) {
        stream_close(s, s->why);
    }
}

void stream_push(struct stream *s) {
    if (s->connecting || s->blocked) {
        return; /* both flush when they are over */
    }
    while (!s->closed && stream_fill_wire(s) && write_now(s)) {
    }
}

/* The end of a turn in which something was queued or written. */
static void on_flush(struct loop_task *t) {
    struct stream *s = CONTAINER_OF(t, struct stream, flush);

    if (!s->connecting && !s->blocked && !stream_join_ring(s)) {
        stream_push(s);
        stream_flushed(s);
    }
}

void stream_flushed(struct stream *s) {
    if (s->closed || s->blocked) {
        return;
    }
    if (stream_wire(s)->bytes > 0) {
        s->blocked = true;
        stream_listen(s);
    } else if (s->out.bytes > 0) {
        /* The handshake is not over; what completes it flushes again. */
    } else if (s->finishing) {
        end_our_side(s);
    } else if (s->events != NULL && s->events->on_drained != NULL) {
        s->events->on_drained(s->owner);
    }
}

void stream_attach(struct stream *s, const struct stream_events *events,
                   void *owner) {
    s->events = events;
    s->owner = owner;
    stream_listen(s);
}

/* Going. */

void stream_finish(struct stream *s, enum rc why, uint64_t linger_ms) {
    if (stream_closing(s)) {
        return;
    }
    s->finishing = true;
    s->why = (uint8_t)why;
    stream_wait_at_most(s, linger_ms);
    s->paused = false; /* reads on, to throw away and to hear the end */
    stream_listen(s);
    loop_defer(s->loop, &s->flush);
}

/* The last that is done in a turn that closed it. */
static void on_end(struct loop_task *t) {
    struct stream *s = CONTAINER_OF(t, struct stream, flush);
    const struct stream_events *events = s->events;
    void *owner = s->owner;
    enum rc why = s->why;

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
    if (!s->connecting && !s->blocked && tls_sealed(s->tls)->bytes > 0) {
        (void)write_now(s);
    }
    return !s->closed;
}

void stream_close(struct stream *s, enum rc why) {
    if (s->closed) {
        return;
    }
    if (!s->finishing) {
        s->why = (uint8_t)why;
    }
    if (s->tls != NULL && why == RC_OK && s->out.bytes == 0 &&
        !say_goodbye(s)) {
        return;
    }
    s->closed = true;
    loop_undefer(&s->flush);
    stream_leave_ring(s);
    if (s->wait != NULL) {
        wheel_cancel(&s->wait->deadline);
    }
    interest_drop(s->loop, &s->interest);
    if (s->interest.fd >= 0) {
        close(s->interest.fd);
        s->interest.fd = -1;
    }
    loop_task_init(&s->flush, on_end);
    loop_defer(s->loop, &s->flush);
}

void stream_reset(struct stream *s, enum rc why) {
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (s->interest.fd >= 0) {
        setsockopt(s->interest.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    stream_close(s, why);
}

bool stream_closing(const struct stream *s) {
    return s->finishing || s->closed;
}

void stream_pass_on(struct stream *s, uint8_t *bytes, size_t n) {
    if (s->tls != NULL) {
        stream_take_sealed(s, bytes, n);
    } else if (n > 0 && s->events != NULL && !stream_closing(s)) {
        s->events->on_bytes(s->owner, bytes, n);
    }
}

void stream_set_peer(struct stream *s, const char *peer) {
    mem_free(s->peer);
    s->peer = mem_dup(peer, strlen(peer));
}

void stream_peer(const struct stream *s, char *out, size_t n) {
    struct address a = {.len = sizeof(a.sa)};

    assert(n > 0);
    out[0] = '\0';
    if (s->peer != NULL) {
        snprintf(out, n, "%s", s->peer);
    } else if (getpeername(s->interest.fd, (struct sockaddr *)&a.sa, &a.len) ==
               0) {
        address_host(&a, out, n);
    }
}

enum rc stream_show(struct stream *s, int *fd, struct buf *queued) {
    uint8_t *all;

    if (s->tls != NULL || s->connecting || s->ended || stream_closing(s)) {
        return RC_DENIED;
    }
    if (s->out.bytes > 0) {
        all = mem_new(s->out.bytes);
        buf_add(queued, slice_of(all, outq_copy(&s->out, all, s->out.bytes)));
        mem_free(all);
    }
    *fd = s->interest.fd;
    return RC_OK;
}
