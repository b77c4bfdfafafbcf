/* Reading history: a page of events, no more than the reader may see
 * (interval.h). */
#ifndef MOIM_CORE_PAGE_H
#define MOIM_CORE_PAGE_H

#include <stddef.h>

#include "chat-core/core.h"

enum page_side {
    PAGE_AFTER,  /* the oldest events later than `seq` */
    PAGE_BEFORE, /* the newest events earlier than `seq`; 0: the newest */
};

struct page_ask {
    struct conv_id conv;
    struct user_id user;
    enum page_side side;
    struct msg_seq seq;
    size_t limit; /* 1 to HISTORY_PAGE_MAX */
    /* A coming or going of his that is half done is left to who began it; else
     * it is completed first. */
    bool patient;
};

/* Events first.v, first.v + 1, ...; `events` are stored bytes for event_text,
 * an empty slice for a purged one. `from` and `head` are the first and the
 * last seq this reader may see at all (head 0: nothing). `from` 0: the
 * reader's joining is not complete yet and could not be completed, it will show
 * something later. `since`
 * is where the reader has come for the last time, 0 as long as that is not
 * complete; what was said while he was out is an empty slice too. `kept` is
 * the first that is kept of what he may see: when it is not `from`, all that
 * stands between them was purged, and is no part of any page. */
struct page {
    struct conv_id conv;
    struct msg_seq from;
    struct msg_seq since;
    struct msg_seq kept;
    struct msg_seq head;
    struct msg_seq first;
    size_t count;
    const struct slice *events;
};

/* `page` is NULL unless RC_OK and borrowed until the callback returns.
 * RC_NOT_FOUND: no such conversation, or never a member of it. Else what the
 * stores answer when they cannot. */
typedef void (*page_fn)(void *ctx, enum rc rc, const struct page *page);

/* `done` comes once, perhaps before this returns. */
void page_read(struct core *c, const struct page_ask *ask, page_fn done,
               void *ctx);
/* The same for the event at `seq`, which is 1 or more, alone: the page holds
 * it, or what comes next, or nothing. */
void page_read_at(struct core *c, struct conv_id conv, struct user_id user,
                  struct msg_seq seq, page_fn done, void *ctx);

#endif
