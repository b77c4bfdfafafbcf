/* How long the events of a conversation are kept. The store lets whole parts of
 * the log expire by itself; what is too old and still there is purged by the
 * next who reads, before he sees it. */
#ifndef MOIM_CORE_RETENTION_H
#define MOIM_CORE_RETENTION_H

#include <stdint.h>

#include "chat-core/core.h"

/* In ms; 0: for ever. `own_ms` is the conversation's own setting, or 0. */
uint64_t retention_of(const struct core *c, uint64_t own_ms);
/* The time from before which everything is to be purged now; 0: nothing is
 * too old. */
uint64_t retention_due(const struct core *c, uint64_t keep_ms,
                       const struct history_head *head);

#endif
