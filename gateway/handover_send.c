#include "gateway/handover_send.h"

#include "proto/net/fd_channel.h"

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
