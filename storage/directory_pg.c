/* The directory: a pool, the functions that ask it, and what they share. */
#include "storage/directory_pg.h"

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "storage/directory_call.h"

struct directory_pg {
    struct directory base;
    struct directory_ops ops;
    struct pg_pool *pool;
    struct wide_asks wide;
};

enum {
    GAPS_TEXT_MAX = 256, /* bytes */
};

static const struct log_ctx who = {"directory", 0};

static bool ready(struct directory *d) {
    return pg_pool_ready(((struct directory_pg *)d)->pool);
}

enum rc directory_pg_open(struct directory **out, struct loop *loop,
                          const struct directory_pg_config *config) {
    struct pg_pool_config pool = {.conninfo = config->conninfo,
                                  .program = config->program,
                                  .links = config->links,
                                  .queue_max = config->queue_max,
                                  .deadline_ms = config->deadline_ms,
                                  .no_prepare = config->no_prepare,
                                  .stmts = directory_sql,
                                  .stmt_count = SQL_COUNT};
    struct directory_pg *d = mem_new(sizeof(*d));
    enum rc rc = pg_pool_open(&d->pool, loop, &pool);

    if (rc != RC_OK) {
        mem_free(d);
        return rc;
    }
    list_init(&d->wide.waiting);
    d->ops.ready = ready;
    users_add_ops(&d->ops);
    api_keys_add_ops(&d->ops);
    devices_add_ops(&d->ops);
    convs_add_ops(&d->ops);
    wide_convs_add_ops(&d->ops);
    members_add_ops(&d->ops);
    groups_add_ops(&d->ops);
    invites_add_ops(&d->ops);
    erase_add_ops(&d->ops);
    friends_add_ops(&d->ops);
    blocks_add_ops(&d->ops);
    lists_add_ops(&d->ops);
    settings_add_ops(&d->ops);
    stores_add_ops(&d->ops);
    d->base.ops = &d->ops;
    *out = &d->base;
    return RC_OK;
}

void directory_pg_close(struct directory **d) {
    if (*d != NULL) {
        pg_pool_close(&((struct directory_pg *)*d)->pool);
        mem_free(*d);
        *d = NULL;
    }
}

struct pg_pool_stats directory_pg_stats(const struct directory *d) {
    return pg_pool_stats(((const struct directory_pg *)d)->pool);
}

const struct histogram *directory_pg_seconds(const struct directory *d) {
    return pg_pool_seconds(((const struct directory_pg *)d)->pool);
}

struct dir_call *dir_call_new(struct directory *d, enum directory_sql stmt,
                              pg_answer_fn on_answer, union dir_done done,
                              void *ctx) {
    struct dir_call *c = mem_new(sizeof(*c));

    pg_request_init(&c->req, &directory_sql[stmt], on_answer);
    c->owner = d;
    c->done = done;
    c->ctx = ctx;
    return c;
}

struct wide_asks *dir_wide_asks(struct directory *d) {
    return &((struct directory_pg *)d)->wide;
}

void dir_call_send(struct dir_call *c) {
    pg_pool_ask(((struct directory_pg *)c->owner)->pool, &c->req);
}

struct dir_call dir_call_end(struct pg_request *req) {
    struct dir_call *c = CONTAINER_OF(req, struct dir_call, req);
    struct dir_call copy = *c;

    mem_free(c);
    return copy;
}

enum rc dir_row_end(const struct pg_row *r, const struct dir_call *c) {
    if (pg_row_done(r)) {
        return RC_OK;
    }
    log_error(&who, "pg_bad_row", "stmt=%s row=%d col=%d", c->req.stmt->name,
              r->row, r->col);
    return RC_BACKEND;
}

enum rc dir_outcome(struct pg_row *r) {
    static const struct {
        const char *word;
        enum rc rc;
    } words[] = {
        {"ok", RC_OK},       {"not_found", RC_NOT_FOUND}, {"denied", RC_DENIED},
        {"limit", RC_LIMIT}, {"conflict", RC_CONFLICT},
    };
    struct slice word = pg_row_text(r, 16);

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (slice_is(word, words[i].word)) {
            return words[i].rc;
        }
    }
    r->bad = true;
    return RC_BACKEND;
}

enum rc dir_row_begin(const struct pg_result *res, size_t row,
                      struct pg_row *r) {
    enum rc rc;

    pg_row_init(r, res, row);
    rc = dir_outcome(r);
    return r->bad ? RC_OK : rc;
}

enum rc dir_only_row_begin(const struct pg_result *res, struct pg_row *r) {
    return pg_rows(res) == 1 ? dir_row_begin(res, 0, r) : RC_BACKEND;
}

void dir_on_done(struct pg_request *req, enum rc rc,
                 const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);

    (void)res;
    c.done.done(c.ctx, rc);
}

void dir_on_one(struct pg_request *req, enum rc rc,
                const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);

    if (rc == RC_OK && pg_rows(res) == 0) {
        rc = RC_NOT_FOUND;
    }
    c.done.done(c.ctx, rc);
}

void dir_read_place(struct pg_row *r, struct member_row *out) {
    out->role = (enum role)pg_row_num(r, ROLE_OWNER);
    out->from.v = pg_row_num(r, INT64_MAX);
    out->until.v = pg_row_num(r, INT64_MAX);
    out->silenced_ms = pg_row_num(r, INT64_MAX);
}

static void read_changed(struct pg_row *r, struct member_changed *out) {
    out->version.v = pg_row_num(r, INT64_MAX);
    out->member_count = (uint32_t)pg_row_num(r, GROUP_MAX_MEMBERS);
    out->changed = pg_row_bool(r);
    out->wide = pg_row_bool(r);
    out->kind = (enum conv_kind)pg_row_num(r, CONV_GROUP);
    out->owner.v = pg_row_num(r, INT64_MAX);
    out->conv.v = pg_row_num(r, INT64_MAX);
    out->by.v = pg_row_num(r, INT64_MAX);
    out->joined = pg_row_bool(r);
}

static enum rc read_change(const struct pg_result *res,
                           const struct dir_call *c,
                           struct member_changed *out) {
    struct pg_row r;
    enum rc rc = dir_only_row_begin(res, &r);

    if (rc != RC_OK) {
        return rc;
    }
    read_changed(&r, out);
    return dir_row_end(&r, c);
}

void dir_on_changed(struct pg_request *req, enum rc rc,
                    const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct member_changed out = {0};

    if (rc == RC_OK) {
        rc = read_change(res, &c, &out);
    }
    c.done.changed(c.ctx, rc, rc == RC_OK ? &out : NULL);
}

void dir_on_outcome(struct pg_request *req, enum rc rc,
                    const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct pg_row r;

    if (rc == RC_OK && pg_rows(res) != 1) {
        rc = RC_BACKEND;
    }
    if (rc == RC_OK) {
        pg_row_init(&r, res, 0);
        rc = dir_outcome(&r);
    }
    c.done.done(c.ctx, rc);
}

/* Takes a number and the comma behind it off the front. */
static uint64_t take_number(struct pg_row *r, struct slice *list) {
    size_t comma = slice_find(*list, ',');
    uint64_t v = 0;

    if (!slice_to_u64(slice_take(*list, comma), &v)) {
        r->bad = true;
    }
    *list = slice_drop(*list, comma < list->n ? comma + 1 : comma);
    return v;
}

void dir_read_gaps(struct pg_row *r, struct member_row *out) {
    struct slice list = pg_row_text(r, GAPS_TEXT_MAX);

    out->gap_count = 0;
    out->away.v = 0;
    while (list.n > 0) {
        struct msg_seq first = {take_number(r, &list)};

        if (list.n == 0) {
            out->away = first;
            return;
        }
        if (out->gap_count == MEMBER_GAPS_MAX) {
            r->bad = true;
            return;
        }
        out->gaps[out->gap_count].first = first;
        out->gaps[out->gap_count++].last.v = take_number(r, &list);
    }
}
