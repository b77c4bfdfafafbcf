/* Groups: changing what they are, joining by an invite, listing members. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "storage/directory_call.h"

static void group_change(struct directory *d, const struct group_change *change,
                         member_changed_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_GROUP_CHANGE, dir_on_changed,
                                      (union dir_done){.changed = done}, ctx);

    pg_args_id(&c->req.args, change->conv.v);
    pg_args_id(&c->req.args, change->actor.v);
    pg_args_num(&c->req.args, (uint64_t)change->what);
    pg_args_num(&c->req.args, change->user.v);
    pg_args_num(&c->req.args, change->value);
    pg_args_text(&c->req.args, change->title, TITLE_MAX_BYTES);
    pg_args_num(&c->req.args, (uint64_t)change->least);
    pg_args_num(&c->req.args, change->below ? 1 : 0);
    dir_call_send(c);
}

static void group_logged(struct directory *d, const struct group_change *change,
                         struct member_version version, directory_done_fn done,
                         void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_GROUP_LOGGED, dir_on_done,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, change->conv.v);
    pg_args_num(&c->req.args, (uint64_t)change->what);
    pg_args_num(&c->req.args, change->user.v);
    pg_args_num(&c->req.args, version.v);
    dir_call_send(c);
}

static void group_join(struct directory *d, struct slice hash,
                       struct user_id user, member_changed_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_GROUP_JOIN, dir_on_changed,
                                      (union dir_done){.changed = done}, ctx);

    pg_args_text(&c->req.args, hash, INVITE_HASH_LEN);
    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, NARROW_MAX_MEMBERS);
    pg_args_num(&c->req.args, GROUP_MAX_MEMBERS);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    dir_call_send(c);
}

static void read_member(struct pg_row *r, uint32_t *total,
                        struct group_member *out) {
    *total = (uint32_t)pg_row_num(r, GROUP_MAX_MEMBERS);
    out->user.v = pg_row_num(r, INT64_MAX);
    out->name = pg_row_text(r, NAME_MAX_BYTES);
    out->role = (enum role)pg_row_num(r, ROLE_OWNER);
    out->silenced_ms = pg_row_num(r, INT64_MAX);
    out->joined_ms = pg_row_num(r, INT64_MAX);
}

/* The first row tells the outcome and the total, and becomes members[0], which
 * is nobody. */
static enum rc read_members(const struct pg_result *res,
                            const struct dir_call *c, uint32_t *total,
                            struct group_member *members) {
    for (size_t i = 0; i < pg_rows(res); i++) {
        struct pg_row r;
        enum rc rc = dir_row_begin(res, i, &r);

        if (rc != RC_OK) {
            return rc;
        }
        read_member(&r, total, &members[i]);
        rc = dir_row_end(&r, c);
        if (rc != RC_OK) {
            return rc;
        }
    }
    return pg_rows(res) == 0 ? RC_BACKEND : RC_OK;
}

static void on_members(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    size_t count = rc == RC_OK ? pg_rows(res) : 0;
    struct group_member *members = mem_new_array(count + 1, sizeof(*members));
    uint32_t total = 0;

    if (rc == RC_OK) {
        rc = read_members(res, &c, &total, members);
    }
    c.done.group_members(c.ctx, rc, total, rc == RC_OK ? members + 1 : NULL,
                         rc == RC_OK ? count - 1 : 0);
    mem_free(members);
}

/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
static void group_members(struct directory *d, struct conv_id conv,
                          struct user_id actor, struct user_id after,
                          size_t limit, group_members_fn done, void *ctx) {
    struct dir_call *c =
        dir_call_new(d, SQL_GROUP_MEMBERS, on_members,
                     (union dir_done){.group_members = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, actor.v);
    pg_args_num(&c->req.args, after.v);
    pg_args_num(&c->req.args, limit);
    dir_call_send(c);
}

void groups_add_ops(struct directory_ops *ops) {
    ops->group_change = group_change;
    ops->group_logged = group_logged;
    ops->group_join = group_join;
    ops->group_members = group_members;
}
