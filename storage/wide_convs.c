/* Which wide conversations users are in: asked for each user who opens a first
 * session, and so by thousands at once when a gateway has died. Users gather
 * while a question is on its way, and the next one is for many. */
#include "proto/base/mem.h"
#include "storage/directory_call.h"

enum {
    BATCH_MAX = 100,  /* users; one may have DIRECTORY_BATCH_MAX rows */
    ON_THEIR_WAY = 2, /* questions; as long as one is, others gather */
};

/* One user, until answered. */
struct ask {
    struct list node;
    struct user_id user;
    convs_fn done;
    void *ctx;
};

/* Those of one question. */
struct batch {
    struct ask *asks[BATCH_MAX];
    size_t count;
};

/* Answers one of them with its rows, which stand together. */
static void answer(struct ask *a, enum rc rc, const struct conv_of_user *rows,
                   size_t count) {
    size_t from = 0;
    size_t n = 0;

    while (rows != NULL && from < count && rows[from].me.user.v != a->user.v) {
        from++;
    }
    while (rows != NULL && from + n < count &&
           rows[from + n].me.user.v == a->user.v) {
        n++;
    }
    a->done(a->ctx, rc, rc == RC_OK ? &rows[from] : NULL, n);
    mem_free(a);
}

static enum rc read_rows(const struct dir_call *c, const struct pg_result *res,
                         struct conv_of_user *rows, size_t count) {
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct user_id user;
        struct pg_row r;

        pg_row_init(&r, res, i);
        user.v = pg_row_num(&r, INT64_MAX);
        dir_read_conv_of_user(&r, &rows[i]);
        rows[i].me.user = user;
        rc = dir_row_end(&r, c);
    }
    return rc;
}

static void ask_more(struct directory *d);

/* Who waits while PostgreSQL fails would fail later: he is told now. */
static void on_batch(struct pg_request *req, enum rc rc,
                     const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct wide_asks *w = dir_wide_asks(c.owner);
    size_t count = rc == RC_OK ? pg_rows(res) : 0;
    struct conv_of_user *rows = mem_new_array(count, sizeof(*rows));
    struct batch *b = c.ctx;
    struct list late;

    list_init(&late);
    w->on_their_way--;
    if (rc == RC_OK) {
        rc = read_rows(&c, res, rows, count);
        ask_more(c.owner);
    } else {
        list_append(&late, &w->waiting);
    }
    for (size_t i = 0; i < b->count; i++) {
        answer(b->asks[i], rc, rows, rc == RC_OK ? count : 0);
    }
    for (struct list *node = list_pop_front(&late); node != NULL;
         node = list_pop_front(&late)) {
        answer(CONTAINER_OF(node, struct ask, node), rc, NULL, 0);
    }
    mem_free(b);
    mem_free(rows);
}

/* One question for as many as wait and fit. */
static void ask_batch(struct directory *d, struct wide_asks *w) {
    struct batch *b = mem_new(sizeof(*b));
    struct user_id users[BATCH_MAX];
    struct dir_call *c = dir_call_new(d, SQL_WIDE_CONVS_OF, on_batch,
                                      (union dir_done){.convs = NULL}, b);

    while (b->count < BATCH_MAX && !list_empty(&w->waiting)) {
        struct list *node = list_pop_front(&w->waiting);

        b->asks[b->count] = CONTAINER_OF(node, struct ask, node);
        users[b->count] = b->asks[b->count]->user;
        b->count++;
    }
    w->on_their_way++;
    pg_args_users(&c->req.args, users, b->count);
    dir_call_send(c);
}

static void ask_more(struct directory *d) {
    struct wide_asks *w = dir_wide_asks(d);

    while (w->on_their_way < ON_THEIR_WAY && !list_empty(&w->waiting)) {
        ask_batch(d, w);
    }
}

static void wide_convs_of(struct directory *d, struct user_id user,
                          convs_fn done, void *ctx) {
    struct ask *a = mem_new(sizeof(*a));

    list_init(&a->node);
    a->user = user;
    a->done = done;
    a->ctx = ctx;
    list_push_back(&dir_wide_asks(d)->waiting, &a->node);
    ask_more(d);
}

void wide_convs_add_ops(struct directory_ops *ops) {
    ops->wide_convs_of = wide_convs_of;
}
