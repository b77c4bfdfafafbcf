/* The part of the webhooks' queue (hook_keys.h) that holds notifications for
 * devices, which wait for nothing that the receiver of webhooks waits for.
 * Calls are answered as those of hook_queue.h. */
#ifndef MOIM_STORAGE_HOOK_PUSH_H
#define MOIM_STORAGE_HOOK_PUSH_H

#include "storage/hook_queue.h"

/* The first entries of a partition behind `after`, at most HOOK_PAGE. */
void hook_push_read(struct hook_queue *q, unsigned part, struct replay_id after,
                    hook_page_fn done, void *ctx);
/* Takes one away. */
void hook_push_finish(struct hook_queue *q, unsigned part,
                      struct replay_id entry, hook_done_fn done, void *ctx);

#endif
