/* Invites: making, listing, taking back. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "storage/directory_call.h"

static void invite_make(struct directory *d, const struct invite_new *invite,
                        directory_done_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_INVITE_MAKE, dir_on_outcome,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, invite->conv.v);
    pg_args_id(&c->req.args, invite->actor.v);
    pg_args_id(&c->req.args, invite->id.v);
    pg_args_text(&c->req.args, invite->hash, INVITE_HASH_LEN);
    pg_args_num(&c->req.args, invite->expires_ms);
    pg_args_num(&c->req.args, invite->uses_max);
    pg_args_num(&c->req.args, (uint64_t)invite->least);
    pg_args_num(&c->req.args, GROUP_MAX_INVITES);
    dir_call_send(c);
}

/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
static void invite_revoke(struct directory *d, struct conv_id conv,
                          struct user_id actor, enum role least,
                          struct invite_id invite, directory_done_fn done,
                          void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_INVITE_REVOKE, dir_on_outcome,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, actor.v);
    pg_args_id(&c->req.args, invite.v);
    pg_args_num(&c->req.args, (uint64_t)least);
    dir_call_send(c);
}

static void read_invite(struct pg_row *r, struct invite *out) {
    out->id.v = pg_row_num(r, INT64_MAX);
    out->made_by.v = pg_row_num(r, INT64_MAX);
    out->created_ms = pg_row_num(r, INT64_MAX);
    out->expires_ms = pg_row_num(r, INT64_MAX);
    out->uses_max = (uint32_t)pg_row_num(r, INT32_MAX);
    out->uses = (uint32_t)pg_row_num(r, INT32_MAX);
}

/* The first row tells the outcome, and becomes invites[0], which is none. */
static enum rc read_invites(const struct pg_result *res,
                            const struct dir_call *c, struct invite *invites) {
    for (size_t i = 0; i < pg_rows(res); i++) {
        struct pg_row r;
        enum rc rc = dir_row_begin(res, i, &r);

        if (rc != RC_OK) {
            return rc;
        }
        read_invite(&r, &invites[i]);
        rc = dir_row_end(&r, c);
        if (rc != RC_OK) {
            return rc;
        }
    }
    return pg_rows(res) == 0 ? RC_BACKEND : RC_OK;
}

static void on_invites(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    size_t count = rc == RC_OK ? pg_rows(res) : 0;
    struct invite *invites = mem_new_array(count + 1, sizeof(*invites));

    if (rc == RC_OK) {
        rc = read_invites(res, &c, invites);
    }
    c.done.invites(c.ctx, rc, rc == RC_OK ? invites + 1 : NULL,
                   rc == RC_OK ? count - 1 : 0);
    mem_free(invites);
}

static void invites_of(struct directory *d, struct conv_id conv,
                       struct user_id actor, enum role least, invites_fn done,
                       void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_INVITES_OF, on_invites,
                                      (union dir_done){.invites = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, actor.v);
    pg_args_num(&c->req.args, (uint64_t)least);
    dir_call_send(c);
}

void invites_add_ops(struct directory_ops *ops) {
    ops->invite_make = invite_make;
    ops->invite_revoke = invite_revoke;
    ops->invites_of = invites_of;
}
