/* The part of a stream that is about TLS: between the wire and the owner. */
#include "proto/net/stream_inner.h"

enum {
    ALERT_LINGER_MS = 1000, /* for the peer to read why it was refused */
};

void stream_secure(struct stream *s, struct tls *t, uint64_t timeout_ms) {
    s->tls = t;
    stream_wait_at_most(s, timeout_ms);
    stream_flush_later(s);
}

bool stream_is_secure(const struct stream *s) {
    return s->tls != NULL;
}

/* Sends the alert; what was queued is for nobody now. */
static void fail(struct stream *s) {
    outq_fini(&s->out);
    s->ended = false; /* reads on, so that the alert is not lost to a reset */
    stream_finish(s, tls_why(s->tls), ALERT_LINGER_MS);
}

/* A peer that asks for answers and reads none. */
static bool floods(const struct stream *s) {
    return tls_sealed(s->tls)->bytes > s->queue_limit + LOOP_PLAIN_BYTES;
}

static void take_part(struct stream *s, struct slice in) {
    uint8_t *plain = s->loop->plain_bytes;
    size_t n;
    bool shaking = tls_state(s->tls) == TLS_HANDSHAKE;
    enum tls_state state = tls_take(s->tls, in, plain, &n);

    if (state != TLS_HANDSHAKE) {
        stream_wait_over(s);
    }
    if (stream_queued(s) > 0 || s->finishing) {
        stream_flush_later(s);
    }
    if (shaking) {
        stream_push(s); /* the peer need not wait for a long turn to end */
    }
    if (n > 0 && !stream_closing(s) && s->events != NULL) {
        s->events->on_bytes(s->owner, plain, n);
    }
    if (s->closed) {
        return;
    }
    if (state == TLS_ENDED) {
        stream_peer_ended(s);
    } else if (state == TLS_FAILED) {
        fail(s);
    } else if (floods(s)) {
        stream_close(s, RC_LIMIT);
    }
}

void stream_take_sealed(struct stream *s, const uint8_t *bytes, size_t n) {
    struct slice rest = slice_of(bytes, n);

    while (rest.n > 0 && !s->closed) {
        size_t part = rest.n < LOOP_READ_BYTES ? rest.n : LOOP_READ_BYTES;

        take_part(s, slice_take(rest, part));
        rest = slice_drop(rest, part);
    }
}

void stream_seal(struct stream *s) {
    tls_seal(s->tls, &s->out);
    if (s->finishing && s->out.bytes == 0) {
        tls_goodbye(s->tls);
    }
    if (tls_state(s->tls) == TLS_FAILED) {
        fail(s);
    }
}
