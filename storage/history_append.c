#include "storage/history_append.h"

#include <assert.h>

#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "proto/wire/slots.h"
#include "storage/copies.h"
#include "storage/history_event.h"
#include "storage/history_identity.h"
#include "storage/history_layout.h"
#include "storage/history_store.h"
#include "storage/redis_call.h"

enum {
    KEYS_ROOM = 256,
    ARGS_ROOM = 1024,         /* of a batch to begin with */
    WAITERS_MIN = 4,          /* room for */
    SPARE_BYTES = 128 * 1024, /* more than that is not kept */
};

/* Of an event: who waits for it, and what he will be told. */
struct waiter {
    history_appended_fn done;
    void *ctx;
    uint64_t asked_us;
    uint64_t ts_ms;
    bool answered;
    enum rc rc;
    struct history_appended out;
};

/* The events of one call of the script. */
struct batch {
    struct list node; /* in `gathered` or `refused` until it leaves */
    struct redis_call route;
    struct redis_node *at; /* where the call went */
    struct copies_waiter copied;
    struct history_redis *h;
    struct history_lane *lane;
    struct history_key key; /* of the first event: where the call goes */
    bool again;             /* the script was gone: its text is sent along */
    uint64_t window;
    struct buf keys; /* the arguments, as they are sent */
    struct buf args;
    struct waiter *waiters;
    size_t count;
    size_t room;
    size_t more; /* arguments of what the last event needs; then it is full */
};

static void batch_again(struct redis_call *route);

/* In the memory of one that is over, if there is one: a batch of a busy moment
 * is large, and to find that anew each turn costs more than to fill it. */
static struct batch *batch_new(struct history_redis *h, struct list *where) {
    struct batch *b = h->appends.spare;

    h->appends.spare = NULL;
    if (b == NULL) {
        b = mem_new(sizeof(*b));
        (void)buf_room(&b->keys, KEYS_ROOM);
        (void)buf_room(&b->args, ARGS_ROOM);
    }
    *b = (struct batch){.h = h,
                        .route = {.nodes = h->nodes, .send = batch_again},
                        .keys = b->keys,
                        .args = b->args,
                        .waiters = b->waiters,
                        .room = b->room};
    buf_clear(&b->keys);
    buf_clear(&b->args);
    list_init(&b->node);
    list_push_back(where, &b->node);
    return b;
}

static void batch_delete(struct batch *b) {
    if (b != NULL) {
        buf_fini(&b->keys);
        buf_fini(&b->args);
        mem_free(b->waiters);
        mem_free(b);
    }
}

static void batch_free(struct batch *b) {
    struct history_appends *a = &b->h->appends;

    if (a->spare == NULL && b->args.cap <= SPARE_BYTES) {
        a->spare = b;
    } else {
        batch_delete(b);
    }
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

/* Those to whom nothing has been answered yet, and those whose replicas were
 * not asked. */
static void batch_fail(struct batch *b, enum rc rc) {
    bool asks = b->h->appends.copies.want > 0;

    for (size_t i = 0; i < b->count; i++) {
        struct waiter *w = &b->waiters[i];

        if (!w->answered) {
            w->rc = rc;
        } else if (w->rc == RC_OK && asks) {
            w->rc = RC_BACKEND;
        }
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

static void waiter_take(struct batch *b, struct waiter *w, enum rc rc,
                        const struct resp *r) {
    struct history_redis *h = b->h;

    w->rc = rc == RC_OK ? answer_read(h, r, w) : rc;
    w->answered = true;
    histogram_add_since(&h->stats.writes, w->asked_us, h->clock->mono_us);
}

/* Those who have an answer keep it when the call is made again for others. */
static void answers_read(struct batch *b, const struct resp *reply) {
    struct history_redis *h = b->h;
    enum rc rc = history_store_error(h, reply);

    if (rc == RC_OK && !resp_has(reply, b->count)) {
        rc = history_store_bad(h, "append");
    }
    for (size_t i = 0; i < b->count; i++) {
        if (!b->waiters[i].answered) {
            waiter_take(b, &b->waiters[i], rc,
                        rc == RC_OK ? &reply->items[i] : NULL);
        }
    }
}

/* The call. */

static void on_answer(struct resp_call *call, enum rc rc,
                      const struct resp *replies);

static void batch_send(struct batch *b) {
    struct buf *out;

    b->at = redis_nodes_at(b->h->nodes, slice_str(b->key.s));
    out = resp_conn_begin(b->at->conn, &b->route.call, on_answer, 1);
    if (out == NULL) {
        return;
    }
    resp_command_begin(out, 4 + b->count * (1 + HISTORY_EVENT_ARGS) + b->more +
                                HISTORY_IDENTITY_ARGS);
    resp_command_arg(out, history_store_word(b->again));
    resp_command_arg(
        out, history_store_script(b->h, HISTORY_SCRIPT_APPEND, b->again));
    resp_command_arg(out, slice_str(history_number(b->count).s));
    buf_add(out, buf_slice(&b->keys));
    resp_command_arg(out, slice_str(history_number(b->window).s));
    buf_add(out, buf_slice(&b->args));
    history_identity_put_args(b->h, slice_str(b->key.s), out);
}

static void batch_again(struct redis_call *route) {
    struct batch *b = CONTAINER_OF(route, struct batch, route);

    if (redis_order_turn(&b->lane->order, route)) {
        batch_send(b);
    }
}

/* As many as may be on their way. */
static void send_gathered(struct history_lane *lane) {
    while (lane->flying < HISTORY_FLYING_MAX && lane->order.refused == 0 &&
           !list_empty(&lane->gathered)) {
        struct list *first = list_pop_front(&lane->gathered);

        lane->flying++;
        batch_send(CONTAINER_OF(first, struct batch, node));
    }
}

static void lane_due(struct history_redis *h, struct history_lane *lane) {
    if (!list_linked(&lane->node)) {
        list_push_back(&h->appends.due, &lane->node);
    }
    loop_defer(h->loop, &h->appends.flush);
}

/* An event that met a slot half of which has left may have been stored, or
 * not: it is asked again, and if it was, that is a repeat. True: the batch
 * waits for it. */
static bool some_wait(struct batch *b, const struct resp *reply) {
    bool again = false;

    if (!resp_has(reply, b->count) || !redis_nodes_clustered(b->h->nodes)) {
        return false;
    }
    for (size_t i = 0; i < b->count; i++) {
        const struct resp *r = &reply->items[i];

        if (b->waiters[i].answered) {
            continue;
        }
        if (redis_nodes_hear(b->h->nodes, r)) {
            again = true;
        } else {
            waiter_take(b, &b->waiters[i], RC_OK, r);
        }
    }
    return again && redis_call_wait(&b->route);
}

static bool batch_waits(struct batch *b, enum rc rc,
                        const struct resp *replies) {
    bool again = redis_call_again(&b->route, rc, replies, 1) ||
                 (rc == RC_OK && some_wait(b, replies));

    redis_order_answered(&b->lane->order, &b->route, again);
    return again;
}

/* What is stored is acked when replicas have it too. So is a repeat: its first
 * attempt may be here for want of them. */
static void on_copied(struct copies_waiter *copied, enum rc rc) {
    struct batch *b = CONTAINER_OF(copied, struct batch, copied);
    struct history_redis *h = b->h;

    if (planted(PLANT_ACK_WITHOUT_COPIES)) {
        rc = RC_OK;
    }
    for (size_t i = 0; rc != RC_OK && i < b->count; i++) {
        if (b->waiters[i].rc == RC_OK) {
            b->waiters[i].rc = rc;
            h->stats.unconfirmed++;
        }
    }
    h->appends.waiting -= b->count;
    batch_tell(b);
}

static bool some_stored(const struct batch *b) {
    size_t i = 0;

    while (i < b->count && b->waiters[i].rc != RC_OK) {
        i++;
    }
    return i < b->count;
}

static void batch_answered(struct batch *b, const struct resp *reply) {
    struct history_appends *a = &b->h->appends;

    answers_read(b, reply);
    if (a->copies.want > 0 && some_stored(b)) {
        b->copied.done = on_copied;
        copies_await(&a->copies, b->at, &b->copied);
    } else {
        a->waiting -= b->count;
        batch_tell(b);
    }
}

static void on_answer(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct batch *b = CONTAINER_OF(call, struct batch, route.call);
    struct history_redis *h = b->h;

    if (history_store_gone(h, b->again, rc, replies)) {
        b->again = true;
        batch_send(b);
        return;
    }
    if (batch_waits(b, rc, replies)) {
        return;
    }
    b->lane->flying--;
    lane_due(h, b->lane);
    if (rc == RC_OK) {
        batch_answered(b, replies);
    } else {
        h->appends.waiting -= b->count;
        batch_fail(b, rc);
    }
}

/* A slot that nothing is appended to needs no lane. */
static void lane_end(struct history_redis *h, struct history_lane *lane) {
    if (lane != &h->appends.lane && lane->flying == 0 &&
        list_empty(&lane->gathered)) {
        map_remove(&h->appends.lanes, lane->slot);
        mem_free(lane);
    }
}

static void on_flush(struct loop_task *t) {
    struct history_redis *h =
        CONTAINER_OF(t, struct history_redis, appends.flush);
    struct batch *refused = last_of(&h->appends.refused);
    struct list *node;

    while ((node = list_pop_front(&h->appends.due)) != NULL) {
        struct history_lane *lane =
            CONTAINER_OF(node, struct history_lane, node);

        send_gathered(lane);
        lane_end(h, lane);
    }
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

static bool is_full(const struct batch *b, uint64_t window) {
    return b->count == HISTORY_BATCH_MAX || b->window != window || b->more > 0;
}

static void lane_init(struct history_lane *lane) {
    list_init(&lane->gathered);
    list_init(&lane->node);
}

static struct history_lane *lane_of(struct history_redis *h,
                                    struct conv_id conv) {
    struct history_appends *a = &h->appends;
    struct history_lane *lane = &a->lane;
    uint64_t slot;

    if (!redis_nodes_clustered(h->nodes)) {
        return lane;
    }
    slot = slot_of(slice_str(history_key(conv, "meta").s));
    lane = map_get(&a->lanes, slot);
    if (lane == NULL) {
        lane = mem_new(sizeof(*lane));
        lane_init(lane);
        lane->slot = slot;
        map_put(&a->lanes, slot, lane);
    }
    return lane;
}

/* The batch that takes one more. */
static struct batch *batch_for(struct history_redis *h,
                               const struct history_append *in) {
    struct history_lane *lane = lane_of(h, in->conv);
    uint64_t window = in->ts_ms / HISTORY_WINDOW_MS;
    struct batch *b = last_of(&lane->gathered);

    if (b == NULL || is_full(b, window)) {
        b = batch_new(h, &lane->gathered);
        b->lane = lane;
        b->key = history_key(in->conv, "meta");
        b->window = window;
    }
    lane_due(h, lane);
    return b;
}

static void refuse(struct history_redis *h, const struct history_append *in,
                   history_appended_fn done, void *ctx) {
    struct batch *b = last_of(&h->appends.refused);

    if (b == NULL) {
        b = batch_new(h, &h->appends.refused);
    }
    add_waiter(b, in, done, ctx);
    loop_defer(h->loop, &h->appends.flush);
}

void history_append(struct history *base, const struct history_append *in,
                    history_appended_fn done, void *ctx) {
    struct history_redis *h = history_store_of(base);
    struct batch *b;

    assert(in->name.n <= HISTORY_NAME_MAX);
    if (h->appends.waiting >= HISTORY_WAITING_MAX ||
        !redis_nodes_known(h->nodes) || !history_identity_known(h)) {
        refuse(h, in, done, ctx);
        return;
    }
    b = batch_for(h, in);
    add_waiter(b, in, done, ctx);
    b->more = history_event_put(&b->keys, &b->args, in);
    h->appends.waiting++;
}

void history_appends_init(struct history_appends *a, struct loop *l,
                          uint64_t deadline_ms) {
    copies_init(&a->copies, l, deadline_ms);
    lane_init(&a->lane);
    map_init(&a->lanes);
    list_init(&a->due);
    list_init(&a->refused);
    loop_task_init(&a->flush, on_flush);
}

static void lane_close(struct history_lane *lane) {
    struct list *node;

    while ((node = list_pop_front(&lane->gathered)) != NULL) {
        batch_fail(CONTAINER_OF(node, struct batch, node), RC_CLOSED);
    }
}

void history_appends_close(struct history_appends *a) {
    struct history_lane *lane;
    struct list *node;
    size_t at = 0;

    while ((node = list_pop_front(&a->refused)) != NULL) {
        batch_fail(CONTAINER_OF(node, struct batch, node), RC_CLOSED);
    }
    copies_fini(&a->copies);
    lane_close(&a->lane);
    while ((lane = map_next(&a->lanes, &at)) != NULL) {
        lane_close(lane);
        mem_free(lane);
    }
    map_fini(&a->lanes);
    batch_delete(a->spare);
    loop_undefer(&a->flush);
}
