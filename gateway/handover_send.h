/* Messages of a hand-over (proto/wire/handover.h) on their channel. Sockets are
 * gathered: one packet is the work of one system call on either side. */
#ifndef MOIM_GATEWAY_HANDOVER_SEND_H
#define MOIM_GATEWAY_HANDOVER_SEND_H

#include <stddef.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/handover.h"

/* The way out, with what has not been sent yet. */
struct handover_way {
    int channel;
    struct buf sockets;
    int fds[HANDOVER_SOCKETS_MAX]; /* borrowed until they are sent */
    uint16_t count;
};

void handover_way_init(struct handover_way *w, int channel);
/* What was not sent is not. */
void handover_way_fini(struct handover_way *w);
/* One socket more, and what is queued for its client; both are said, at the
 * latest, by handover_flush. As fd_channel_send. */
enum rc handover_send_socket(struct handover_way *w,
                             const struct handover_socket *s, int fd,
                             struct slice queued) MUST_CHECK;
enum rc handover_flush(struct handover_way *w) MUST_CHECK;

/* In as many BYTES as it takes; none for an empty slice. */
enum rc handover_send_bytes(int channel, struct slice bytes) MUST_CHECK;
/* With `count` descriptors, which stay the caller's. As fd_channel_send. */
enum rc handover_send(int channel, const struct handover_msg *m, const int *fds,
                      size_t count) MUST_CHECK;
#endif
