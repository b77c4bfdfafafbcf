/* Friends: one row for a pair, whoever asked first. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "storage/directory_call.h"

static void on_friends(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    size_t count = rc == RC_OK ? pg_rows(res) : 0;
    struct friend_row *friends = mem_new_array(count, sizeof(*friends));

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct pg_row r;

        pg_row_init(&r, res, i);
        friends[i].user.v = pg_row_num(&r, INT64_MAX);
        friends[i].name = pg_row_text(&r, NAME_MAX_BYTES);
        friends[i].state = (enum friend_state)pg_row_num(&r, FRIEND_BOTH);
        friends[i].remark = pg_row_text(&r, REMARK_MAX_BYTES);
        rc = dir_row_end(&r, &c);
    }
    c.done.friends(c.ctx, rc, friends, rc == RC_OK ? count : 0);
    mem_free(friends);
}

static void friends_of(struct directory *d, struct user_id user,
                       friends_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_FRIENDS_OF, on_friends,
                                      (union dir_done){.friends = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    dir_call_send(c);
}

static enum rc read_asked(const struct pg_result *res, const struct dir_call *c,
                          enum friend_state *out) {
    struct pg_row r;
    enum rc rc = dir_only_row_begin(res, &r);

    if (rc != RC_OK) {
        return rc;
    }
    *out = (enum friend_state)pg_row_num(&r, FRIEND_BOTH);
    return dir_row_end(&r, c);
}

static void on_asked(struct pg_request *req, enum rc rc,
                     const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    enum friend_state state = FRIEND_NONE;

    if (rc == RC_OK) {
        rc = read_asked(res, &c, &state);
    }
    c.done.friend(c.ctx, rc, state);
}

static void begin(struct dir_call *c, struct user_id me, struct user_id other) {
    pg_args_id(&c->req.args, me.v);
    pg_args_id(&c->req.args, other.v);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    c->req.args.bad = c->req.args.bad || me.v == other.v;
    dir_call_send(c);
}

static void friend_ask(struct directory *d, struct user_id me,
                       struct user_id other, friend_fn done, void *ctx) {
    begin(dir_call_new(d, SQL_FRIEND_ASK, on_asked,
                       (union dir_done){.friend = done}, ctx),
          me, other);
}

static void friend_make(struct directory *d, struct user_id me,
                        struct user_id other, friend_fn done, void *ctx) {
    begin(dir_call_new(d, SQL_FRIEND_MAKE, on_asked,
                       (union dir_done){.friend = done}, ctx),
          me, other);
}

static void friend_accept(struct directory *d, struct user_id me,
                          struct user_id other, friend_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_FRIEND_ACCEPT, on_asked,
                                      (union dir_done){.friend = done}, ctx);

    pg_args_id(&c->req.args, me.v);
    pg_args_id(&c->req.args, other.v);
    dir_call_send(c);
}

static void friend_remark(struct directory *d, struct user_id me,
                          struct user_id other, struct slice remark,
                          directory_done_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_FRIEND_REMARK, dir_on_one,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, me.v);
    pg_args_id(&c->req.args, other.v);
    pg_args_text(&c->req.args, remark, REMARK_MAX_BYTES);
    dir_call_send(c);
}

static void on_dropped(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);

    (void)res;
    c.done.friend(c.ctx, rc, FRIEND_NONE);
}

static void friend_drop(struct directory *d, struct user_id me,
                        struct user_id other, friend_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_FRIEND_DROP, on_dropped,
                                      (union dir_done){.friend = done}, ctx);

    pg_args_id(&c->req.args, me.v);
    pg_args_id(&c->req.args, other.v);
    dir_call_send(c);
}

void friends_add_ops(struct directory_ops *ops) {
    ops->friends_of = friends_of;
    ops->friend_ask = friend_ask;
    ops->friend_make = friend_make;
    ops->friend_accept = friend_accept;
    ops->friend_remark = friend_remark;
    ops->friend_drop = friend_drop;
}
