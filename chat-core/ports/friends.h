/* What two users are to each other, as the directory tells it. */
#ifndef MOIM_PORTS_FRIENDS_H
#define MOIM_PORTS_FRIENDS_H

#include <stddef.h>

#include "proto/base/ids.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum friend_state {
    FRIEND_NONE = 0,
    FRIEND_ASKED = 1,   /* I asked, the other has not answered */
    FRIEND_ASKS_ME = 2, /* the other asked */
    FRIEND_BOTH = 3,
};

struct friend_row {
    struct user_id user;
    struct slice name;
    enum friend_state state;
    struct slice remark; /* what the asking user calls the friend */
};

typedef void (*friends_fn)(void *ctx, enum rc rc,
                           const struct friend_row *friends, size_t count);
/* The state after the call. When asking: RC_NOT_FOUND, no such user;
 * RC_BAD_INPUT, oneself; RC_LIMIT, DIRECTORY_BATCH_MAX friends and open
 * questions of one's own; RC_DENIED, one of the two blocks the other. */
typedef void (*friend_fn)(void *ctx, enum rc rc, enum friend_state state);
/* Their direct conversation and the version that the block made, or the one
 * it made the first time; 0 when they have none. RC_NOT_FOUND, no such user;
 * RC_BAD_INPUT, oneself; RC_LIMIT, DIRECTORY_BATCH_MAX blocks. */
typedef void (*block_fn)(void *ctx, enum rc rc, struct conv_id conv,
                         struct member_version version);

#endif
