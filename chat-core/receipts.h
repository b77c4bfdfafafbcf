/* Telling a conversation's members how far the others are. Cursors that move
 * are gathered: one text a conversation and second from each gateway, of the
 * users who moved; above RECEIPTS_LISTED_MAX members how many have come to the
 * farthest of them, and above RECEIPTS_COUNTED_MAX nothing. */
#ifndef MOIM_CORE_RECEIPTS_H
#define MOIM_CORE_RECEIPTS_H

#include <stdbool.h>

#include "chat-core/core.h"

enum {
    RECEIPTS_MS = 1000, /* between two texts of one conversation */
    RECEIPTS_LISTED_MAX = 100,
    RECEIPTS_COUNTED_MAX = 1000,
};

/* The cursors of `mark.user` have moved to where `mark` says. */
void receipts_note(struct core *c, struct conv_id conv,
                   const struct history_mark *mark);
/* Forgets what is gathered; no call may be open. */
void receipts_clear(struct core *c);

/* What is known of an event: of whom, or of how many. */
struct receipts {
    bool listed;
    const struct history_mark *marks; /* of members, when listed; borrowed */
    size_t count;
    uint64_t reads; /* otherwise */
    uint64_t delivereds;
};

/* `out` is NULL unless RC_OK and borrowed until the callback returns.
 * RC_NOT_FOUND: no member. RC_CONFLICT: more than RECEIPTS_COUNTED_MAX members.
 * Else what the stores answer when they cannot. */
typedef void (*receipts_fn)(void *ctx, enum rc rc, const struct receipts *out);

/* Asks for the receipts of the event at `seq` (1 and up), as `user`. */
void receipts_read(struct core *c, struct conv_id conv, struct user_id user,
                   struct msg_seq seq, receipts_fn done, void *ctx);

#endif
