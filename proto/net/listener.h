/* A listening socket: tells its owner when a connection waits, and keeps some
 * descriptors back so that the process can always reach its stores. */
#ifndef MOIM_NET_LISTENER_H
#define MOIM_NET_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "proto/net/stream.h"

struct listener;

enum {
    /* Streams over max_streams that the owner still gets to see, to turn them
     * away with words; those beyond are closed unseen. */
    LISTENER_SPARE_STREAMS = 64,
    /* Descriptors of the process that streams leave free, whatever else it has
     * opened: with fewer they are over the limit, with a third of these they
     * are closed unseen. */
    LISTENER_SPARE_FDS = 24,
    LISTENER_SHARE_US = 3000,
};

/* A stream is handed over: attach it or close it. `over_limit`: there are
 * already `max_streams`, or few descriptors left; the owner should answer 503
 * and close it. It counts until listener_gone, as every other does. */
typedef void (*listener_fn)(void *owner, struct stream *s, bool over_limit);

struct listener_config {
    const char *address; /* "127.0.0.1:8080", "[::1]:8080", "unix:/path" */
    int backlog;         /* e.g. 4096; the kernel caps it at somaxconn */
    bool reuse_port;     /* SO_REUSEPORT; not for Unix sockets */
    size_t max_streams;  /* open at once, of this listener */
    size_t queue_limit;  /* bytes, per stream */
    /* Its streams take turns; see stream_comes. */
    bool paced;
    /* Its streams and this one's are counted together, by it and against its
     * max_streams; closed after this one. NULL: counted alone. */
    struct listener *with;
    int fd; /* > 0: bound already, of another process; taken, whatever comes
             * of it */
};

/* RC_BAD_INPUT: not an address. RC_CONFLICT: the address is in use.
 * RC_BACKEND: anything else; all logged with the address. */
enum rc listener_open(struct listener **out, struct loop *l,
                      const struct listener_config *config, listener_fn fn,
                      void *owner) MUST_CHECK;
/* The owner of a stream tells when it is gone, to be counted. NULL, which
 * listener_close leaves behind, is fine. */
void listener_gone(struct listener *s);
/* A stream that it did not accept is to be counted as one of its own. */
void listener_came(struct listener *s);
/* Open streams of this listener. */
size_t listener_count(const struct listener *s);
/* Stops accepting, closes the socket and sets *s to NULL, which may be NULL
 * before. Streams live on and are not counted any more. A Unix socket's path
 * is removed. */
void listener_close(struct listener **s);
/* Its descriptor, borrowed: another process may take the socket over. */
int listener_fd(const struct listener *s);
/* As listener_close, but somebody else has the socket and its path too. */
void listener_leave(struct listener **s);
/* The port bound (for port 0); 0 for a Unix socket. */
unsigned listener_port(const struct listener *s);

#endif
