/* Erasing a user from his conversations, some of them at a time: he leaves the
 * groups, the texts of what he said are taken out of the history, and each
 * conversation is told by an event, for clients have copies. */
#ifndef MOIM_CORE_ERASE_H
#define MOIM_CORE_ERASE_H

#include "chat-core/core.h"

enum {
    ERASE_CONVS_MAX = 20, /* conversations in one call */
};

struct erase_report {
    uint64_t groups;        /* left */
    uint64_t conversations; /* told */
    uint64_t messages;      /* whose text went */
    struct conv_id next;    /* the next call goes on behind it; 0: all done */
};

/* `report` tells what was done, also when not everything was. RC_AGAIN,
 * RC_TIMEOUT, RC_BACKEND: asking again does the rest. */
typedef void (*erase_fn)(void *ctx, enum rc rc,
                         const struct erase_report *report);

/* The conversations of `user` behind `after`. Idempotent. Nobody should be
 * able to log in as him any more. */
void erase_convs(struct core *c, struct user_id user, struct conv_id after,
                 erase_fn done, void *ctx);

#endif
