/* Blocks, and who may see whom. */
#include <stdint.h>

#include "storage/directory_call.h"

static enum rc read_block(const struct pg_result *res, const struct dir_call *c,
                          struct conv_id *conv,
                          struct member_version *version) {
    struct pg_row r;
    enum rc rc = dir_only_row_begin(res, &r);

    if (rc != RC_OK) {
        return rc;
    }
    conv->v = pg_row_num(&r, INT64_MAX);
    version->v = pg_row_num(&r, INT64_MAX);
    return dir_row_end(&r, c);
}

static void on_block(struct pg_request *req, enum rc rc,
                     const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct conv_id conv = {0};
    struct member_version version = {0};

    if (rc == RC_OK) {
        rc = read_block(res, &c, &conv, &version);
    }
    c.done.block(c.ctx, rc, conv, version);
}

static void block(struct directory *d, struct user_id me, struct user_id other,
                  block_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_BLOCK, on_block,
                                      (union dir_done){.block = done}, ctx);

    pg_args_id(&c->req.args, me.v);
    pg_args_id(&c->req.args, other.v);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    c->req.args.bad = c->req.args.bad || me.v == other.v;
    dir_call_send(c);
}

static void unblock(struct directory *d, struct user_id me,
                    struct user_id other, directory_done_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_UNBLOCK, dir_on_done,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, me.v);
    pg_args_id(&c->req.args, other.v);
    dir_call_send(c);
}

static void blocks_of(struct directory *d, struct user_id me, users_fn done,
                      void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_BLOCKS_OF, dir_on_users,
                                      (union dir_done){.users = done}, ctx);

    pg_args_id(&c->req.args, me.v);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    dir_call_send(c);
}

static void ask_hidden(struct dir_call *c, struct user_id me,
                       const struct user_id *users, size_t count) {
    pg_args_id(&c->req.args, me.v);
    pg_args_users(&c->req.args, users, count);
    dir_call_send(c);
}

static void hidden_among(struct directory *d, struct user_id me,
                         const struct user_id *users, size_t count,
                         users_fn done, void *ctx) {
    ask_hidden(dir_call_new(d, SQL_HIDDEN_AMONG, dir_on_users,
                            (union dir_done){.users = done}, ctx),
               me, users, count);
}

static void hidden_from(struct directory *d, struct user_id me,
                        const struct user_id *users, size_t count,
                        users_fn done, void *ctx) {
    ask_hidden(dir_call_new(d, SQL_HIDDEN_FROM, dir_on_users,
                            (union dir_done){.users = done}, ctx),
               me, users, count);
}

void blocks_add_ops(struct directory_ops *ops) {
    ops->block = block;
    ops->unblock = unblock;
    ops->blocks_of = blocks_of;
    ops->hidden_among = hidden_among;
    ops->hidden_from = hidden_from;
}
