#include "storage/hook_queue.h"

#include <stdio.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "storage/history_layout.h"
#include "storage/hook_keys.h"
#include "storage/hook_parts.h"

static const struct log_ctx log_ctx = {"hooks", 0};

static const char lease_script[] =
#include "storage/hook_lease.lua.h"
    ;

/* "<ms>-<seq>", with a '(' before it. */
struct id_after {
    char s[48];
};

struct told_key {
    char s[sizeof(HOOK_TOLD_KEY) + ID_TEXT_LEN];
};

static struct id_after id_after(struct replay_id id) {
    struct id_after out;

    snprintf(out.s, sizeof(out.s), "(%llu-%llu", (unsigned long long)id.ms,
             (unsigned long long)id.seq);
    return out;
}

static struct told_key told_key(struct conv_id conv) {
    struct told_key out;

    snprintf(out.s, sizeof(out.s), "%s%s", HOOK_TOLD_KEY, id_text(conv.v).s);
    return out;
}

struct hook_call *hook_call_new(void *ctx) {
    struct hook_call *c = mem_new(sizeof(*c));

    c->ctx = ctx;
    return c;
}

struct hook_call hook_call_end(struct resp_call *call) {
    struct hook_call *c = CONTAINER_OF(call, struct hook_call, call);
    struct hook_call copy = *c;

    mem_free(c);
    return copy;
}

enum rc hook_bad_reply(const char *what) {
    log_error(&log_ctx, "hooks_bad_reply", "call=%s", what);
    return RC_BACKEND;
}

void hook_on_done(struct resp_call *call, enum rc rc,
                  const struct resp *replies) {
    uint32_t want = call->want;
    struct hook_call c = hook_call_end(call);

    for (uint32_t i = 0; rc == RC_OK && i < want; i++) {
        rc = resp_rc(&replies[i]);
    }
    c.fn.done(c.ctx, rc);
}

/* The lease. */

static void on_held(struct resp_call *call, enum rc rc,
                    const struct resp *reply) {
    struct hook_call c = hook_call_end(call);
    uint64_t held = 0;

    rc = rc == RC_OK ? resp_rc(reply) : rc;
    if (rc == RC_OK && !resp_u64(reply, &held)) {
        rc = hook_bad_reply("lease");
    }
    c.fn.held(c.ctx, rc, held == 1);
}

void hook_queue_lease(struct hook_queue *q, uint64_t worker, uint64_t ms,
                      hook_held_fn done, void *ctx) {
    struct id_text name = id_text(worker);
    struct history_number last = history_number(ms);
    const struct slice args[] = {
        SLICE_LIT("EVAL"),          slice_str(lease_script), SLICE_LIT("1"),
        SLICE_LIT(HOOK_WORKER_KEY), slice_str(name.s),       slice_str(last.s),
    };
    struct hook_call *c = hook_call_new(ctx);

    c->fn.held = done;
    resp_conn_send(q->conn, &c->call, on_held, args, COUNT_OF(args));
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

static void on_page(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct hook_call c = hook_call_end(call);
    struct hook_entry entries[HOOK_PAGE];
    uint64_t waiting = 0;
    size_t count = 0;

    rc = rc == RC_OK ? resp_rc(&replies[0]) : rc;
    if (rc == RC_OK) {
        count = entries_read(&replies[0], entries);
        if (count > HOOK_PAGE || !resp_u64(&replies[1], &waiting)) {
            rc = hook_bad_reply("read");
        }
    }
    c.fn.page(c.ctx, rc, entries, rc == RC_OK ? count : 0, waiting);
}

void hook_queue_read(struct hook_queue *q, struct replay_id after,
                     hook_page_fn done, void *ctx) {
    struct hook_call *c = hook_call_new(ctx);
    struct id_after from = id_after(after);
    struct history_number most = history_number(HOOK_PAGE);
    struct buf *out;

    c->fn.page = done;
    out = resp_conn_begin(q->conn, &c->call, on_page, 2);
    if (out == NULL) {
        return;
    }
    resp_command(out,
                 (struct slice[]){SLICE_LIT("XRANGE"),
                                  SLICE_LIT(HOOK_QUEUE_KEY), slice_str(from.s),
                                  SLICE_LIT("+"), SLICE_LIT("COUNT"),
                                  slice_str(most.s)},
                 6);
    resp_command(
        out, (struct slice[]){SLICE_LIT("XLEN"), SLICE_LIT(HOOK_QUEUE_KEY)}, 2);
}

/* How far a conversation was told. */

static void on_told(struct resp_call *call, enum rc rc,
                    const struct resp *reply) {
    struct hook_call c = hook_call_end(call);
    struct msg_seq told = {0};

    rc = rc == RC_OK ? resp_rc(reply) : rc;
    if (rc == RC_OK && reply->type != RESP_NIL && !resp_u64(reply, &told.v)) {
        rc = hook_bad_reply("told");
    }
    c.fn.told(c.ctx, rc, told);
}

void hook_queue_told(struct hook_queue *q, struct conv_id conv,
                     hook_told_fn done, void *ctx) {
    struct told_key key = told_key(conv);
    const struct slice args[] = {SLICE_LIT("GET"), slice_str(key.s)};
    struct hook_call *c = hook_call_new(ctx);

    c->fn.told = done;
    resp_conn_send(q->conn, &c->call, on_told, args, COUNT_OF(args));
}

/* What is remembered comes first: should only one of the two be done, it is
 * told again from there. */
void hook_queue_finish(struct hook_queue *q, const struct hook_finish *what,
                       hook_done_fn done, void *ctx) {
    struct told_key key = told_key(what->conv);
    struct history_number told = history_number(what->told.v);
    struct id_after entry = id_after(what->entry);
    struct id_text conv = id_text(what->conv.v);
    struct history_number due = history_number(what->due_ms);
    uint32_t want = (what->told.v != 0 ? 1U : 0) +
                    (what->entry.ms != 0 ? 1U : 0) +
                    (what->due_ms != 0 ? 1U : 0);
    struct hook_call *c = hook_call_new(ctx);
    struct buf *out;

    c->fn.done = done;
    out = resp_conn_begin(q->conn, &c->call, hook_on_done, want);
    if (out == NULL) {
        return;
    }
    if (what->due_ms != 0) {
        resp_command(out,
                     (struct slice[]){SLICE_LIT("ZADD"),
                                      SLICE_LIT(HOOK_DUE_KEY), SLICE_LIT("LT"),
                                      slice_str(due.s), slice_str(conv.s)},
                     5);
    }
    if (what->told.v != 0) {
        resp_command(out,
                     (struct slice[]){SLICE_LIT("SET"), slice_str(key.s),
                                      slice_str(told.s), SLICE_LIT("EX"),
                                      SLICE_LIT(HOOK_TOLD_S)},
                     5);
    }
    if (what->entry.ms != 0) {
        resp_command(out,
                     (struct slice[]){SLICE_LIT("XDEL"),
                                      SLICE_LIT(HOOK_QUEUE_KEY),
                                      slice_str(entry.s + 1)},
                     3);
    }
}

void hook_queue_add(struct hook_queue *q, const struct hook_entry *event,
                    hook_done_fn done, void *ctx) {
    struct id_text user = id_text(event->user.v);
    struct history_number ts = history_number(event->ts_ms);
    const struct slice args[] = {
        SLICE_LIT("XADD"),
        SLICE_LIT(HOOK_QUEUE_KEY),
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
    struct hook_call *c = hook_call_new(ctx);

    c->fn.done = done;
    resp_conn_send(q->conn, &c->call, hook_on_done, args, COUNT_OF(args));
}

/* Life. */

enum rc hook_queue_open(struct hook_queue **out, struct loop *l,
                        const struct redis_config *config) {
    static const struct resp_conn_events nothing = {NULL, NULL, NULL};
    struct hook_queue *q = mem_new(sizeof(*q));
    const struct resp_conn_config conn = {
        .redis = *config, .name = "hooks", .events = &nothing, .owner = q};
    enum rc rc = resp_conn_open(&q->conn, l, &conn);

    if (rc != RC_OK) {
        mem_free(q);
        return rc;
    }
    *out = q;
    return RC_OK;
}

void hook_queue_close(struct hook_queue **q) {
    if (*q != NULL) {
        resp_conn_close(&(*q)->conn);
        mem_free(*q);
        *q = NULL;
    }
}

bool hook_queue_ready(const struct hook_queue *q) {
    return resp_conn_ready(q->conn);
}
