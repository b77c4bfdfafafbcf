/* Who is in a conversation: making groups, adding, joining, removing,
 * leaving. Each
 * change is written to the directory first (which orders changes by the
 * conversation's version), then enters the log as an event carrying that
 * version, and only then is answered: from that event's seq on, the store
 * refuses appends decided with the old members. */
#ifndef MOIM_CORE_MEMBERS_H
#define MOIM_CORE_MEMBERS_H

#include <stddef.h>

#include "chat-core/core.h"

/* `conv` is 0 unless RC_OK; `seq` is the seq of the change's event, 0 when
 * there was nothing to change. */
typedef void (*changed_fn)(void *ctx, enum rc rc, struct conv_id conv,
                           struct msg_seq seq);

struct group_new {
    struct conv_id conv; /* 0: a new one; else: idempotent by it */
    struct user_id owner;
    struct slice title;            /* copied */
    const struct user_id *members; /* without the owner; copied */
    size_t count;                  /* at most DIRECTORY_BATCH_MAX - 1 */
};

/* RC_NOT_FOUND: one of the members does not exist. RC_AGAIN: nothing was made
 * (the bus or a store is away; `done` comes perhaps before this returns).
 * RC_TIMEOUT, RC_BACKEND: it was perhaps made, and its members were perhaps not
 * told; they find it in their lists. */
void group_create(struct core *c, const struct group_new *group,
                  changed_fn done, void *ctx);

struct member_ask {
    struct conv_id conv;
    struct user_id actor;
    struct user_id user; /* the actor himself: leaving */
};

/* Both are idempotent. RC_NOT_FOUND: no such group, the actor is no member,
 * or no such user. RC_DENIED: the actor's role does not allow it. RC_LIMIT:
 * the group is full. RC_CONFLICT: a direct conversation has no members to
 * change. RC_AGAIN, RC_TIMEOUT, RC_BACKEND: perhaps done in part; asking
 * again completes it. */
void member_add(struct core *c, const struct member_ask *ask, changed_fn done,
                void *ctx);
void member_remove(struct core *c, const struct member_ask *ask,
                   changed_fn done, void *ctx);
/* Completes the last coming or going of `user`, if whoever began it has not.
 * RC_OK: it is complete. RC_NOT_FOUND: he never was a member. Else as above. */
void member_complete(struct core *c, struct conv_id conv, struct user_id user,
                     changed_fn done, void *ctx);
/* Joins the group whose invite has a code of this hash (copied). Idempotent.
 * RC_NOT_FOUND: none that lets anybody in. RC_DENIED: he was removed from it.
 * RC_LIMIT, and the others, as member_add. */
void member_join(struct core *c, struct slice hash, struct user_id user,
                 changed_fn done, void *ctx);

/* The conversation of two users, made at its first use; `seq` is 0.
 * RC_NOT_FOUND: no such peer. RC_DENIED: there is none, and the peer's settings
 * or a block are against it. */
void direct_open(struct core *c, struct user_id me, struct user_id peer,
                 changed_fn done, void *ctx);

#endif
