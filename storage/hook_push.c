#include "storage/hook_push.h"

#include <stdio.h>

#include "storage/hook_call.h"

void hook_push_read(struct hook_queue *q, unsigned part, struct replay_id after,
                    hook_page_fn done, void *ctx) {
    hook_stream_read(q, (struct hook_stream){part, "push"}, after, done, ctx);
}

void hook_push_finish(struct hook_queue *q, unsigned part,
                      struct replay_id entry, hook_done_fn done, void *ctx) {
    struct hook_call *c = hook_call_new(q->nodes, part, ctx);
    struct hook_key key = hook_key(part, "push");
    char id[48];
    struct slice args[] = {SLICE_LIT("XDEL"), slice_str(key.s), SLICE_LIT("")};

    snprintf(id, sizeof(id), "%llu-%llu", (unsigned long long)entry.ms,
             (unsigned long long)entry.seq);
    args[2] = slice_str(id);
    c->fn.done = done;
    hook_call_one(c, hook_call_done, args, COUNT_OF(args));
}
