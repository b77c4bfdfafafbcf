/* Members of conversations: asking for some, adding, removing, and the range
 * of events each may read. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "storage/directory_call.h"

/* As many rows as users were asked for; or one row with only the version when
 * none was. */
static enum rc read_members(const struct pg_result *res,
                            const struct dir_call *c,
                            struct member_version *version,
                            struct member_row *members) {
    size_t count = pg_rows(res);

    if (count == 0) {
        return RC_NOT_FOUND;
    }
    if (count != (c->asked == 0 ? 1 : c->asked)) {
        return RC_BACKEND;
    }
    for (size_t i = 0; i < count; i++) {
        struct pg_row r;

        pg_row_init(&r, res, i);
        version->v = pg_row_num(&r, INT64_MAX);
        if (c->asked == 0) {
            return r.bad ? RC_BACKEND : RC_OK;
        }
        members[i].user.v = pg_row_num(&r, INT64_MAX);
        dir_read_place(&r, &members[i]);
        dir_read_gaps(&r, &members[i]);
        if (dir_row_end(&r, c) != RC_OK) {
            return RC_BACKEND;
        }
    }
    return RC_OK;
}

static void on_members(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct member_row *members = mem_new_array(c.asked, sizeof(*members));
    struct member_version version = {0};

    if (rc == RC_OK) {
        rc = read_members(res, &c, &version, members);
    }
    c.done.members(c.ctx, rc, version, members, rc == RC_OK ? c.asked : 0);
    mem_free(members);
}

static void members_of(struct directory *d, struct conv_id conv,
                       const struct user_id *users, size_t count,
                       members_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_MEMBERS_OF, on_members,
                                      (union dir_done){.members = done}, ctx);

    c->asked = count;
    pg_args_id(&c->req.args, conv.v);
    pg_args_users(&c->req.args, users, count);
    dir_call_send(c);
}

static void member_add(struct directory *d, struct conv_id conv,
                       struct user_id actor, struct user_id user,
                       member_changed_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_MEMBER_ADD, dir_on_changed,
                                      (union dir_done){.changed = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, actor.v);
    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, NARROW_MAX_MEMBERS);
    pg_args_num(&c->req.args, GROUP_MAX_MEMBERS);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    dir_call_send(c);
}

static void member_remove(struct directory *d, struct conv_id conv,
                          struct user_id actor, struct user_id user,
                          member_changed_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_MEMBER_REMOVE, dir_on_changed,
                                      (union dir_done){.changed = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, actor.v);
    pg_args_id(&c->req.args, user.v);
    dir_call_send(c);
}

static void member_again(struct directory *d, struct conv_id conv,
                         struct user_id user, member_changed_fn done,
                         void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_MEMBER_AGAIN, dir_on_changed,
                                      (union dir_done){.changed = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, user.v);
    dir_call_send(c);
}

/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
static void member_bound(struct directory *d, struct conv_id conv,
                         struct user_id user, struct msg_seq seq, bool joined,
                         directory_done_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_MEMBER_BOUND, dir_on_outcome,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, user.v);
    pg_args_id(&c->req.args, seq.v);
    pg_args_num(&c->req.args, joined ? 1 : 0);
    dir_call_send(c);
}

void members_add_ops(struct directory_ops *ops) {
    ops->members_of = members_of;
    ops->member_add = member_add;
    ops->member_remove = member_remove;
    ops->member_again = member_again;
    ops->member_bound = member_bound;
}
