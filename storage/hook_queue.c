#include "storage/hook_queue.h"

#include <assert.h>
#include <stdio.h>

#include "proto/base/mem.h"
#include "storage/history_layout.h"
#include "storage/hook_call.h"

static const char lease_script[] =
#include "storage/hook_lease.lua.h"
    ;

static const char crew_script[] =
#include "storage/hook_crew.lua.h"
    ;

/* "<ms>-<seq>", with a '(' before it. */
struct id_after {
    char s[48];
};

static struct id_after id_after(struct replay_id id) {
    struct id_after out;

    snprintf(out.s, sizeof(out.s), "(%llu-%llu", (unsigned long long)id.ms,
             (unsigned long long)id.seq);
    return out;
}

/* Who runs. */

static bool crew_read(const struct resp *r, uint64_t *workers) {
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].type != RESP_STRING ||
            !id_parse(r->items[i].str, &workers[i])) {
            return false;
        }
    }
    return true;
}

static void on_crew(const struct hook_call *c, enum rc rc,
                    const struct resp *replies) {
    uint64_t workers[HOOK_CREW_MAX];
    size_t count = 0;

    if (rc == RC_OK) {
        count = replies->type == RESP_ARRAY ? replies->count : SIZE_MAX;
        if (count > HOOK_CREW_MAX || !crew_read(replies, workers)) {
            rc = hook_bad_reply("crew");
        }
    }
    c->fn.crew(c->ctx, rc, workers, rc == RC_OK ? count : 0);
}

void hook_queue_crew(struct hook_queue *q, uint64_t worker, uint64_t ms,
                     hook_crew_fn done, void *ctx) {
    struct hook_key key = hook_key(0, "crew");
    struct id_text name = id_text(worker);
    struct history_number last = history_number(ms);
    const struct slice args[] = {
        SLICE_LIT("EVAL"), slice_str(crew_script), SLICE_LIT("1"),
        slice_str(key.s),  slice_str(name.s),      slice_str(last.s),
    };
    struct hook_call *c = hook_call_new(q->nodes, 0, ctx);

    c->fn.crew = done;
    hook_call_one(c, on_crew, args, COUNT_OF(args));
}

/* The lease. */

static void on_held(const struct hook_call *c, enum rc rc,
                    const struct resp *replies) {
    uint64_t held = 0;

    if (rc == RC_OK && !resp_u64(replies, &held)) {
        rc = hook_bad_reply("lease");
    }
    c->fn.held(c->ctx, rc, held == 1);
}

void hook_queue_lease(struct hook_queue *q, struct hook_lease lease,
                      hook_held_fn done, void *ctx) {
    struct hook_key key = hook_key(lease.part, "worker");
    struct id_text name = id_text(lease.worker);
    struct history_number last = history_number(lease.ms);
    const struct slice args[] = {
        SLICE_LIT("EVAL"), slice_str(lease_script), SLICE_LIT("1"),
        slice_str(key.s),  slice_str(name.s),       slice_str(last.s),
    };
    struct hook_call *c = hook_call_new(q->nodes, lease.part, ctx);

    c->fn.held = done;
    hook_call_one(c, on_held, args, COUNT_OF(args));
}

/* Entries. */

/* True when the fields have these names, and texts for values. */
static bool fields_are(const struct resp *fields, const char *names) {
    size_t n = strlen(names);

    if (fields->type != RESP_ARRAY || fields->count != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const char name[] = {names[i], '\0'};

        if (!resp_is(&fields->items[2 * i], name) ||
            fields->items[2 * i + 1].type != RESP_STRING) {
            return false;
        }
    }
    return true;
}

static bool pointer_parse(const struct resp *f, struct hook_entry *out) {
    return fields_are(f, "cs") && id_parse(f->items[1].str, &out->conv.v) &&
           resp_u64(&f->items[3], &out->seq.v) && out->seq.v > 0;
}

static bool event_parse(const struct resp *f, struct hook_entry *out) {
    if (!fields_are(f, "uitkd") || !id_parse(f->items[1].str, &out->user.v) ||
        !resp_u64(&f->items[5], &out->ts_ms)) {
        return false;
    }
    out->name = f->items[3].str;
    out->type = f->items[7].str;
    out->data = f->items[9].str;
    return true;
}

bool hook_entry_parse(const struct resp *r, struct hook_entry *out) {
    struct hook_entry e = {.kind = HOOK_FOREIGN};

    if (!resp_has(r, 2) || r->items[0].type != RESP_STRING ||
        !replay_id_parse(r->items[0].str, &e.id)) {
        return false;
    }
    if (pointer_parse(&r->items[1], &e)) {
        e.kind = HOOK_POINTER;
    } else if (event_parse(&r->items[1], &e)) {
        e.kind = HOOK_EVENT;
    }
    *out = e;
    return true;
}

/* Answers how many there are; more than HOOK_PAGE: a bad reply. */
static size_t entries_read(const struct resp *reply,
                           struct hook_entry entries[HOOK_PAGE]) {
    if (reply->type != RESP_ARRAY || reply->count > HOOK_PAGE) {
        return HOOK_PAGE + 1;
    }
    for (size_t i = 0; i < reply->count; i++) {
        if (!hook_entry_parse(&reply->items[i], &entries[i])) {
            return HOOK_PAGE + 1;
        }
    }
    return reply->count;
}

static void on_page(const struct hook_call *c, enum rc rc,
                    const struct resp *replies) {
    struct hook_entry entries[HOOK_PAGE];
    uint64_t waiting = 0;
    size_t count = 0;

    if (rc == RC_OK) {
        count = entries_read(&replies[0], entries);
        if (count > HOOK_PAGE || !resp_u64(&replies[1], &waiting)) {
            rc = hook_bad_reply("read");
        }
    }
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        entries[i].part = c->part;
    }
    c->fn.page(c->ctx, rc, entries, rc == RC_OK ? count : 0, waiting);
}

void hook_stream_read(struct hook_queue *q, struct hook_stream stream,
                      struct replay_id after, hook_page_fn done, void *ctx) {
    struct hook_call *c = hook_call_new(q->nodes, stream.part, ctx);
    struct hook_key key = hook_key(stream.part, stream.what);
    struct id_after from = id_after(after);
    struct history_number most = history_number(HOOK_PAGE);

    c->fn.page = done;
    hook_call_add(c,
                  (struct slice[]){SLICE_LIT("XRANGE"), slice_str(key.s),
                                   slice_str(from.s), SLICE_LIT("+"),
                                   SLICE_LIT("COUNT"), slice_str(most.s)},
                  6);
    hook_call_add(c, (struct slice[]){SLICE_LIT("XLEN"), slice_str(key.s)}, 2);
    hook_call_send(c, on_page);
}

void hook_queue_read(struct hook_queue *q, unsigned part,
                     struct replay_id after, hook_page_fn done, void *ctx) {
    hook_stream_read(q, (struct hook_stream){part, "queue"}, after, done, ctx);
}

/* How far a conversation was told. */

static void on_told(const struct hook_call *c, enum rc rc,
                    const struct resp *replies) {
    struct msg_seq told = {0};

    if (rc == RC_OK && replies->type != RESP_NIL &&
        !resp_u64(replies, &told.v)) {
        rc = hook_bad_reply("told");
    }
    c->fn.told(c->ctx, rc, told);
}

void hook_queue_told(struct hook_queue *q, struct conv_id conv,
                     hook_told_fn done, void *ctx) {
    struct hook_key key = hook_conv_key("told", conv);
    const struct slice args[] = {SLICE_LIT("GET"), slice_str(key.s)};
    struct hook_call *c = hook_call_new(q->nodes, hook_part(conv.v), ctx);

    c->fn.told = done;
    hook_call_one(c, on_told, args, COUNT_OF(args));
}

static void finish_told(struct hook_call *c, const struct hook_finish *what) {
    struct hook_key key = hook_conv_key("told", what->conv);
    struct history_number told = history_number(what->told.v);

    hook_call_add(c,
                  (struct slice[]){SLICE_LIT("SET"), slice_str(key.s),
                                   slice_str(told.s), SLICE_LIT("EX"),
                                   SLICE_LIT(HOOK_TOLD_S)},
                  5);
}

static void finish_entry(struct hook_call *c, const struct hook_finish *what) {
    struct hook_key key = hook_key(what->part, "queue");
    struct id_after entry = id_after(what->entry);

    hook_call_add(c,
                  (struct slice[]){SLICE_LIT("XDEL"), slice_str(key.s),
                                   slice_str(entry.s + 1)},
                  3);
}

/* What is remembered comes first: should only one of the two be done, it is
 * told again from there. */
void hook_queue_finish(struct hook_queue *q, const struct hook_finish *what,
                       hook_done_fn done, void *ctx) {
    struct hook_call *c = hook_call_new(q->nodes, what->part, ctx);

    assert(what->conv.v == 0 || hook_part(what->conv.v) == what->part);
    c->fn.done = done;
    if (what->told.v != 0) {
        finish_told(c, what);
    }
    if (what->entry.ms != 0) {
        finish_entry(c, what);
    }
    hook_call_send(c, hook_call_done);
}

void hook_queue_add(struct hook_queue *q, const struct hook_entry *event,
                    hook_done_fn done, void *ctx) {
    unsigned part = hook_part(event->user.v);
    struct hook_key key = hook_key(part, "queue");
    struct id_text user = id_text(event->user.v);
    struct history_number ts = history_number(event->ts_ms);
    const struct slice args[] = {
        SLICE_LIT("XADD"),
        slice_str(key.s),
        SLICE_LIT("MAXLEN"),
        SLICE_LIT("~"),
        SLICE_LIT(HOOK_QUEUE_MOST),
        SLICE_LIT("*"),
        SLICE_LIT("u"),
        slice_str(user.s),
        SLICE_LIT("i"),
        event->name,
        SLICE_LIT("t"),
        slice_str(ts.s),
        SLICE_LIT("k"),
        event->type,
        SLICE_LIT("d"),
        event->data,
    };
    struct hook_call *c = hook_call_new(q->nodes, part, ctx);

    c->fn.done = done;
    hook_call_one(c, hook_call_done, args, COUNT_OF(args));
}

/* Life. */

enum rc hook_queue_open(struct hook_queue **out, struct loop *l,
                        const struct redis_config *config) {
    static const struct redis_nodes_events nothing = {NULL, NULL, NULL};
    struct hook_queue *q = mem_new(sizeof(*q));
    enum rc rc = hook_nodes_open(&q->nodes, l, config, &nothing);

    if (rc != RC_OK) {
        mem_free(q);
        return rc;
    }
    *out = q;
    return RC_OK;
}

void hook_queue_close(struct hook_queue **q) {
    if (*q != NULL) {
        redis_nodes_close(&(*q)->nodes);
        mem_free(*q);
        *q = NULL;
    }
}

bool hook_queue_ready(const struct hook_queue *q) {
    return redis_nodes_ready(q->nodes);
}
