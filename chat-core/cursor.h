/* Moving a user's cursors: how far he has read, and what his devices have got.
 * They only go forward and never past the last event. His own devices are told
 * what he has read, the other members as receipts.h says. */
#ifndef MOIM_CORE_CURSOR_H
#define MOIM_CORE_CURSOR_H

#include "chat-core/core.h"

/* Where the cursor is now; 0 of one that is not kept, as what is delivered in
 * a conversation too large for receipts. RC_NOT_FOUND: he is no member. Else
 * what the stores answer when they cannot. */
typedef void (*cursor_fn)(void *ctx, enum rc rc, struct msg_seq at);

/* `done` comes once, perhaps before this returns. */
void cursor_move(struct core *c, const struct history_move *move,
                 cursor_fn done, void *ctx);

#endif
