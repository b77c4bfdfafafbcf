/* The inside of a stream, for stream*.c only. */
#ifndef MOIM_NET_STREAM_INNER_H
#define MOIM_NET_STREAM_INNER_H

#include "proto/net/stream.h"
#include "proto/net/tls.h"

/* What only a stream that is coming or going has. */
struct stream_wait {
    struct stream *stream;
    struct wheel_timer deadline;
    uint64_t ms;       /* what the deadline was when it was set */
    uint64_t begun_ms; /* monotonic; 0: was not looked at yet */
};

/* A gateway has one for every session. */
struct stream {
    const struct stream_events *events; /* NULL before stream_attach */
    void *owner;
    struct loop *loop;
    struct outq out;
    struct loop_task flush;   /* of the queue; once closed, of the stream */
    struct stream_wait *wait; /* while coming, connecting, shaking hands,
                               * finishing */
    struct tls *tls;          /* of stream_secure, or NULL */
    char *peer;               /* of stream_set_peer, or NULL */
    struct interest interest;
    uint32_t queue_limit;
    uint8_t why;      /* enum rc */
    bool comes : 1;   /* see stream_comes */
    bool in_ring : 1; /* see stream_join_ring */
    bool connecting : 1;
    bool blocked : 1; /* the kernel takes no more just now */
    bool finishing : 1;
    bool paused : 1;
    bool ended : 1;  /* the peer said that nothing more comes */
    bool shut : 1;   /* and so did we */
    bool closed : 1; /* its end follows, and nothing else */
};

/* Takes `fd`, which does not block; -1: there will be one, or never. */
struct stream *stream_new(struct loop *l, int fd, enum interest_rank rank,
                          size_t queue_limit) MUST_CHECK;
/* The stream's, which is made when there is none. */
struct stream_wait *stream_wait_of(struct stream *s) MUST_CHECK;
/* Sets, or moves, the deadline after which the stream closes: RC_TIMEOUT. */
void stream_wait_at_most(struct stream *s, uint64_t ms);
/* What was waited for is there; a stream that finishes waits on. */
void stream_wait_over(struct stream *s);
/* Hears what it may hear, if only to throw away, and is told of room for what
 * the kernel did not take: after each change of what that depends on. */
void stream_listen(struct stream *s);
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

/* stream_open.c: the connection is there, or it failed. */
void stream_connected(struct stream *s);

/* stream_come.c */

/* It is looked at: its time begins, if it has just come. */
void stream_let_in(struct stream *s);
/* It was looked at, and goes on before others begin, if it still comes. */
void stream_goes_on(struct stream *s);

/* stream_ring.c: of a stream whose loop has a ring. */

/* Sends with others before the turn ends; stream_flushed follows. False: it
 * has to send by itself. */
bool stream_join_ring(struct stream *s) MUST_CHECK;
/* It is being closed. */
void stream_leave_ring(struct stream *s);

/* stream_tls.c: of a stream that is under TLS. */

/* `bytes` came from the wire: hands on what they say. */
void stream_take_sealed(struct stream *s, const uint8_t *bytes, size_t n);
/* Seals from the queue what may go; the goodbye behind the last of it. */
void stream_seal(struct stream *s);

#endif
