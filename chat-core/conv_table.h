/* The memberships this gateway has lately needed, so that a send or a read
 * asks the directory only on a miss. An entry is never trusted alone: the
 * append and every page tell the version the conversation really has, and
 * whoever finds a newer one calls conv_forget_before and asks again. That
 * somebody is no member, or a conversation closed, is never answered from the
 * table; for any other reason nobody is refused by what stands there. */
#ifndef MOIM_CORE_CONV_TABLE_H
#define MOIM_CORE_CONV_TABLE_H

#include <stdbool.h>

#include "chat-core/core.h"

enum {
    CONV_TABLE_MAX = 20000, /* entries; the least recently used go first */
};

/* One user's place in one conversation as of `version`. */
struct place {
    struct conv_id conv;
    enum conv_kind kind;
    bool wide;
    bool closed;      /* direct, and one of the two blocks the other */
    bool muted;       /* `me` may not write now */
    bool cached;      /* it was in the table, and may be out of date */
    bool joining;     /* a listed member's joining is not complete yet */
    uint64_t keep_ms; /* how long events are kept; 0: for ever */
    struct member_version version;
    uint32_t member_count;
    struct member_row me; /* ROLE_NONE: no member now */
    /* All members when they are few (always when narrow), else NULL. Borrowed
     * like the place. */
    const struct member_row *members;
    size_t listed;
};

/* RC_OK with a place (perhaps with ROLE_NONE), RC_NOT_FOUND: no such
 * conversation, or what the directory answers when it cannot. The place is
 * borrowed until the callback returns. */
typedef void (*place_fn)(void *ctx, enum rc rc, const struct place *place);

/* Answers from the table when it can (`done` is then called before this
 * returns), else after asking the directory; one question at a time per
 * conversation, however many wait for it. */
void conv_place(struct core *c, struct conv_id id, struct user_id user,
                place_fn done, void *ctx);
/* The entry is out of date when the conversation is at `seen` already. */
void conv_forget_before(struct core *c, struct conv_id id,
                        struct member_version seen);
/* Before somebody is refused for what `place` says. True: that was in the
 * table, which has forgotten it; ask again. */
bool conv_place_doubted(struct core *c, const struct place *place);
/* Forgets everything; no call may be open. */
void conv_table_clear(struct core *c);

#endif
