/* Reading the Redis history: heads, ranges and tails. The functions are the
 * port's (chat-core/ports/history.h), for history_redis.c to offer. */
#ifndef MOIM_STORAGE_HISTORY_PAGES_H
#define MOIM_STORAGE_HISTORY_PAGES_H

#include "chat-core/ports/history.h"

void history_pages_range(struct history *base, struct conv_id conv,
                         struct msg_seq first, size_t count,
                         history_page_fn done, void *ctx);
void history_pages_tail(struct history *base, struct conv_id conv,
                        struct msg_seq last, size_t count, history_page_fn done,
                        void *ctx);
void history_pages_heads(struct history *base, struct user_id user,
                         const struct conv_id *convs, size_t count,
                         history_heads_fn done, void *ctx);

void history_pages_earlier(struct history *base, struct conv_id conv,
                           struct msg_seq seq, history_earlier_fn done,
                           void *ctx);

#endif
