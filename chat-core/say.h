/* Putting an event into a conversation: is the sender a member, append,
 * publish to the members, and only then the ack.
 *
 * The append carries the membership it was decided with and is refused when
 * that is old; then the membership is read again and the append repeated. So
 * the recipients are exactly the members at the event's seq. */
#ifndef MOIM_CORE_SAY_H
#define MOIM_CORE_SAY_H

#include <stdint.h>

#include "chat-core/core.h"
#include "chat-core/policy.h"

struct say {
    struct conv_id conv;
    struct user_id from;
    const char *kind;  /* static text */
    struct slice name; /* client message id; copied */
    struct slice body; /* one JSON value; copied */
    /* What is done by it, to a message of whom: see policy.h. */
    enum deed deed;
    struct user_id author;
    /* What becomes of an earlier event by it; borrowed until `done`; NULL:
     * nothing. */
    const struct history_change *change;
};

/* Where the event stands; `repeat`: it stood there before. */
struct said {
    struct msg_seq seq;
    uint64_t ts_ms;
    bool repeat;
};

/* RC_OK         in history, and handed to the bus: `said` is set
 * RC_NOT_FOUND  no such conversation, or the sender is no member
 * RC_DENIED     the policy does not allow it
 * RC_CONFLICT   the name was used with another body
 * RC_MOVED      the event to be changed is not what `change` says: nothing
 *               happened
 * RC_AGAIN      a store refused or is away: nothing happened
 * RC_TIMEOUT, RC_BACKEND
 *               unknown whether it happened; a repeat with the same name
 *               finds out */
typedef void (*said_fn)(void *ctx, enum rc rc, const struct said *said);

/* As a member: `done` comes once, never before this returns when the history
 * was asked, perhaps before it returns when the sender is refused. */
void say(struct core *c, const struct say *in, said_fn done, void *ctx);

/* What the system itself puts into the log when the members changed: by
 * `say.from`, who may be no member any more. `version` is the version the
 * change made; it enters the history with this event. `extra` gets it too on
 * its user topic (the one who was removed); 0: nobody. */
struct say_change {
    struct member_version version;
    struct user_id extra;
};

void say_change(struct core *c, const struct say *in,
                const struct say_change *change, said_fn done, void *ctx);

#endif
