/* Erasing a user: the beginning and the end of it, and his conversations one
 * page after the other. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "storage/directory_call.h"

static void convs_after(struct directory *d, struct user_id user,
                        struct conv_id after, size_t limit, convs_fn done,
                        void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_CONVS_AFTER, dir_on_convs,
                                      (union dir_done){.convs = done}, ctx);

    c->asked = user.v;
    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, after.v);
    pg_args_num(&c->req.args, limit);
    dir_call_send(c);
}

static void user_close(struct directory *d, struct user_id user,
                       devices_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USER_CLOSE, dir_on_devices,
                                      (union dir_done){.devices = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    dir_call_send(c);
}

static enum rc read_erased(const struct pg_result *res,
                           const struct dir_call *c, struct erased *out) {
    struct pg_row r;
    enum rc rc = dir_only_row_begin(res, &r);

    if (rc != RC_OK) {
        return rc;
    }
    out->friends = pg_row_num(&r, INT32_MAX);
    out->blocks = pg_row_num(&r, INT32_MAX);
    out->invites = pg_row_num(&r, INT32_MAX);
    return dir_row_end(&r, c);
}

static void on_erased(struct pg_request *req, enum rc rc,
                      const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct erased out = {0};

    if (rc == RC_OK) {
        rc = read_erased(res, &c, &out);
    }
    c.done.erased(c.ctx, rc, rc == RC_OK ? &out : NULL);
}

static void user_erase(struct directory *d, struct user_id user, erased_fn done,
                       void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USER_ERASE, on_erased,
                                      (union dir_done){.erased = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    dir_call_send(c);
}

void erase_add_ops(struct directory_ops *ops) {
    ops->convs_after = convs_after;
    ops->user_close = user_close;
    ops->user_erase = user_erase;
}
