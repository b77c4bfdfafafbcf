/* After a reconnect: the client says what it has of each conversation, and
 * gets what it lacks, or is told that this is not all. The cost depends on
 * what moved: one question for all heads, and a page for each that moved. */
#ifndef MOIM_CORE_SYNC_H
#define MOIM_CORE_SYNC_H

#include <stddef.h>

#include "chat-core/core.h"
#include "chat-core/page.h"

enum {
    SYNC_CONVS_MAX = 100, /* cursors in one call */
};

/* Seq and time name one message: a history that was restored from an older
 * copy and went on holds another one there, with a later time. */
struct sync_cursor {
    struct conv_id conv;
    struct msg_seq have; /* the last seq the client has; 0: none */
    uint64_t ts_ms;      /* of the event there; 0: not told */
};

enum sync_state {
    SYNC_COMPLETE,  /* everything up to `head` was given */
    SYNC_MORE,      /* the page was full: ask again from its last seq */
    SYNC_RESYNC,    /* the cursor is not of this history: start over */
    SYNC_NOT_FOUND, /* no such conversation, or never a member */
    SYNC_LATER,     /* a store could not tell: ask again */
};

/* Why what the client has is not what is there. */
enum sync_gap {
    SYNC_GAP_NONE,
    SYNC_GAP_LOST,      /* the history ends before it */
    SYNC_GAP_REWRITTEN, /* another message stands at its place */
    SYNC_GAP_PURGED,    /* what it lacks is not kept any more */
    SYNC_GAP_AWAY,      /* with SYNC_LATER: what it lacks cannot be told now */
};

struct sync_one {
    struct conv_id conv;
    enum sync_state state;
    struct msg_seq head; /* what the user may see at most */
    uint64_t hidden;     /* how many events he has hidden from himself */
    enum sync_gap gap;   /* LOST, REWRITTEN: with SYNC_RESYNC, and only then */
    struct msg_seq from; /* of the gap, first and last */
    struct msg_seq to;   /* 0: not known */
};

/* `page` (borrowed) is what one conversation's cursor lacked. */
typedef void (*sync_page_fn)(void *ctx, const struct page *page);
/* All cursors answered, in the order asked; last. RC_OK, or what the history
 * answered when it could not tell any head (`ones` is NULL then). */
typedef void (*sync_done_fn)(void *ctx, enum rc rc, const struct sync_one *ones,
                             size_t count);

/* `cursors` is copied; count is 1 to SYNC_CONVS_MAX. */
void sync_read(struct core *c, struct user_id user,
               const struct sync_cursor *cursors, size_t count,
               sync_page_fn found, sync_done_fn done, void *ctx);

#endif
