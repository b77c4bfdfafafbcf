/* The inside of a stream, for stream*.c only. */
#ifndef MOIM_NET_STREAM_INNER_H
#define MOIM_NET_STREAM_INNER_H

#include "proto/net/stream.h"
#include "proto/net/tls.h"

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
    uint64_t ms;             /* what the deadline was when it was set */
    struct pace_place place; /* among those who have just come */
    uint64_t begun_ms;       /* monotonic; 0: was not let in yet */
    union {
        uv_connect_t connect;
        uv_shutdown_t shutdown;
    } req;
};

/* The front of the queue on its way through libuv. */
struct stream_write {
    uv_write_t req;
    struct stream *stream;
};

/* A gateway has one for every session: what the handle knows already, the loop
 * and in its `data` the owner, is not kept twice. */
struct stream {
    const struct stream_events *events; /* NULL before stream_attach */
    struct outq out;
    struct loop_task flush;
    struct stream_wait *wait; /* while coming, connecting, shaking hands,
                               * finishing */
    struct tls *tls;          /* of stream_secure, or NULL */
    char *peer;               /* of stream_set_peer, or NULL */
    uint32_t queue_limit;
    uint32_t in_flight; /* bytes of the front that libuv writes just now */
    enum rc why;
    bool comes : 1;   /* see stream_comes */
    bool in_ring : 1; /* see stream_join_ring */
    bool connecting : 1;
    bool finishing : 1;
    bool paused : 1;
    bool ended : 1;         /* the peer said that nothing more comes */
    bool shut : 1;          /* and so did we */
    union stream_handle uv; /* the last: of TCP's, which is smaller, no more
                             * than it needs is allocated */
};

/* `type` is UV_TCP or UV_NAMED_PIPE. */
struct stream *stream_new(struct loop *l, uv_handle_type type,
                          size_t queue_limit) MUST_CHECK;
/* The stream's, which is made when there is none. */
struct stream_wait *stream_wait_of(struct stream *s) MUST_CHECK;
/* Sets, or moves, the deadline after which the stream closes: RC_TIMEOUT. */
void stream_wait_at_most(struct stream *s, uint64_t ms);
/* What was waited for is there; a stream that finishes waits on. */
void stream_wait_over(struct stream *s);
/* Reads when it may and somebody listens, if only to throw away; being told so
 * twice is harmless. */
void stream_start_reading(struct stream *s);
/* Writes, at the end of this turn, what there is to write. */
void stream_flush_later(struct stream *s);
/* The peer will say nothing more. */
void stream_peer_ended(struct stream *s);
/* What the kernel is given from. */
struct outq *stream_wire(struct stream *s) MUST_CHECK;
/* Is there something to give it? */
bool stream_fill_wire(struct stream *s) MUST_CHECK;
/* The kernel was given what it takes: waits for the rest, or goes on with what
 * follows when there is none. */
void stream_flushed(struct stream *s);

/* stream_ring.c: of a stream whose loop has a ring. */

/* Sends with others before the turn ends; stream_flushed follows. False: it
 * has to send by itself. */
bool stream_join_ring(struct stream *s) MUST_CHECK;
/* It is being closed. */
void stream_leave_ring(struct stream *s);

static inline struct loop *stream_loop(const struct stream *s) {
    return s->uv.any.loop->data;
}

static inline void *stream_owner(const struct stream *s) {
    return s->uv.any.data;
}

static inline bool stream_closed(const struct stream *s) {
    return uv_is_closing(&s->uv.any) != 0;
}

/* stream_come.c: of a stream that may have come just now. */

/* May it read now what its peer said? */
bool stream_may_read(struct stream *s) MUST_CHECK;
/* It stands in the line, and has not been called. */
bool stream_waits(const struct stream *s);
/* It may not. */
void stream_hold(struct stream *s);
/* It reads no more, or all that it wants. */
void stream_leave_line(struct stream *s);

/* stream_tls.c: of a stream that is under TLS. */

/* `bytes` came from the wire: hands on what they say. */
void stream_take_sealed(struct stream *s, const uint8_t *bytes, size_t n);
/* Seals from the queue what may go; the goodbye behind the last of it. */
void stream_seal(struct stream *s);

#endif
