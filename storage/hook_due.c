#include "storage/hook_due.h"

#include <assert.h>

#include "proto/base/mem.h"
#include "storage/history_layout.h"
#include "storage/hook_call.h"

static const char due_script[] =
#include "storage/hook_due.lua.h"
    ;
static const char looked_script[] =
#include "storage/hook_looked.lua.h"
    ;
static const char notice_script[] =
#include "storage/hook_notice.lua.h"
    ;

enum {
    NOTICE_ARGS_MAX = 16,
};

static void on_due(const struct hook_call *c, enum rc rc,
                   const struct resp *replies) {
    struct conv_id conv = {0};

    if (rc == RC_OK && replies->type != RESP_NIL &&
        (replies->type != RESP_STRING || !id_parse(replies->str, &conv.v))) {
        rc = hook_bad_reply("due");
    }
    c->fn.due(c->ctx, rc, conv);
}

void hook_due(struct hook_queue *q, struct hook_turn turn, hook_due_fn done,
              void *ctx) {
    struct hook_key key = hook_key(turn.part, "due");
    struct history_number now = history_number(turn.now_ms);
    struct history_number again = history_number(turn.again_ms);
    const struct slice args[] = {
        SLICE_LIT("EVAL"), slice_str(due_script), SLICE_LIT("1"),
        slice_str(key.s),  slice_str(now.s),      slice_str(again.s),
    };
    struct hook_call *c = hook_call_new(q->nodes, turn.part, ctx);

    c->fn.due = done;
    hook_call_one(c, on_due, args, COUNT_OF(args));
}

void hook_due_add(struct hook_queue *q, unsigned part,
                  const struct hook_due_at *dues, size_t count,
                  hook_done_fn done, void *ctx) {
    struct hook_key key = hook_key(part, "due");
    struct history_number times[HOOK_PAGE];
    struct id_text convs[HOOK_PAGE];
    struct slice args[3 + 2 * HOOK_PAGE] = {SLICE_LIT("ZADD"), slice_str(key.s),
                                            SLICE_LIT("LT")};
    struct hook_call *c = hook_call_new(q->nodes, part, ctx);

    assert(count > 0 && count <= HOOK_PAGE);
    for (size_t i = 0; i < count; i++) {
        times[i] = history_number(dues[i].due_ms);
        convs[i] = id_text(dues[i].conv.v);
        args[3 + 2 * i] = slice_str(times[i].s);
        args[4 + 2 * i] = slice_str(convs[i].s);
    }
    c->fn.done = done;
    hook_call_one(c, hook_call_done, args, 3 + 2 * count);
}

void hook_looked(struct hook_queue *q, struct conv_id conv, uint64_t again_ms,
                 uint64_t next_ms, hook_done_fn done, void *ctx) {
    unsigned part = hook_part(conv.v);
    struct hook_key key = hook_key(part, "due");
    struct id_text name = id_text(conv.v);
    struct history_number again = history_number(again_ms);
    struct history_number next = history_number(next_ms);
    const struct slice args[] = {
        SLICE_LIT("EVAL"), slice_str(looked_script), SLICE_LIT("1"),
        slice_str(key.s),  slice_str(name.s),        slice_str(again.s),
        slice_str(next.s),
    };
    struct hook_call *c = hook_call_new(q->nodes, part, ctx);

    c->fn.done = done;
    hook_call_one(c, hook_call_done, args, COUNT_OF(args));
}

static bool noted_read(const struct resp *r, struct history_mark *out) {
    return r[0].type == RESP_STRING && id_parse(r[0].str, &out->user.v) &&
           resp_u64(&r[1], &out->read.v);
}

static void on_noted(const struct hook_call *c, enum rc rc,
                     const struct resp *reply) {
    struct history_mark *noted = NULL;
    size_t count = 0;

    if (rc == RC_OK && (reply->type != RESP_ARRAY || reply->count % 2 != 0)) {
        rc = hook_bad_reply("noted");
    }
    if (rc == RC_OK) {
        noted = mem_new_array(reply->count / 2 + 1, sizeof(*noted));
        count = reply->count / 2;
    }
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        if (!noted_read(&reply->items[2 * i], &noted[i])) {
            rc = hook_bad_reply("noted");
        }
    }
    c->fn.noted(c->ctx, rc, noted, rc == RC_OK ? count : 0);
    mem_free(noted);
}

void hook_noted(struct hook_queue *q, struct conv_id conv, hook_noted_fn done,
                void *ctx) {
    struct hook_key key = hook_conv_key("noted", conv);
    const struct slice args[] = {SLICE_LIT("HGETALL"), slice_str(key.s)};
    struct hook_call *c = hook_call_new(q->nodes, hook_part(conv.v), ctx);

    c->fn.noted = done;
    hook_call_one(c, on_noted, args, COUNT_OF(args));
}

void hook_notice(struct hook_queue *q, const struct hook_notice *notice,
                 hook_done_fn done, void *ctx) {
    const struct hook_entry *event = notice->event;
    unsigned part = hook_part(notice->conv.v);
    struct hook_key noted = hook_conv_key("noted", notice->conv);
    struct hook_key queue = hook_key(part, "queue");
    struct hook_key push = hook_key(part, "push");
    struct id_text user = id_text(event->user.v);
    struct history_number seq = history_number(notice->last.v);
    struct history_number ts = history_number(event->ts_ms);
    struct slice args[NOTICE_ARGS_MAX] = {SLICE_LIT("EVAL"),
                                          slice_str(notice_script)};
    const struct slice rest[] = {
        slice_str(user.s),     slice_str(seq.s), event->name,
        slice_str(ts.s),       event->data,      SLICE_LIT(HOOK_QUEUE_MOST),
        SLICE_LIT(HOOK_TOLD_S)};
    struct hook_call *c = hook_call_new(q->nodes, part, ctx);
    size_t n = 3;

    args[n++] = slice_str(noted.s);
    if ((notice->to & HOOK_TO_RECEIVER) != 0) {
        args[n++] = slice_str(queue.s);
    }
    if ((notice->to & HOOK_TO_DEVICES) != 0) {
        args[n++] = slice_str(push.s);
    }
    args[2] = n == 5 ? SLICE_LIT("2") : SLICE_LIT("3");
    memcpy(args + n, rest, sizeof(rest));
    c->fn.done = done;
    hook_call_one(c, hook_call_done, args, n + COUNT_OF(rest));
}
