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

/* Something was said in it, and it is to be looked at then, or earlier should
 * that have been said before. */
struct hook_due_at {
    struct conv_id conv;
    uint64_t due_ms;
};
/* At most HOOK_PAGE conversations of a partition, one at least. */
void hook_due_add(struct hook_queue *q, unsigned part,
                  const struct hook_due_at *dues, size_t count,
                  hook_done_fn done, void *ctx);

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
/* Who is to hear of a notification. */
enum {
    HOOK_TO_RECEIVER = 1, /* the webhooks': it goes into the queue */
    HOOK_TO_DEVICES = 2,  /* it goes where hook_push.h reads */
};
struct hook_notice {
    struct conv_id conv;
    struct msg_seq last;
    unsigned to;              /* HOOK_TO_*, one of them at least */
    struct hook_entry *event; /* of its user; its place is not looked at */
};
/* Writes the notification down, unless the user was notified up to `last`
 * before. All copied. */
void hook_notice(struct hook_queue *q, const struct hook_notice *notice,
                 hook_done_fn done, void *ctx);

#endif
