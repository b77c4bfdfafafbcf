/* Conversations: one as a whole, those of a user, and making them. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "storage/directory_call.h"

/* The columns of conv_rows(); the first row has all of the conversation, and
 * each row one member or none. False: no member in this row. */
static bool read_conv(struct pg_row *r, struct conv_row *conv,
                      struct member_row *member) {
    conv->id.v = pg_row_num(r, INT64_MAX);
    conv->kind = (enum conv_kind)pg_row_num(r, CONV_GROUP);
    conv->version.v = pg_row_num(r, INT64_MAX);
    conv->title = pg_row_text(r, TITLE_MAX_BYTES);
    conv->member_count = (uint32_t)pg_row_num(r, GROUP_MAX_MEMBERS);
    conv->wide = pg_row_bool(r);
    if (pg_row_null(r)) {
        r->col += 4; /* role, from, until and muted of nobody */
        return false;
    }
    member->user.v = pg_row_num(r, INT64_MAX);
    dir_read_place(r, member);
    return true;
}

static enum rc read_conv_rows(const struct pg_result *res,
                              const struct dir_call *c, struct conv_row *conv,
                              struct member_row members[LISTED_MAX_MEMBERS]) {
    size_t count = pg_rows(res);

    if (count == 0) {
        return RC_NOT_FOUND;
    }
    if (count > LISTED_MAX_MEMBERS) {
        return RC_BACKEND;
    }
    for (size_t i = 0; i < count; i++) {
        struct pg_row r;
        enum rc rc = dir_row_begin(res, i, &r);

        if (rc != RC_OK) {
            return rc;
        }
        if (read_conv(&r, conv, &members[i])) {
            conv->listed++;
        }
        conv->closed = pg_row_bool(&r);
        dir_read_gaps(&r, &members[i]);
        conv->keep_ms = pg_row_num(&r, INT64_MAX);
        rc = dir_row_end(&r, c);
        if (rc != RC_OK) {
            return rc;
        }
    }
    return RC_OK;
}

static void on_conv(struct pg_request *req, enum rc rc,
                    const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct member_row members[LISTED_MAX_MEMBERS];
    struct conv_row conv = {.members = members};

    if (rc == RC_OK) {
        rc = read_conv_rows(res, &c, &conv, members);
    }
    c.done.conv(c.ctx, rc, rc == RC_OK ? &conv : NULL);
}

static void conv_load(struct directory *d, struct conv_id conv, conv_fn done,
                      void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_CONV_LOAD, on_conv,
                                      (union dir_done){.conv = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    dir_call_send(c);
}

static void direct_open(struct directory *d, struct user_id me,
                        struct user_id peer, struct conv_id fresh, conv_fn done,
                        void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_DIRECT_OPEN, on_conv,
                                      (union dir_done){.conv = done}, ctx);

    pg_args_id(&c->req.args, me.v);
    pg_args_id(&c->req.args, peer.v);
    pg_args_id(&c->req.args, fresh.v);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    c->req.args.bad = c->req.args.bad || me.v == peer.v;
    dir_call_send(c);
}

/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
static void group_create(struct directory *d, struct conv_id conv,
                         struct user_id owner, struct slice title,
                         const struct user_id *members, size_t count,
                         conv_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_GROUP_CREATE, on_conv,
                                      (union dir_done){.conv = done}, ctx);

    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, owner.v);
    pg_args_text(&c->req.args, title, TITLE_MAX_BYTES);
    pg_args_users(&c->req.args, members, count);
    pg_args_num(&c->req.args, NARROW_MAX_MEMBERS);
    pg_args_num(&c->req.args, GROUP_MAX_MEMBERS);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    dir_call_send(c);
}

void dir_read_conv_of_user(struct pg_row *r, struct conv_of_user *out) {
    out->id.v = pg_row_num(r, INT64_MAX);
    out->kind = (enum conv_kind)pg_row_num(r, CONV_GROUP);
    out->version.v = pg_row_num(r, INT64_MAX);
    out->member_count = (uint32_t)pg_row_num(r, GROUP_MAX_MEMBERS);
    out->wide = pg_row_bool(r);
    out->title = pg_row_text(r, TITLE_MAX_BYTES);
    out->peer.v = pg_row_num(r, INT64_MAX);
    out->peer_name = pg_row_text(r, NAME_MAX_BYTES);
    dir_read_place(r, &out->me);
    dir_read_gaps(r, &out->me);
    out->keep_ms = pg_row_num(r, INT64_MAX);
    out->settings.muted_until_ms = pg_row_num(r, INT64_MAX);
    out->settings.pinned = pg_row_bool(r);
    out->settings.notify = (enum notify)pg_row_num(r, NOTIFY_DEFAULT);
}

void dir_on_convs(struct pg_request *req, enum rc rc,
                  const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    size_t count = rc == RC_OK ? pg_rows(res) : 0;
    struct conv_of_user *convs = mem_new_array(count, sizeof(*convs));

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct pg_row r;

        pg_row_init(&r, res, i);
        dir_read_conv_of_user(&r, &convs[i]);
        convs[i].me.user.v = c.asked;
        rc = dir_row_end(&r, &c);
    }
    c.done.convs(c.ctx, rc, convs, rc == RC_OK ? count : 0);
    mem_free(convs);
}

static void convs_of(struct directory *d, struct user_id user, convs_fn done,
                     void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_CONVS_OF, dir_on_convs,
                                      (union dir_done){.convs = done}, ctx);

    c->asked = user.v;
    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    dir_call_send(c);
}

void convs_add_ops(struct directory_ops *ops) {
    ops->conv_load = conv_load;
    ops->convs_of = convs_of;
    ops->direct_open = direct_open;
    ops->group_create = group_create;
}
