/* Messages with descriptors between two processes of one host, over a Unix
 * socket that keeps packets apart (unix(7): SOCK_SEQPACKET, SCM_RIGHTS).
 * Blocking, with a deadline on every call: while a gateway hands its clients
 * over it does nothing else. */
#ifndef MOIM_NET_FD_CHANNEL_H
#define MOIM_NET_FD_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    FD_CHANNEL_FDS_MAX = 64, /* with one message */
};

/* Listens on `path`, which only this user may connect to; what was left there
 * by a process that is gone is removed. *fd is the caller's, non-blocking.
 * RC_BAD_INPUT: the path is too long. RC_CONFLICT: somebody listens there.
 * RC_BACKEND: the kernel refused; logged. */
enum rc fd_channel_listen(int *fd, const char *path) MUST_CHECK;
/* Takes a waiting connection of our own user. RC_AGAIN: there is none.
 * RC_DENIED: it was another user's, and is closed. */
enum rc fd_channel_accept(int *fd, int listener,
                          uint64_t timeout_ms) MUST_CHECK;
/* RC_NOT_FOUND: nobody listens there. Otherwise as fd_channel_listen. */
enum rc fd_channel_connect(int *fd, const char *path,
                           uint64_t timeout_ms) MUST_CHECK;

/* Sends one message, and `count` descriptors, of which the other side gets
 * copies. RC_TIMEOUT, RC_CLOSED: it was not sent; RC_LIMIT: it is too long. */
enum rc fd_channel_send(int fd, struct slice msg, const int *fds,
                        size_t count) MUST_CHECK;
/* Receives one into `bytes`, and up to FD_CHANNEL_FDS_MAX descriptors, which
 * are the caller's (close-on-exec). RC_TIMEOUT, RC_CLOSED; RC_BAD_INPUT: it
 * does not fit; its descriptors are closed. */
enum rc fd_channel_receive(int fd, uint8_t *bytes, size_t cap,
                           struct slice *msg, int fds[FD_CHANNEL_FDS_MAX],
                           size_t *count) MUST_CHECK;

#endif
