/* Purging what is too old, erasing what somebody has said; private to the
 * Redis history. */
#ifndef MOIM_STORAGE_HISTORY_TRIM_H
#define MOIM_STORAGE_HISTORY_TRIM_H

#include "chat-core/ports/history.h"

void history_trim(struct history *base, struct conv_id conv, uint64_t before_ms,
                  history_trimmed_fn done, void *ctx);
/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
void history_erase(struct history *base, struct conv_id conv,
                   struct user_id user, struct msg_seq first, uint64_t now_ms,
                   history_erased_fn done, void *ctx);

#endif
