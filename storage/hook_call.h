/* A call to a partition of the webhooks' queue (hook_keys.h); private to its
 * parts. The commands are kept, so that what is refused because the slot is
 * elsewhere or on its way is asked again: all of them are harmless twice. */
#ifndef MOIM_STORAGE_HOOK_CALL_H
#define MOIM_STORAGE_HOOK_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/hooks.h"
#include "proto/base/buf.h"
#include "storage/hook_due.h"
#include "storage/hook_keys.h"
#include "storage/hook_queue.h"
#include "storage/redis_call.h"

struct hook_queue {
    struct redis_nodes *nodes;
};

struct hook_call;

/* `replies`: none is an error, and as many as commands; only when RC_OK. `c` is
 * gone when it returns. */
typedef void (*hook_answered_fn)(const struct hook_call *c, enum rc rc,
                                 const struct resp *replies);

struct hook_call {
    struct redis_call route;
    unsigned part;
    struct redis_node *at; /* whom it was sent to last */
    struct buf commands;
    uint32_t want; /* replies */
    hook_answered_fn answered;
    union {
        hook_crew_fn crew;
        hook_held_fn held;
        hook_page_fn page;
        hook_told_fn told;
        hook_done_fn done;
        hook_due_fn due;
        hook_noted_fn noted;
        hooks_online_fn online;
    } fn;
    void *ctx;
};

/* The caller sets `fn`, adds its commands and sends it. */
struct hook_call *hook_call_new(struct redis_nodes *nodes, unsigned part,
                                void *ctx) MUST_CHECK;
void hook_call_add(struct hook_call *c, const struct slice *args, size_t count);
/* From now on it is not the caller's. */
void hook_call_send(struct hook_call *c, hook_answered_fn answered);
/* One command. */
void hook_call_one(struct hook_call *c, hook_answered_fn answered,
                   const struct slice *args, size_t count);

/* Calls fn.done. */
void hook_call_done(const struct hook_call *c, enum rc rc,
                    const struct resp *replies);
/* One of the streams of a partition: "queue" or "push". */
struct hook_stream {
    unsigned part;
    const char *what;
};
/* hook_queue_read, of any of them. */
void hook_stream_read(struct hook_queue *q, struct hook_stream stream,
                      struct replay_id after, hook_page_fn done, void *ctx);
/* Logs it; answers RC_BACKEND. */
enum rc hook_bad_reply(const char *what) MUST_CHECK;
/* The servers of the queue. RC_BAD_INPUT: not addresses. */
enum rc hook_nodes_open(struct redis_nodes **out, struct loop *l,
                        const struct redis_config *config,
                        const struct redis_nodes_events *events) MUST_CHECK;

#endif
