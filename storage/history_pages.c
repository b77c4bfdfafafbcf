#include "storage/history_pages.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "storage/history_identity.h"
#include "storage/history_layout.h"
#include "storage/history_many.h"

enum {
    META_ARGS = 8, /* of the command, the key included */
};

struct page_call {
    struct redis_call route;
    struct history_redis *h;
    history_page_fn done;
    void *ctx;
    struct conv_id conv;
    uint64_t first;
    size_t count;
    uint64_t last;         /* of a tail: 0 asks for what ends at the head */
    size_t most;           /* of a tail: how many are wanted */
    bool tail;             /* and the head may move the page */
    struct redis_node *at; /* who was asked */
    struct copies_waiter copied;
    struct history_page page; /* while replicas are asked whether they have */
    uint8_t *texts;           /* what stands in it */
    struct slice events[];    /* room for as many as were wanted */
};

struct heads_call {
    struct history_many many;
    struct id_text reader;
    char hidden[1 + sizeof(struct id_text)]; /* the name of his count */
    history_heads_fn done;
    void *ctx;
    struct history_head heads[];
};

/* Heads. */

static const struct slice *meta_query(const struct history_key *meta,
                                      struct slice args[META_ARGS]) {
    args[0] = SLICE_LIT("HMGET");
    args[1] = slice_str(meta->s);
    args[2] = SLICE_LIT("head");
    args[3] = SLICE_LIT("ts");
    args[4] = SLICE_LIT("oldest");
    args[5] = SLICE_LIT("mver");
    args[6] = SLICE_LIT("hides");
    args[7] = SLICE_LIT("oldest_ts");
    return args;
}

/* What is not there is 0. */
static bool number_or_none(const struct resp *r, uint64_t *out) {
    return r->type == RESP_NIL || resp_u64(r, out);
}

/* Reads the reply to a meta_query; all but `conv` and `read`. */
static bool meta_parse(const struct resp *r, struct history_head *out) {
    uint64_t hides = 0;

    out->oldest.v = 1;
    if (!resp_has(r, META_ARGS - 2) || !number_or_none(&r->items[4], &hides)) {
        return false;
    }
    out->hides = hides != 0;
    return number_or_none(&r->items[0], &out->head.v) &&
           number_or_none(&r->items[1], &out->ts_ms) &&
           number_or_none(&r->items[2], &out->oldest.v) &&
           number_or_none(&r->items[3], &out->mver.v) &&
           number_or_none(&r->items[5], &out->oldest_ms);
}

static struct heads_call *heads_of(struct history_many *m) {
    return CONTAINER_OF(m, struct heads_call, many);
}

static struct conv_id heads_conv(const struct history_many *m, size_t i) {
    return ((const struct heads_call *)(const void *)m)->heads[i].conv;
}

static void heads_put(struct history_many *m, struct buf *out, size_t i) {
    const struct heads_call *c = heads_of(m);
    struct history_key meta = history_key(c->heads[i].conv, "meta");
    struct history_key read = history_key(c->heads[i].conv, "read");
    struct slice get[] = {SLICE_LIT("HMGET"), slice_str(read.s),
                          slice_str(c->reader.s), slice_str(c->hidden)};
    struct slice args[META_ARGS];

    resp_command(out, meta_query(&meta, args), META_ARGS);
    resp_command(out, get, COUNT_OF(get));
}

static enum rc heads_take(struct history_many *m, size_t i,
                          const struct resp *replies) {
    struct history_head *head = &heads_of(m)->heads[i];
    const struct resp *meta = &replies[0];
    const struct resp *read = &replies[1];
    enum rc rc = history_store_error(m->base.h, meta);

    if (rc == RC_OK) {
        rc = history_store_error(m->base.h, read);
    }
    if (rc == RC_OK && (!meta_parse(meta, head) || !resp_has(read, 2) ||
                        !number_or_none(&read->items[0], &head->read.v) ||
                        !number_or_none(&read->items[1], &head->hidden))) {
        rc = history_store_bad(m->base.h, "heads");
    }
    if (rc == RC_OK) {
        history_hint_set(&m->base.h->hints, head->conv, head->head);
    }
    return rc;
}

static void heads_miss(struct history_many *m, size_t i) {
    struct history_head *head = &heads_of(m)->heads[i];

    *head = (struct history_head){.conv = head->conv, .away = true};
}

static void heads_end(struct history_many *m, enum rc rc) {
    struct heads_call *c = heads_of(m);

    c->done(c->ctx, rc, rc == RC_OK ? c->heads : NULL,
            rc == RC_OK ? m->count : 0);
    mem_free(c);
}

static const struct history_many_ops heads_ops = {
    .each = 2,
    .conv = heads_conv,
    .put = heads_put,
    .take = heads_take,
    .miss = heads_miss,
    .end = heads_end,
};

void history_pages_heads(struct history *base, struct user_id user,
                         const struct conv_id *convs, size_t count,
                         history_heads_fn done, void *ctx) {
    struct heads_call *c =
        mem_new(sizeof(*c) + count * sizeof(struct history_head));

    c->reader = id_text(user.v);
    snprintf(c->hidden, sizeof(c->hidden), "h%s", c->reader.s);
    c->done = done;
    c->ctx = ctx;
    for (size_t i = 0; i < count; i++) {
        c->heads[i].conv = convs[i];
    }
    history_many_start(&c->many, base, &heads_ops, count);
}

/* Pages. */

static void on_page(struct resp_call *call, enum rc rc,
                    const struct resp *replies);

static void send_page(struct redis_call *route) {
    struct page_call *p = CONTAINER_OF(route, struct page_call, route);
    struct history_key meta = history_key(p->conv, "meta");
    struct history_span spans[HISTORY_SPANS_MAX];
    size_t n = p->count == 0 ? 0 : history_spans(p->first, p->count, spans);
    struct slice args[META_ARGS];
    struct buf *out;

    p->at = redis_nodes_at(p->h->nodes, slice_str(meta.s));
    out = resp_conn_begin(p->at->conn, &route->call, on_page,
                          1 + (uint32_t)n + history_identity_gets(p->h));
    if (out == NULL) {
        return;
    }
    resp_command(out, meta_query(&meta, args), META_ARGS);
    for (size_t i = 0; i < n; i++) {
        struct history_key log = history_log_key(p->conv, spans[i].bucket);
        struct history_number from = history_number(spans[i].index);
        struct history_number to =
            history_number(spans[i].index + spans[i].count - 1);

        args[0] = SLICE_LIT("LRANGE");
        args[1] = slice_str(log.s);
        args[2] = slice_str(from.s);
        args[3] = slice_str(to.s);
        resp_command(out, args, 4);
    }
    history_identity_put_get(p->h, slice_str(meta.s), out);
}

/* The events of one span into their places; an element past the head was
 * appended after the head was read, and is left out. */
static enum rc take_span(struct page_call *p, const struct history_span *span,
                         const struct resp *list, size_t there) {
    size_t at = (size_t)(span->first - p->first);
    enum rc rc = history_store_error(p->h, list);

    if (rc != RC_OK) {
        return rc;
    }
    if (list->type != RESP_ARRAY || list->count > span->count) {
        return history_store_bad(p->h, "range");
    }
    for (size_t i = 0; i < list->count && at + i < there; i++) {
        if (list->items[i].type != RESP_STRING) {
            return history_store_bad(p->h, "range");
        }
        p->events[at + i] = list->items[i].str;
    }
    return RC_OK;
}

/* How many events of the page exist. */
static size_t page_there(const struct page_call *p, uint64_t head) {
    if (p->count == 0 || p->first > head) {
        return 0;
    }
    return head - p->first < p->count ? (size_t)(head - p->first) + 1
                                      : p->count;
}

/* Does it come from the store that was known? */
static enum rc page_judge(struct page_call *p, const struct resp *last) {
    struct history_key meta = history_key(p->conv, "meta");

    return history_identity_gets(p->h) == 0
               ? RC_OK
               : history_identity_judge(p->h, slice_str(meta.s), last);
}

static enum rc page_result(struct page_call *p, const struct resp *replies,
                           struct history_page *page) {
    struct history_span spans[HISTORY_SPANS_MAX];
    size_t n = p->count == 0 ? 0 : history_spans(p->first, p->count, spans);
    enum rc rc = history_store_error(p->h, &replies[0]);

    if (rc == RC_OK) {
        rc = page_judge(p, &replies[n + 1]);
    }
    if (rc == RC_OK && !meta_parse(&replies[0], &page->head)) {
        rc = history_store_bad(p->h, "range");
    }
    if (rc == RC_OK) {
        history_hint_set(&p->h->hints, p->conv, page->head.head);
    }
    memset(p->events, 0, p->most * sizeof(p->events[0]));
    page->head.conv = p->conv;
    page->first.v = p->first;
    page->count = page_there(p, page->head.head.v);
    page->events = p->events;
    for (size_t i = 0; i < n && rc == RC_OK; i++) {
        rc = take_span(p, &spans[i], &replies[1 + i], page->count);
    }
    return rc;
}

/* The page of a tail, counted back from `last`. */
static void aim_tail(struct page_call *p, uint64_t last) {
    p->count = last < p->most ? (size_t)last : p->most;
    p->first = last - p->count + 1;
}

static void on_copied(struct copies_waiter *copied, enum rc rc) {
    struct page_call *p = CONTAINER_OF(copied, struct page_call, copied);

    p->h->stats.unsure += rc != RC_OK;
    p->done(p->ctx, rc, rc == RC_OK ? &p->page : NULL);
    mem_free(p->texts);
    mem_free(p);
}

/* What replicas lack a failover may take back, and a primary that has been
 * replaced, and does not know it yet, has none: what it shows may be old. So
 * with tier t2 a page is told when replicas have it, and kept until then. */
static void page_await(struct page_call *p, const struct history_page *page) {
    size_t n = 0;

    for (size_t i = 0; i < page->count; i++) {
        n += p->events[i].n;
    }
    p->texts = mem_new_array(n + 1, 1);
    n = 0;
    for (size_t i = 0; i < page->count; i++) {
        struct slice *event = &p->events[i];

        if (event->n > 0) {
            memcpy(p->texts + n, event->p, event->n);
            event->p = p->texts + n;
            n += event->n;
        }
    }
    p->page = *page;
    p->copied.done = on_copied;
    copies_await(&p->h->appends.copies, p->at, &p->copied);
}

/* The newest events do not end at the head: that was another one than we took
 * it for, or is before the last event that was asked for. */
static bool missed(const struct page_call *p, uint64_t head) {
    return p->tail && head > 0 &&
           (p->last == 0 ? p->first + p->count != head + 1 : p->last > head);
}

static void on_page(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct page_call *p = CONTAINER_OF(call, struct page_call, route.call);
    struct history_page page = {0};

    if (redis_call_again(&p->route, rc, replies, call->want)) {
        return;
    }
    if (rc == RC_OK) {
        rc = page_result(p, replies, &page);
    }
    if (rc == RC_OK && missed(p, page.head.head.v)) {
        /* Once: from now on it only grows. */
        p->tail = false;
        aim_tail(p, page.head.head.v);
        send_page(&p->route);
        return;
    }
    if (rc == RC_OK && p->h->appends.copies.want > 0 &&
        !planted(PLANT_NO_READ_BARRIER)) {
        page_await(p, &page);
        return;
    }
    p->done(p->ctx, rc, rc == RC_OK ? &page : NULL);
    mem_free(p);
}

static struct page_call *page_new(struct history *base, struct conv_id conv,
                                  size_t count, history_page_fn done,
                                  void *ctx) {
    struct page_call *p = mem_new(sizeof(*p) + count * sizeof(p->events[0]));

    assert(count <= HISTORY_PAGE_MAX);
    p->h = history_store_of(base);
    p->route.nodes = p->h->nodes;
    p->route.send = send_page;
    p->conv = conv;
    p->done = done;
    p->ctx = ctx;
    p->most = count;
    return p;
}

void history_pages_range(struct history *base, struct conv_id conv,
                         struct msg_seq first, size_t count,
                         history_page_fn done, void *ctx) {
    struct page_call *p = page_new(base, conv, count, done, ctx);

    assert(first.v > 0);
    p->first = first.v;
    p->count = count;
    send_page(&p->route);
}

void history_pages_tail(struct history *base, struct conv_id conv,
                        struct msg_seq last, size_t count, history_page_fn done,
                        void *ctx) {
    struct page_call *p = page_new(base, conv, count, done, ctx);

    p->tail = true;
    p->last = last.v;
    aim_tail(p, last.v != 0 ? last.v : history_hint(&p->h->hints, conv).v);
    send_page(&p->route);
}

/* Earlier versions. */

struct earlier_call {
    struct redis_call route;
    struct history_redis *h;
    struct history_key key;
    history_earlier_fn done;
    void *ctx;
};

static enum rc earlier_result(struct earlier_call *e, const struct resp *list,
                              struct slice *out) {
    enum rc rc = history_store_error(e->h, list);

    if (rc != RC_OK) {
        return rc;
    }
    if (list->type != RESP_ARRAY || list->count > HISTORY_EARLIER_MAX) {
        return history_store_bad(e->h, "earlier");
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].type != RESP_STRING) {
            return history_store_bad(e->h, "earlier");
        }
        out[i] = list->items[i].str;
    }
    return RC_OK;
}

static void on_earlier(struct resp_call *call, enum rc rc,
                       const struct resp *replies) {
    struct earlier_call *e =
        CONTAINER_OF(call, struct earlier_call, route.call);
    struct slice versions[HISTORY_EARLIER_MAX];

    if (redis_call_again(&e->route, rc, replies, 1)) {
        return;
    }
    if (rc == RC_OK) {
        rc = earlier_result(e, replies, versions);
    }
    e->done(e->ctx, rc, rc == RC_OK ? versions : NULL,
            rc == RC_OK ? replies->count : 0);
    mem_free(e);
}

static void send_earlier(struct redis_call *route) {
    struct earlier_call *e = CONTAINER_OF(route, struct earlier_call, route);
    struct slice args[] = {SLICE_LIT("LRANGE"), slice_str(e->key.s),
                           SLICE_LIT("0"), SLICE_LIT("-1")};

    resp_conn_send(redis_nodes_conn(e->h->nodes, args[1]), &route->call,
                   on_earlier, args, COUNT_OF(args));
}

void history_pages_earlier(struct history *base, struct conv_id conv,
                           struct msg_seq seq, history_earlier_fn done,
                           void *ctx) {
    struct earlier_call *e = mem_new(sizeof(*e));

    e->h = history_store_of(base);
    e->route.nodes = e->h->nodes;
    e->route.send = send_earlier;
    e->key = history_edits_key(conv, seq);
    e->done = done;
    e->ctx = ctx;
    send_earlier(&e->route);
}
