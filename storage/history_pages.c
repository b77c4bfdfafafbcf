#include "storage/history_pages.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"
#include "storage/history_layout.h"
#include "storage/history_store.h"

enum {
    META_ARGS = 8, /* of the command, the key included */
};

struct page_call {
    struct resp_call call;
    struct history_redis *h;
    history_page_fn done;
    void *ctx;
    struct conv_id conv;
    uint64_t first;
    size_t count;
    uint64_t last;         /* of a tail: 0 asks for the head */
    size_t most;           /* of a tail: how many are wanted */
    bool tail;             /* and the head may move the page */
    struct slice events[]; /* room for as many as were wanted */
};

struct heads_call {
    struct resp_call call;
    struct history_redis *h;
    history_heads_fn done;
    void *ctx;
    size_t count;
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

static enum rc heads_result(struct heads_call *c, const struct resp *replies) {
    for (size_t i = 0; i < c->count; i++) {
        const struct resp *meta = &replies[2 * i];
        const struct resp *read = &replies[2 * i + 1];
        enum rc rc = history_store_error(c->h, meta);

        if (rc == RC_OK) {
            rc = history_store_error(c->h, read);
        }
        if (rc != RC_OK) {
            return rc;
        }
        if (!meta_parse(meta, &c->heads[i]) || !resp_has(read, 2) ||
            !number_or_none(&read->items[0], &c->heads[i].read.v) ||
            !number_or_none(&read->items[1], &c->heads[i].hidden)) {
            return history_store_bad(c->h, "heads");
        }
    }
    return RC_OK;
}

static void on_heads(struct resp_call *call, enum rc rc,
                     const struct resp *replies) {
    struct heads_call *c = CONTAINER_OF(call, struct heads_call, call);

    if (rc == RC_OK) {
        rc = heads_result(c, replies);
    }
    c->done(c->ctx, rc, rc == RC_OK ? c->heads : NULL,
            rc == RC_OK ? c->count : 0);
    mem_free(c);
}

void history_pages_heads(struct history *base, struct user_id user,
                         const struct conv_id *convs, size_t count,
                         history_heads_fn done, void *ctx) {
    struct heads_call *c =
        mem_new(sizeof(*c) + count * sizeof(struct history_head));
    struct id_text reader = id_text(user.v);
    char hidden[1 + sizeof(reader.s)];
    struct slice args[META_ARGS];
    struct buf *out;

    assert(count <= HISTORY_HEADS_MAX);
    snprintf(hidden, sizeof(hidden), "h%s", reader.s);
    c->h = history_store_of(base);
    c->done = done;
    c->ctx = ctx;
    c->count = count;
    /* Nothing asked: a ping answers at the right moment. */
    out = resp_conn_begin(c->h->conn, &c->call, on_heads,
                          count == 0 ? 1 : 2 * (uint32_t)count);
    if (out != NULL && count == 0) {
        resp_command(out, &SLICE_LIT("PING"), 1);
    }
    for (size_t i = 0; i < count; i++) {
        struct history_key meta = history_key(convs[i], "meta");
        struct history_key read = history_key(convs[i], "read");
        struct slice get[] = {SLICE_LIT("HMGET"), slice_str(read.s),
                              slice_str(reader.s), slice_str(hidden)};

        c->heads[i].conv = convs[i];
        if (out != NULL) {
            resp_command(out, meta_query(&meta, args), META_ARGS);
            resp_command(out, get, COUNT_OF(get));
        }
    }
}

/* Pages. */

static void on_page(struct resp_call *call, enum rc rc,
                    const struct resp *replies);

static void send_page(struct page_call *p) {
    struct history_key meta = history_key(p->conv, "meta");
    struct history_span spans[HISTORY_SPANS_MAX];
    size_t n = p->count == 0 ? 0 : history_spans(p->first, p->count, spans);
    struct buf *out =
        resp_conn_begin(p->h->conn, &p->call, on_page, 1 + (uint32_t)n);
    struct slice args[META_ARGS];

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

static enum rc page_result(struct page_call *p, const struct resp *replies,
                           struct history_page *page) {
    struct history_span spans[HISTORY_SPANS_MAX];
    size_t n = p->count == 0 ? 0 : history_spans(p->first, p->count, spans);
    enum rc rc = history_store_error(p->h, &replies[0]);

    if (rc == RC_OK && !meta_parse(&replies[0], &page->head)) {
        rc = history_store_bad(p->h, "range");
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

static void on_page(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct page_call *p = CONTAINER_OF(call, struct page_call, call);
    struct history_page page = {0};

    if (rc == RC_OK) {
        rc = page_result(p, replies, &page);
    }
    if (rc == RC_OK && p->tail && page.head.head.v > 0 &&
        (p->last == 0 || p->last > page.head.head.v)) {
        /* Counted from a head that we did not know. It only grows. */
        p->tail = false;
        aim_tail(p, page.head.head.v);
        send_page(p);
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
    send_page(p);
}

void history_pages_tail(struct history *base, struct conv_id conv,
                        struct msg_seq last, size_t count, history_page_fn done,
                        void *ctx) {
    struct page_call *p = page_new(base, conv, count, done, ctx);

    p->tail = true;
    p->last = last.v;
    aim_tail(p, last.v);
    send_page(p);
}

/* Earlier versions. */

struct earlier_call {
    struct resp_call call;
    struct history_redis *h;
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
    struct earlier_call *e = CONTAINER_OF(call, struct earlier_call, call);
    struct slice versions[HISTORY_EARLIER_MAX];

    if (rc == RC_OK) {
        rc = earlier_result(e, replies, versions);
    }
    e->done(e->ctx, rc, rc == RC_OK ? versions : NULL,
            rc == RC_OK ? replies->count : 0);
    mem_free(e);
}

void history_pages_earlier(struct history *base, struct conv_id conv,
                           struct msg_seq seq, history_earlier_fn done,
                           void *ctx) {
    struct earlier_call *e = mem_new(sizeof(*e));
    struct history_key edits = history_edits_key(conv, seq);
    struct slice args[] = {SLICE_LIT("LRANGE"), slice_str(edits.s),
                           SLICE_LIT("0"), SLICE_LIT("-1")};

    e->h = history_store_of(base);
    e->done = done;
    e->ctx = ctx;
    resp_conn_send(e->h->conn, &e->call, on_earlier, args, COUNT_OF(args));
}
