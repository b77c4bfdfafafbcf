/* One stream with its owner; the peer is a plain socket. */
#ifndef MOIM_TESTS_STREAM_FIXTURE_H
#define MOIM_TESTS_STREAM_FIXTURE_H

#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/net/stream.h"
#include "tests/unit/drive.h"

enum {
    QUEUE = 64 * 1024,
    LINGER = 50,
};

struct fixture {
    struct loop loop;
    struct stream *s;
    int peer;
    struct buf got; /* what on_bytes heard */
    unsigned drained;
    unsigned closed;
    enum rc why;
    size_t want;     /* bytes of `got` or of `seen` */
    struct buf seen; /* what the peer read */
    bool peer_ended;
    void (*on_bytes)(struct fixture *f);
};

static inline void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct fixture *f = owner;

    assert_int_equal(f->closed, 0);
    buf_add(&f->got, slice_of(bytes, n));
    if (f->on_bytes != NULL) {
        f->on_bytes(f);
    }
}

static inline void on_drained(void *owner) {
    struct fixture *f = owner;

    assert_int_equal(stream_queued(f->s), 0);
    f->drained++;
}

static inline void on_closed(void *owner, enum rc why) {
    struct fixture *f = owner;

    f->closed++;
    f->why = why;
}

static const struct stream_events heard = {on_bytes, on_drained, on_closed};

static inline bool is_closed(void *ctx) {
    return ((struct fixture *)ctx)->closed > 0;
}

static inline bool got_enough(void *ctx) {
    struct fixture *f = ctx;

    return f->got.n >= f->want;
}

static inline bool peer_has_enough(void *ctx) {
    struct fixture *f = ctx;

    f->peer_ended = drive_read(f->peer, &f->seen) || f->peer_ended;
    return f->seen.n >= f->want;
}

static inline bool peer_has_ended(void *ctx) {
    struct fixture *f = ctx;

    f->peer_ended = drive_read(f->peer, &f->seen) || f->peer_ended;
    return f->peer_ended;
}

static inline bool has_drained(void *ctx) {
    struct fixture *f = ctx;

    f->peer_ended = drive_read(f->peer, &f->seen) || f->peer_ended;
    return f->drained > 0;
}

static inline void setup_bare(struct fixture *f) {
    memset(f, 0, sizeof(*f));
    f->peer = -1;
    assert_int_equal(loop_init(&f->loop), RC_OK);
    buf_init(&f->got);
    buf_init(&f->seen);
}

/* After it nothing of the stream may be left, which the sanitizer checks. */
static inline void teardown(struct fixture *f) {
    if (f->closed == 0) {
        stream_close(f->s, RC_OK);
        assert_true(drive_until(&f->loop, is_closed, f));
    }
    drive_turns(&f->loop, 3);
    assert_int_equal(f->closed, 1);
    if (f->peer >= 0) {
        close(f->peer);
    }
    buf_fini(&f->got);
    buf_fini(&f->seen);
    loop_fini(&f->loop);
}

static inline void say(struct fixture *f, const char *text) {
    assert_int_equal(write(f->peer, text, strlen(text)), strlen(text));
}

#endif
