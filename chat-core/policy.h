/* Who may do what in a conversation: the one place that decides it, for every
 * command and every transport. What changes a group is decided by the
 * directory in the same step, with the rule it is given from here. */
#ifndef MOIM_CORE_POLICY_H
#define MOIM_CORE_POLICY_H

#include "chat-core/conv_table.h"
#include "proto/base/macros.h"

enum deed {
    DEED_SAY, /* a message of one's own */
    DEED_TYPE,
    DEED_MARK,   /* cursors and what one hides for oneself */
    DEED_REACT,  /* to a message */
    DEED_EDIT,   /* a message of `author` */
    DEED_DELETE, /* a message of `author`, for everybody */
};

/* May the user of `place` do it? `author` counts for what is done to a
 * message, and is 0 otherwise.
 *
 * RC_OK
 * RC_NOT_FOUND  he is no member: to him there is nothing here
 * RC_DENIED     he is, and may not: a block, muted, another's message, his
 *               role */
enum rc policy_may(enum deed deed, const struct place *place,
                   struct user_id author) MUST_CHECK;

/* The least role that changes it, and whether only of those below him. */
struct group_rule {
    enum role least;
    bool below;
};

struct group_rule policy_group(enum group_what what);
/* The least role that makes, lists and revokes invites. */
enum role policy_invites(void);

#endif
