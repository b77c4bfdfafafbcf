/* Which stores have held the history, and which does now. */
#include "chat-core/ports/store.h"
#include "storage/directory_call.h"

enum {
    SLOT_MAX = 16383,
    FOUND_BY_MAX_BYTES = 64,
};

static enum rc read_store(const struct pg_result *res, const struct dir_call *c,
                          struct store_row *out) {
    struct pg_row r;

    if (pg_rows(res) == 0) {
        return RC_NOT_FOUND;
    }
    pg_row_init(&r, res, 0);
    out->id = pg_row_text(&r, STORE_ID_LEN);
    out->slot = (unsigned)pg_row_num(&r, SLOT_MAX);
    out->whole = pg_row_bool(&r);
    return dir_row_end(&r, c);
}

static void on_store(struct pg_request *req, enum rc rc,
                     const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct store_row row = {.slot = 0};

    if (rc == RC_OK) {
        rc = read_store(res, &c, &row);
    }
    c.done.store(c.ctx, rc, rc == RC_OK ? &row : NULL);
}

static void store(struct directory *d, const struct store_found *found,
                  struct slice by, store_row_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_STORE, on_store,
                                      (union dir_done){.store = done}, ctx);

    pg_args_text(&c->req.args,
                 found == NULL ? slice_of("", 0) : slice_str(found->id.s),
                 STORE_ID_LEN);
    pg_args_num(&c->req.args, found == NULL ? 0 : found->slot);
    pg_args_text(&c->req.args, by, FOUND_BY_MAX_BYTES);
    dir_call_send(c);
}

static void store_whole(struct directory *d, struct slice id,
                        directory_done_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_STORE_WHOLE, dir_on_one,
                                      (union dir_done){.done = done}, ctx);

    pg_args_text(&c->req.args, id, STORE_ID_LEN);
    dir_call_send(c);
}

void stores_add_ops(struct directory_ops *ops) {
    ops->store = store;
    ops->store_whole = store_whole;
}
