/* Messages of a hand-over (proto/wire/handover.h) on their channel. */
#ifndef MOIM_GATEWAY_HANDOVER_SEND_H
#define MOIM_GATEWAY_HANDOVER_SEND_H

#include <stddef.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/handover.h"

/* With `count` descriptors, which stay the caller's. As fd_channel_send. */
enum rc handover_send(int channel, const struct handover_msg *m, const int *fds,
                      size_t count) MUST_CHECK;
/* In as many BYTES as it takes; none for an empty slice. */
enum rc handover_send_bytes(int channel, struct slice bytes) MUST_CHECK;

#endif
