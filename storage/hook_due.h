/* The part of the webhooks' queue (hook_keys.h) that is about notifications:
 * which conversations are to be looked at, and who was notified of what. Calls
 * are answered as those of hook_queue.h. */
#ifndef MOIM_STORAGE_HOOK_DUE_H
#define MOIM_STORAGE_HOOK_DUE_H

#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/history.h"
#include "storage/hook_queue.h"

/* `conv` 0: it is nobody's turn. */
typedef void (*hook_due_fn)(void *ctx, enum rc rc, struct conv_id conv);
/* Everybody who was notified: his `read` is the last seq of that. Borrowed
 * until it returns. */
typedef void (*hook_noted_fn)(void *ctx, enum rc rc,
                              const struct history_mark *noted, size_t count);

struct hook_turn {
    unsigned part;
    uint64_t now_ms;
    uint64_t again_ms;
};
/* The conversation of a partition whose turn came first, before `now_ms`; it
 * comes again at `again_ms` unless hook_looked says otherwise. */
void hook_due(struct hook_queue *q, struct hook_turn turn, hook_due_fn done,
              void *ctx);
/* It was looked at; its turn comes at `next_ms` (0: not), or earlier should
 * somebody have said something meanwhile. */
void hook_looked(struct hook_queue *q, struct conv_id conv, uint64_t again_ms,
                 uint64_t next_ms, hook_done_fn done, void *ctx);
void hook_noted(struct hook_queue *q, struct conv_id conv, hook_noted_fn done,
                void *ctx);
/* Puts the notification of event->user into the queue, unless he was notified
 * up to `last` before. */
void hook_notice(struct hook_queue *q, struct conv_id conv, struct msg_seq last,
                 const struct hook_entry *event, hook_done_fn done, void *ctx);

#endif
