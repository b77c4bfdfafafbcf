/* What the Redis history knows of its readers: cursors, what is unread, what is
 * hidden. The functions are the port's (chat-core/ports/history.h), for
 * history_redis.c to offer. */
#ifndef MOIM_STORAGE_HISTORY_CURSORS_H
#define MOIM_STORAGE_HISTORY_CURSORS_H

#include "chat-core/ports/history.h"

void history_cursors_mark(struct history *base, const struct history_move *move,
                          history_mark_fn done, void *ctx);
void history_cursors_marks(struct history *base, struct conv_id conv,
                           history_marks_fn done, void *ctx);
void history_cursors_counts(struct history *base, struct conv_id conv,
                            struct msg_seq seq, history_counts_fn done,
                            void *ctx);
void history_cursors_unread(struct history *base, struct user_id user,
                            const struct history_span_ask *spans, size_t count,
                            history_unread_fn done, void *ctx);
void history_cursors_hide(struct history *base, struct conv_id conv,
                          struct user_id user, struct msg_seq seq,
                          history_hide_fn done, void *ctx);
void history_cursors_hidden(struct history *base, struct conv_id conv,
                            struct user_id user, history_hidden_fn done,
                            void *ctx);

#endif
