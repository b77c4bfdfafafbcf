#include "gateway/handover_send.h"

#include "proto/net/fd_channel.h"

enum {
    GATHERED_BYTES = 32 * 1024, /* of sockets, and then they are sent */
    LONG_BYTES = 8 * 1024,      /* of one that is not gathered */
};

enum rc handover_send(int channel, const struct handover_msg *m, const int *fds,
                      size_t count) {
    struct buf b;
    enum rc rc;

    buf_init(&b);
    handover_encode(&b, m);
    rc = fd_channel_send(channel, buf_slice(&b), fds, count);
    buf_fini(&b);
    return rc;
}

enum rc handover_send_bytes(int channel, struct slice bytes) {
    enum rc rc = RC_OK;

    while (rc == RC_OK && bytes.n > 0) {
        size_t n = bytes.n < HANDOVER_BYTES_MAX ? bytes.n : HANDOVER_BYTES_MAX;
        struct handover_msg m = {.kind = HANDOVER_BYTES,
                                 .u.bytes = slice_take(bytes, n)};

        bytes = slice_drop(bytes, n);
        rc = handover_send(channel, &m, NULL, 0);
    }
    return rc;
}

void handover_way_init(struct handover_way *w, int channel) {
    w->channel = channel;
    w->count = 0;
    buf_init(&w->sockets);
}

void handover_way_fini(struct handover_way *w) {
    buf_fini(&w->sockets);
}

enum rc handover_flush(struct handover_way *w) {
    const struct handover_msg m = {
        .kind = HANDOVER_SOCKETS,
        .u.sockets = {buf_slice(&w->sockets), w->count}};
    enum rc rc = RC_OK;

    if (w->count > 0) {
        rc = handover_send(w->channel, &m, w->fds, w->count);
    }
    buf_clear(&w->sockets);
    w->count = 0;
    return rc;
}

/* By itself: it has more to say than the others. */
static enum rc send_long(struct handover_way *w,
                         const struct handover_socket *s, int fd,
                         struct slice queued) {
    struct handover_msg m = {.kind = HANDOVER_SOCKET, .u.socket = *s};
    enum rc rc;

    m.u.socket.queued = (uint32_t)queued.n;
    rc = handover_send(w->channel, &m, &fd, 1);
    return rc == RC_OK ? handover_send_bytes(w->channel, queued) : rc;
}

enum rc handover_send_socket(struct handover_way *w,
                             const struct handover_socket *s, int fd,
                             struct slice queued) {
    if (queued.n > 0 || s->input.n + s->session.watches.ids.n > LONG_BYTES) {
        return send_long(w, s, fd, queued);
    }
    handover_socket_put(&w->sockets, s);
    w->fds[w->count++] = fd;
    return w->count == HANDOVER_SOCKETS_MAX || w->sockets.n > GATHERED_BYTES
               ? handover_flush(w)
               : RC_OK;
}
