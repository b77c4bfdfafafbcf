/* Who is to be notified of what in one conversation. Pure: everything is
 * handed in, and the answer is the same whoever asks, however often. */
#ifndef MOIM_HOOKS_DECIDE_H
#define MOIM_HOOKS_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/history.h"
#include "chat-core/ports/lists.h"
#include "proto/base/ids.h"

enum {
    DECIDE_MENTIONS_MAX = 50, /* of one message; more are not looked at */
    DECIDE_MESSAGES_MAX = HISTORY_PAGE_MAX,
};

/* A message that stands, not a deleted one. */
struct spoken {
    struct msg_seq seq;
    struct user_id from;
    uint64_t ts_ms;
    size_t mention_count;
    struct user_id mentions[DECIDE_MENTIONS_MAX];
};

/* A member, and how far he is. */
struct hearer {
    struct user_id user;
    struct msg_seq from;  /* the first seq he may read; 0: none */
    uint64_t joined_ms;   /* he came back then, and nothing older is for him */
    uint64_t muted_ms;    /* until then he wants nothing */
    enum notify notify;   /* not NOTIFY_DEFAULT */
    struct msg_seq has;   /* read by him, or got by one of his devices */
    struct msg_seq noted; /* he was notified up to here */
};

/* One notification, which stands for `count` messages. */
struct notice {
    struct user_id user;
    struct msg_seq first;
    struct msg_seq last;
    struct user_id from; /* who said the last */
    uint64_t ts_ms;      /* of the last */
    size_t count;
};

/* What happened so long ago that a device should have it. */
struct decision_time {
    uint64_t now_ms;
    uint64_t wait_ms;
};

/* True, and *out is written, when there is something. `spoken` is in the order
 * of seq. */
bool decide_notice(const struct spoken *spoken, size_t count,
                   const struct hearer *who, struct decision_time at,
                   struct notice *out);
/* When the next of them has waited long enough; 0: all have. */
uint64_t decide_next_ms(const struct spoken *spoken, size_t count,
                        struct decision_time at);

#endif
