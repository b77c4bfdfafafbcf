/* A user blocks another: their direct conversation is closed to both. The
 * event that says so enters the log with the version the block has made, so
 * that no message which a gateway has checked before can come behind it. And
 * the gateways of both are told, so that neither watches the other. */
#ifndef MOIM_CORE_BLOCK_H
#define MOIM_CORE_BLOCK_H

#include "chat-core/core.h"

/* RC_OK: closed from `seq` on, the event's; both are 0 when they have no
 * conversation. Else what the directory or say_change answered; asking again
 * completes what was left half done. */
typedef void (*blocked_fn)(void *ctx, enum rc rc, struct conv_id conv,
                           struct msg_seq seq);

void user_block(struct core *c, struct user_id me, struct user_id other,
                blocked_fn done, void *ctx);

#endif
