/* A byte stream: a connected TCP or Unix socket with a bounded queue. All
 * that one turn of the loop queued leaves in one write. An idle stream owns
 * no buffer: reads land in the loop's, the queue exists while it has bytes. */
#ifndef MOIM_NET_STREAM_H
#define MOIM_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/blob.h"
#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "proto/net/outq.h"

struct stream;
struct tls;

enum {
    STREAM_HEAD_MAX = OUTQ_HEAD_MAX,
};

struct stream_events {
    /* `bytes` may be written to; borrowed until it returns. Not called after
     * stream_close. */
    void (*on_bytes)(void *owner, uint8_t *bytes, size_t n);
    /* Everything queued has been handed to the kernel: called from the loop
     * each time the queue becomes empty, so at most once a turn. May be NULL.
     * Whoever stops sending while stream_queued is not 0 will be called. */
    void (*on_drained)(void *owner);
    /* Exactly once, from the loop, last; the stream is gone after it.
     * RC_OK: the peer ended it; what was queued by then has been sent as far
     * as the peer took it. Otherwise what stream_close or stream_finish was
     * told, or RC_CLOSED for a broken connection. */
    void (*on_closed)(void *owner, enum rc why);
};

/* Takes the connection waiting at the socket `listening`, which does not block
 * and whose TCP_NODELAY is this one's (tcp(7)).
 * `queue_limit`: stream_send answers RC_LIMIT while so many bytes wait. It is
 * passed by one message at most, so that an empty queue takes any message.
 *
 * RC_AGAIN   nobody waits
 * RC_LIMIT   no descriptor, or no memory, for whoever waits
 * RC_CLOSED  accept failed; that one is lost; logged */
enum rc stream_accept(struct stream **out, struct loop *l, int listening,
                      size_t queue_limit) MUST_CHECK;
/* It has just come, as many others may have: what it says is read when it is
 * its turn, in the order in which they spoke and a share of each turn of the
 * loop (LOOP_SHARE_US); TLS, if any, is part of that. Until stream_settle,
 * which says that it is one of those who are here, and is harmless otherwise.
 */
void stream_comes(struct stream *s);
void stream_settle(struct stream *s);
/* From when its peer may be expected to speak, monotonic: when it was looked
 * at; now, while what it said waits for that; 0, when it has not just come, or
 * said nothing. What waits for its peer waits from then on. */
uint64_t stream_since_ms(const struct stream *s);
/* The peer has said something that was not read yet: it is not the peer who is
 * late. */
bool stream_unread(const struct stream *s);
/* Takes `fd`, a connected TCP or Unix socket; on failure it stays the caller's.
 * RC_BACKEND: not such a socket. */
enum rc stream_adopt(struct stream **out, struct loop *l, int fd,
                     size_t queue_limit) MUST_CHECK;
/* Connects to "host:port" with a numeric host, or to "unix:/path". The stream
 * may be sent to at once; on_closed with RC_TIMEOUT, RC_CLOSED tells of a
 * failure. RC_BAD_INPUT: not an address. */
enum rc stream_connect(struct stream **out, struct loop *l, const char *address,
                       uint64_t timeout_ms, size_t queue_limit) MUST_CHECK;
/* The same, from an address of this machine, "127.0.0.2:0"; NULL: the kernel's
 * choice. From one host to one port there are some 28,000 connections, and
 * from half of them on the kernel searches long for a free port. */
enum rc stream_connect_from(struct stream **out, struct loop *l,
                            const char *from, const char *address,
                            uint64_t timeout_ms, size_t queue_limit) MUST_CHECK;
/* Puts the stream under TLS, of which it takes its end `t`: what is sent and
 * heard from now on is plain, what the wire carries is not. Before anything
 * was sent; what was heard and is TLS goes to stream_pass_on. The handshake has
 * `timeout_ms`; on_closed with RC_TIMEOUT, RC_DENIED (the peer's certificate),
 * RC_BAD_INPUT tells of its failure. An end without TLS's goodbye is RC_CLOSED.
 */
void stream_secure(struct stream *s, struct tls *t, uint64_t timeout_ms);
bool stream_is_secure(const struct stream *s);
/* From now on `events` hears, with `owner`; reading starts. May be called
 * again to hand the stream to another owner. NULL: nobody hears, and nothing
 * is read, until the next call. */
void stream_attach(struct stream *s, const struct stream_events *events,
                   void *owner);

/* Queues `head` (copied, at most STREAM_HEAD_MAX bytes) followed by `body`.
 * The stream takes its own reference on `body`; NULL means no body.
 *
 * RC_OK      queued, in order after everything queued before
 * RC_LIMIT   the allowed bytes are waiting already; nothing was queued
 * RC_CLOSED  the stream is closing; nothing was queued */
enum rc stream_send(struct stream *s, struct slice head,
                    struct blob *body) MUST_CHECK;
/* Makes the message that stream_send queued last longer: its head becomes
 * `head`, and behind it come `joint` (copied, as a head) and `body`, in order
 * and in one piece. Results as of stream_send, and
 * RC_STALE   some of it may be on its way; nothing was queued */
enum rc stream_grow(struct stream *s, struct slice head, struct slice joint,
                    struct blob *body) MUST_CHECK;
/* Queues a copy of `data`. Same results as stream_send. */
enum rc stream_send_copy(struct stream *s, struct slice data) MUST_CHECK;
/* Gives the kernel at once what it takes of the queue: for who must know
 * whether it is the peer that is slow, or only this turn that is long. */
void stream_push(struct stream *s);
/* Bytes that the kernel has not taken yet. */
size_t stream_queued(const struct stream *s);
/* Stops, or goes on with, reading (back-pressure). A paused stream does not
 * notice that its peer has gone. */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
/* Sends what is queued, says that no more comes, and closes when the peer has
 * ended its side too, so that the last bytes are not lost to a reset; at most
 * `linger_ms` later it closes anyway. What the peer still sends is thrown
 * away: no on_bytes after it. Finishing twice is harmless. */
void stream_finish(struct stream *s, enum rc why, uint64_t linger_ms);
/* Closes now; what is queued is lost. Closing twice is harmless. */
void stream_close(struct stream *s, enum rc why);
/* The same, and a TCP peer is told by a reset, not by an ordinary end. */
void stream_reset(struct stream *s, enum rc why);
/* True after either of the two. */
bool stream_closing(const struct stream *s);
/* Gives `bytes`, which somebody who heard the stream before has read too far,
 * to whoever hears it now, as if they had come just now. Only within on_bytes
 * of that somebody, as the last thing. */
void stream_pass_on(struct stream *s, uint8_t *bytes, size_t n);
/* For another process that is to go on with it: the descriptor, borrowed, and
 * a copy of what the kernel has not taken yet. Nothing changes here; of the
 * two only one may read and write on, and the other one closes.
 * RC_DENIED: it is under TLS, or coming or going. */
enum rc stream_show(struct stream *s, int *fd, struct buf *queued) MUST_CHECK;
/* Its descriptor, borrowed; -1: there is none. */
int stream_fd(const struct stream *s);
/* The connection's other end is a proxy and speaks for `peer`, which
 * stream_peer answers from now on; copied. */
void stream_set_peer(struct stream *s, const char *peer);
/* The peer's IP address as text without a port, an IPv4 address inside IPv6
 * as IPv4, "unix" for Unix sockets; "" when it is gone. Copied to `out`;
 * ADDRESS_TEXT_MAX bytes are enough. */
void stream_peer(const struct stream *s, char *out, size_t n);

#endif
