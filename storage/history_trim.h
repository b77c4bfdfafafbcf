/* Purging what is too old; private to the Redis history. */
#ifndef MOIM_STORAGE_HISTORY_TRIM_H
#define MOIM_STORAGE_HISTORY_TRIM_H

#include "chat-core/ports/history.h"

void history_trim(struct history *base, struct conv_id conv, uint64_t before_ms,
                  history_trimmed_fn done, void *ctx);

#endif
