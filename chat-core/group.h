/* What a group is, beside who is in it: its title, the members' roles, who is
 * muted, how long its history is kept. As with members.h each change is
 * written to the directory first, and then enters the log as an event with
 * the version it made: from that event's seq on nothing is appended that was
 * decided before it, and who was offline finds it there. */
#ifndef MOIM_CORE_GROUP_H
#define MOIM_CORE_GROUP_H

#include "chat-core/core.h"
#include "proto/base/macros.h"

/* `seq` is that of the change's event, 0 when there was nothing to change. */
typedef void (*group_changed_fn)(void *ctx, enum rc rc, struct msg_seq seq);

/* `ask` (copied) without its rule. Idempotent.
 *
 * RC_NOT_FOUND  no such group, the actor is no member, or `user` is none
 * RC_DENIED     the actor's role does not allow it
 * RC_CONFLICT   no group; or the owner's role, who must be replaced
 * RC_AGAIN, RC_TIMEOUT, RC_BACKEND
 *               perhaps done in part; asking again completes it */
void group_set(struct core *c, const struct group_change *ask,
               group_changed_fn done, void *ctx);

/* "owner", "admin", "member", "none". */
const char *role_word(enum role role);
/* ROLE_NONE: no such word, or "none". */
enum role role_of_word(struct slice word);

#endif
