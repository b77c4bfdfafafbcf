#include "storage/history_cursors.h"

#include <assert.h>
#include <stdio.h>

#include "proto/base/map.h"
#include "proto/base/mem.h"
#include "storage/history_layout.h"
#include "storage/history_many.h"
#include "storage/history_script.h"

enum {
    ARGS_MAX = 3, /* beside the key; all are short */
};

/* A call of one script about the cursors of one conversation. */
struct cursor_call {
    struct history_call base;
    int script;
    struct history_key meta;
    struct history_number args[ARGS_MAX];
    size_t arg_count;
    /* Reads the reply, which is no error, and answers. */
    void (*take)(struct cursor_call *c, enum rc rc, const struct resp *reply);
    struct user_id user;
    union {
        history_mark_fn mark;
        history_marks_fn marks;
        history_counts_fn counts;
        history_hide_fn hide;
    } done;
    void *ctx;
};

/* ---- the call ---- */

static void on_reply(struct resp_call *call, enum rc rc,
                     const struct resp *replies);

static void send_call(struct redis_call *route) {
    struct cursor_call *c = CONTAINER_OF(route, struct cursor_call, base.route);
    struct slice args[1 + ARGS_MAX];

    args[0] = slice_str(c->meta.s);
    for (size_t i = 0; i < c->arg_count; i++) {
        args[1 + i] = slice_str(c->args[i].s);
    }
    history_script_call(&c->base, c->script, on_reply, args, 1 + c->arg_count);
}

static void on_reply(struct resp_call *call, enum rc rc,
                     const struct resp *replies) {
    struct cursor_call *c =
        CONTAINER_OF(call, struct cursor_call, base.route.call);

    if (history_call_again(&c->base, rc, replies)) {
        return;
    }
    if (rc == RC_OK) {
        rc = history_store_error(c->base.h, replies);
    }
    c->take(c, rc, replies);
    mem_free(c);
}

static struct cursor_call *call_new(struct history *base, struct conv_id conv,
                                    int script) {
    struct cursor_call *c = mem_new(sizeof(*c));

    history_call_init(&c->base, base, send_call);
    c->meta = history_key(conv, "meta");
    c->script = script;
    return c;
}

static void add_text(struct cursor_call *c, const char *text) {
    assert(c->arg_count < ARGS_MAX);
    snprintf(c->args[c->arg_count].s, sizeof(c->args[0].s), "%s", text);
    c->arg_count++;
}

static void add_seq(struct cursor_call *c, struct msg_seq seq) {
    add_text(c, history_number(seq.v).s);
}

/* ---- one cursor ---- */

static void take_mark(struct cursor_call *c, enum rc rc, const struct resp *r) {
    struct history_mark mark = {.user = c->user};
    uint64_t moved = 0;

    if (rc == RC_OK &&
        (!resp_has(r, 3) || !resp_u64(&r->items[0], &mark.read.v) ||
         !resp_u64(&r->items[1], &mark.delivered.v) ||
         !resp_u64(&r->items[2], &moved))) {
        rc = history_store_bad(c->base.h, "mark");
    }
    c->done.mark(c->ctx, rc, rc == RC_OK ? &mark : NULL, moved != 0);
}

void history_cursors_mark(struct history *base, const struct history_move *move,
                          history_mark_fn done, void *ctx) {
    struct cursor_call *c = call_new(base, move->conv, HISTORY_SCRIPT_MARK);

    add_text(c, id_text(move->user.v).s);
    add_text(c, move->cursor == CURSOR_READ ? "" : "d");
    add_seq(c, move->seq);
    c->user = move->user;
    c->take = take_mark;
    c->done.mark = done;
    c->ctx = ctx;
    send_call(&c->base.route);
}

/* ---- all cursors ---- */

static struct history_mark *mark_of(struct map *known,
                                    struct history_mark *marks, size_t *count,
                                    struct user_id user) {
    struct history_mark *m = map_get(known, user.v);

    if (m == NULL) {
        m = &marks[(*count)++];
        m->user = user;
        map_put(known, user.v, m);
    }
    return m;
}

/* One field of the hash: a user, perhaps behind a letter. */
static bool take_field(struct map *known, struct history_mark *marks,
                       size_t *count, const struct resp *pair) {
    struct slice name =
        pair[0].type == RESP_STRING ? pair[0].str : slice_of("", 0);
    uint8_t letter = 0;
    struct history_mark *m;
    struct user_id user;
    uint64_t seq;

    if (name.n == ID_TEXT_LEN + 1) {
        letter = name.p[0];
        name = slice_drop(name, 1);
    }
    if (!id_parse(name, &user.v) || !resp_u64(&pair[1], &seq)) {
        return false;
    }
    if (letter == 'h') {
        return true;
    }
    m = mark_of(known, marks, count, user);
    if (letter == 0) {
        m->read.v = seq;
    }
    if (seq > m->delivered.v) {
        m->delivered.v = seq;
    }
    return true;
}

static void take_marks(struct cursor_call *c, enum rc rc,
                       const struct resp *r) {
    struct history_mark *marks = NULL;
    struct map known;
    size_t count = 0;

    map_init(&known);
    if (rc == RC_OK && (r->type != RESP_ARRAY || r->count % 2 != 0)) {
        rc = history_store_bad(c->base.h, "marks");
    }
    if (rc == RC_OK) {
        marks = mem_new_array(r->count / 2 + 1, sizeof(*marks));
    }
    for (size_t i = 0; rc == RC_OK && i < r->count; i += 2) {
        if (!take_field(&known, marks, &count, &r->items[i])) {
            rc = history_store_bad(c->base.h, "marks");
        }
    }
    map_fini(&known);
    c->done.marks(c->ctx, rc, rc == RC_OK ? marks : NULL,
                  rc == RC_OK ? count : 0);
    mem_free(marks);
}

void history_cursors_marks(struct history *base, struct conv_id conv,
                           history_marks_fn done, void *ctx) {
    struct cursor_call *c = call_new(base, conv, HISTORY_SCRIPT_MARKS);

    add_seq(c, (struct msg_seq){0});
    c->take = take_marks;
    c->done.marks = done;
    c->ctx = ctx;
    send_call(&c->base.route);
}

static void take_counts(struct cursor_call *c, enum rc rc,
                        const struct resp *r) {
    uint64_t reads = 0;
    uint64_t delivereds = 0;

    if (rc == RC_OK && !resp_has(r, 0) &&
        (!resp_has(r, 2) || !resp_u64(&r->items[0], &reads) ||
         !resp_u64(&r->items[1], &delivereds))) {
        rc = history_store_bad(c->base.h, "counts");
    }
    c->done.counts(c->ctx, rc, reads, delivereds);
}

void history_cursors_counts(struct history *base, struct conv_id conv,
                            struct msg_seq seq, history_counts_fn done,
                            void *ctx) {
    struct cursor_call *c = call_new(base, conv, HISTORY_SCRIPT_MARKS);

    assert(seq.v > 0);
    add_seq(c, seq);
    c->take = take_counts;
    c->done.counts = done;
    c->ctx = ctx;
    send_call(&c->base.route);
}

/* ---- hiding ---- */

static void take_hide(struct cursor_call *c, enum rc rc, const struct resp *r) {
    uint64_t hidden = 0;

    if (rc == RC_OK && resp_has(r, 1) && resp_is(&r->items[0], "FULL")) {
        rc = RC_LIMIT;
    } else if (rc == RC_OK && !resp_u64(r, &hidden)) {
        rc = history_store_bad(c->base.h, "hide");
    }
    c->done.hide(c->ctx, rc, hidden);
}

void history_cursors_hide(struct history *base, struct conv_id conv,
                          struct user_id user, struct msg_seq seq,
                          history_hide_fn done, void *ctx) {
    struct cursor_call *c = call_new(base, conv, HISTORY_SCRIPT_HIDE);

    add_text(c, id_text(user.v).s);
    add_seq(c, seq);
    c->take = take_hide;
    c->done.hide = done;
    c->ctx = ctx;
    send_call(&c->base.route);
}

struct hidden_call {
    struct redis_call route;
    struct history_redis *h;
    struct history_key key;
    history_hidden_fn done;
    void *ctx;
};

/* Pairs of a seq and its place among them: 1, 2, 3, ... */
static enum rc hidden_result(struct history_redis *h, const struct resp *r,
                             struct msg_seq out[HISTORY_HIDDEN_MAX]) {
    enum rc rc = history_store_error(h, r);

    if (rc != RC_OK) {
        return rc;
    }
    if (r->type != RESP_ARRAY || r->count > 2 * (size_t)HISTORY_HIDDEN_MAX) {
        return history_store_bad(h, "hidden");
    }
    for (size_t i = 0; i + 1 < r->count; i += 2) {
        uint64_t seq;
        uint64_t place;

        if (!resp_u64(&r->items[i], &seq) ||
            !resp_u64(&r->items[i + 1], &place) || place == 0 ||
            place > r->count / 2) {
            return history_store_bad(h, "hidden");
        }
        out[place - 1].v = seq;
    }
    return RC_OK;
}

static void on_hidden(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct hidden_call *c = CONTAINER_OF(call, struct hidden_call, route.call);
    struct msg_seq seqs[HISTORY_HIDDEN_MAX];

    if (redis_call_again(&c->route, rc, replies, 1)) {
        return;
    }
    if (rc == RC_OK) {
        rc = hidden_result(c->h, replies, seqs);
    }
    c->done(c->ctx, rc, rc == RC_OK ? seqs : NULL,
            rc == RC_OK ? replies->count / 2 : 0);
    mem_free(c);
}

static void send_hidden(struct redis_call *route) {
    struct hidden_call *c = CONTAINER_OF(route, struct hidden_call, route);
    struct slice args[] = {SLICE_LIT("HGETALL"), slice_str(c->key.s)};

    resp_conn_send(redis_nodes_conn(c->h->nodes, args[1]), &route->call,
                   on_hidden, args, COUNT_OF(args));
}

void history_cursors_hidden(struct history *base, struct conv_id conv,
                            struct user_id user, history_hidden_fn done,
                            void *ctx) {
    struct hidden_call *c = mem_new(sizeof(*c));

    c->h = history_store_of(base);
    c->route.nodes = c->h->nodes;
    c->route.send = send_hidden;
    c->key = history_hidden_key(conv, user);
    c->done = done;
    c->ctx = ctx;
    send_hidden(&c->route);
}

/* ---- what is unread ---- */

struct unread_call {
    struct history_many many;
    struct user_id user;
    history_unread_fn done;
    void *ctx;
    uint64_t *counts;
    struct history_span_ask spans[];
};

static struct unread_call *unread_of(struct history_many *m) {
    return CONTAINER_OF(m, struct unread_call, many);
}

static void unread_put(struct history_many *m, struct buf *out, size_t i) {
    const struct history_span_ask *span = &unread_of(m)->spans[i];
    struct history_key meta = history_key(span->conv, "meta");
    struct id_text user = id_text(unread_of(m)->user.v);
    struct history_id id = history_id(unread_of(m)->user);
    struct history_number first = history_number(span->first.v);
    struct history_number last = history_number(span->last.v);
    struct slice args[] = {slice_str(meta.s), slice_str(user.s),
                           slice_of(id.p, sizeof(id.p)), slice_str(first.s),
                           slice_str(last.s)};

    history_script_put(out, &m->base, HISTORY_SCRIPT_UNREAD, args,
                       COUNT_OF(args));
}

static enum rc unread_take(struct history_many *m, size_t i,
                           const struct resp *r) {
    enum rc rc = history_store_error(m->base.h, r);

    if (rc == RC_OK && !resp_u64(r, &unread_of(m)->counts[i])) {
        rc = history_store_bad(m->base.h, "unread");
    }
    return rc;
}

static struct conv_id unread_conv(const struct history_many *m, size_t i) {
    return ((const struct unread_call *)(const void *)m)->spans[i].conv;
}

static void unread_end(struct history_many *m, enum rc rc) {
    struct unread_call *u = unread_of(m);

    u->done(u->ctx, rc, rc == RC_OK ? u->counts : NULL,
            rc == RC_OK ? m->count : 0);
    mem_free(u->counts);
    mem_free(u);
}

static const struct history_many_ops unread_ops = {
    .each = 1,
    .conv = unread_conv,
    .put = unread_put,
    .take = unread_take,
    .end = unread_end,
};

void history_cursors_unread(struct history *base, struct user_id user,
                            const struct history_span_ask *spans, size_t count,
                            history_unread_fn done, void *ctx) {
    struct unread_call *u = mem_new(sizeof(*u) + count * sizeof(u->spans[0]));

    assert(count > 0 && count <= HISTORY_HEADS_MAX);
    u->user = user;
    u->done = done;
    u->ctx = ctx;
    u->counts = mem_new_array(count, sizeof(*u->counts));
    for (size_t i = 0; i < count; i++) {
        u->spans[i] = spans[i];
    }
    history_many_start(&u->many, base, &unread_ops, count);
}
