#include "storage/history_append.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "storage/history_layout.h"
#include "storage/history_store.h"

enum {
    HASH_LEN = 16, /* of a body, as text */
    EACH = 6,      /* arguments of one event, its key not counted */
    NEEDS = 1,     /* of what the last one needs */
    CHANGES = 6,   /* of what it changes */
    KEYS_ROOM = 256,
    ARGS_ROOM = 1024, /* of a batch to begin with */
    WAITERS_MIN = 4,  /* room for */
};

/* Of an event: who waits for it, and what he will be told. */
struct waiter {
    history_appended_fn done;
    void *ctx;
    uint64_t asked_us;
    uint64_t ts_ms;
    enum rc rc;
    struct history_appended out;
};

/* The events of one call of the script. */
struct batch {
    struct list node; /* in `gathered` or `refused` until it leaves */
    struct resp_call call;
    struct history_redis *h;
    bool again; /* the script was gone: its text is sent along */
    uint64_t window;
    struct buf keys; /* the arguments, as they are sent */
    struct buf args;
    struct waiter *waiters;
    size_t count;
    size_t room;
    size_t more; /* arguments of what the last event needs; then it is full */
};

static struct batch *batch_new(struct history_redis *h, struct list *where) {
    struct batch *b = mem_new(sizeof(*b));

    b->h = h;
    buf_init(&b->keys);
    buf_init(&b->args);
    (void)buf_room(&b->keys, KEYS_ROOM);
    (void)buf_room(&b->args, ARGS_ROOM);
    list_init(&b->node);
    list_push_back(where, &b->node);
    return b;
}

static void batch_free(struct batch *b) {
    buf_fini(&b->keys);
    buf_fini(&b->args);
    mem_free(b->waiters);
    mem_free(b);
}

static struct batch *last_of(const struct list *batches) {
    return list_empty(batches)
               ? NULL
               : CONTAINER_OF(batches->prev, struct batch, node);
}

/* Nothing of ours is touched after the first is told. */
static void batch_tell(struct batch *b) {
    for (size_t i = 0; i < b->count; i++) {
        struct waiter *w = &b->waiters[i];

        w->done(w->ctx, w->rc, w->rc == RC_OK ? &w->out : NULL);
    }
    batch_free(b);
}

static void batch_fail(struct batch *b, enum rc rc) {
    for (size_t i = 0; i < b->count; i++) {
        b->waiters[i].rc = rc;
    }
    batch_tell(b);
}

/* The answer. */

/* Reads {"DUP", seq, ts} and its like. */
static enum rc word_read(struct history_redis *h, const struct resp *r,
                         struct history_appended *out) {
    if (r->type != RESP_ARRAY || r->count == 0) {
        return history_store_bad(h, "append");
    }
    if (resp_is(&r->items[0], "CONFLICT")) {
        return RC_CONFLICT;
    }
    if (resp_is(&r->items[0], "STALE")) {
        return RC_STALE;
    }
    if (resp_is(&r->items[0], "MOVED")) {
        return RC_MOVED;
    }
    if (!resp_is(&r->items[0], "DUP") || r->count != 3 ||
        !resp_u64(&r->items[1], &out->seq.v) ||
        !resp_u64(&r->items[2], &out->ts_ms) || out->seq.v == 0) {
        return history_store_bad(h, "append");
    }
    out->repeat = true;
    h->stats.repeats++;
    return RC_OK;
}

static enum rc answer_read(struct history_redis *h, const struct resp *r,
                           struct waiter *w) {
    enum rc rc = history_store_error(h, r);

    if (rc != RC_OK || r->type != RESP_INTEGER) {
        return rc != RC_OK ? rc : word_read(h, r, &w->out);
    }
    if (!resp_u64(r, &w->out.seq.v) || w->out.seq.v == 0) {
        return history_store_bad(h, "append");
    }
    w->out.ts_ms = w->ts_ms;
    h->stats.appends++;
    return RC_OK;
}

static void answers_read(struct batch *b, const struct resp *reply) {
    struct history_redis *h = b->h;
    enum rc rc = history_store_error(h, reply);

    if (rc == RC_OK && !resp_has(reply, b->count)) {
        rc = history_store_bad(h, "append");
    }
    for (size_t i = 0; i < b->count; i++) {
        struct waiter *w = &b->waiters[i];

        w->rc = rc == RC_OK ? answer_read(h, &reply->items[i], w) : rc;
        histogram_add_since(&h->stats.writes, w->asked_us, h->clock->mono_us);
    }
}

/* The call. */

static void on_answer(struct resp_call *call, enum rc rc,
                      const struct resp *replies);

static void batch_send(struct batch *b) {
    struct resp_conn *conn = b->h->conn;
    struct buf *out = resp_conn_begin(conn, &b->call, on_answer, 1);

    if (out == NULL) {
        return;
    }
    resp_command_begin(out, 4 + b->count * (1 + EACH) + b->more);
    resp_command_arg(out, history_store_word(b->again));
    resp_command_arg(
        out, history_store_script(b->h, HISTORY_SCRIPT_APPEND, b->again));
    resp_command_arg(out, slice_str(history_number(b->count).s));
    buf_add(out, buf_slice(&b->keys));
    resp_command_arg(out, slice_str(history_number(b->window).s));
    buf_add(out, buf_slice(&b->args));
}

/* As many as may be on their way. */
static void send_gathered(struct history_redis *h) {
    struct history_appends *a = &h->appends;

    while (a->flying < HISTORY_FLYING_MAX && !list_empty(&a->gathered)) {
        struct list *first = list_pop_front(&a->gathered);

        a->flying++;
        batch_send(CONTAINER_OF(first, struct batch, node));
    }
}

static void on_answer(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct batch *b = CONTAINER_OF(call, struct batch, call);
    struct history_redis *h = b->h;

    if (history_store_gone(h, b->again, rc, replies)) {
        b->again = true;
        batch_send(b);
        return;
    }
    h->appends.flying--;
    h->appends.waiting -= b->count;
    loop_defer(h->loop, &h->appends.flush);
    if (rc == RC_OK) {
        answers_read(b, replies);
        batch_tell(b);
    } else {
        batch_fail(b, rc);
    }
}

static void on_flush(struct loop_task *t) {
    struct history_redis *h =
        CONTAINER_OF(t, struct history_redis, appends.flush);
    struct batch *refused = last_of(&h->appends.refused);

    send_gathered(h);
    if (refused != NULL) {
        list_remove(&refused->node);
        batch_fail(refused, RC_AGAIN);
    }
}

/* Gathering. */

static void add_waiter(struct batch *b, const struct history_append *in,
                       history_appended_fn done, void *ctx) {
    if (b->count == b->room) {
        b->room = b->room == 0 ? WAITERS_MIN : 2 * b->room;
        b->waiters = mem_resize(b->waiters, b->room * sizeof(*b->waiters));
    }
    b->waiters[b->count++] = (struct waiter){
        .done = done,
        .ctx = ctx,
        .asked_us = b->h->clock->mono_us,
        .ts_ms = in->ts_ms,
    };
}

static void add_event(struct batch *b, const struct history_append *in) {
    char name[ID_TEXT_LEN + 1 + HISTORY_NAME_MAX];
    char hash[HASH_LEN];

    memcpy(name, id_text(in->from.v).s, ID_TEXT_LEN);
    if (planted(PLANT_DEDUPE_PER_GATEWAY)) {
        memcpy(name, id_text((uint64_t)getpid()).s, ID_TEXT_LEN);
    }
    name[ID_TEXT_LEN] = ':';
    if (in->name.n > 0) {
        memcpy(name + ID_TEXT_LEN + 1, in->name.p, in->name.n);
    }
    for (size_t i = 0; i < HASH_LEN; i++) {
        hash[i] = "0123456789abcdef"[in->body_hash >> (60 - 4 * i) & 15];
    }
    resp_command_arg(&b->keys, slice_str(history_key(in->conv, "meta").s));
    resp_command_arg(&b->args, slice_of(name, ID_TEXT_LEN + 1 + in->name.n));
    resp_command_arg(&b->args, slice_of(hash, HASH_LEN));
    resp_command_arg(&b->args, slice_str(history_number(in->mver.v).s));
    resp_command_arg(&b->args, slice_str(history_number(in->ts_ms).s));
    resp_command_arg(&b->args, in->event);
    resp_command_arg(&b->args, slice_str(history_number(in->keep_ms).s));
}

static void add_change(struct batch *b, const struct history_change *x) {
    resp_command_arg(&b->args, slice_str(history_number(x->seq.v).s));
    b->more = NEEDS;
    if (x->now.n == 0) {
        return;
    }
    resp_command_arg(&b->args, x->was);
    resp_command_arg(&b->args, x->now);
    resp_command_arg(&b->args, slice_str(history_number(x->emptied.v).s));
    resp_command_arg(&b->args, x->earlier);
    resp_command_arg(&b->args, slice_str(x->forget ? "1" : "0"));
    b->more = CHANGES;
}

static bool is_full(const struct batch *b, uint64_t window) {
    return b->count == HISTORY_BATCH_MAX || b->window != window || b->more > 0;
}

void history_append(struct history *base, const struct history_append *in,
                    history_appended_fn done, void *ctx) {
    struct history_redis *h = history_store_of(base);
    struct history_appends *a = &h->appends;
    bool full = a->waiting >= HISTORY_WAITING_MAX;
    struct list *where = full ? &a->refused : &a->gathered;
    uint64_t window = in->ts_ms / HISTORY_WINDOW_MS;
    struct batch *b = last_of(where);

    assert(in->name.n <= HISTORY_NAME_MAX);
    loop_defer(h->loop, &a->flush);
    if (b == NULL || (!full && is_full(b, window))) {
        b = batch_new(h, where);
        b->window = window;
    }
    add_waiter(b, in, done, ctx);
    if (!full) {
        add_event(b, in);
        if (in->change != NULL) {
            add_change(b, in->change);
        }
        a->waiting++;
    }
}

void history_appends_init(struct history_appends *a) {
    list_init(&a->gathered);
    list_init(&a->refused);
    loop_task_init(&a->flush, on_flush);
}

void history_appends_close(struct history_appends *a) {
    struct list *node;

    while ((node = list_pop_front(&a->refused)) != NULL ||
           (node = list_pop_front(&a->gathered)) != NULL) {
        batch_fail(CONTAINER_OF(node, struct batch, node), RC_CLOSED);
    }
    loop_undefer(&a->flush);
}
