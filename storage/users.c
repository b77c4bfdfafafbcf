/* Users, and when they were last seen. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "storage/directory_call.h"

enum {
    HASH_MAX_BYTES = 256,
};

static void read_user(struct pg_row *r, struct user_row *out) {
    out->id.v = pg_row_num(r, INT64_MAX);
    out->name = pg_row_text(r, NAME_MAX_BYTES);
    out->password_hash = pg_row_text(r, HASH_MAX_BYTES);
    out->last_seen_ms = pg_row_num(r, INT64_MAX);
    out->avatar = pg_row_text(r, AVATAR_MAX_BYTES);
    out->bot = pg_row_bool(r);
}

/* `missing` is what it means that there is no row. */
static void answer_user(struct pg_request *req, enum rc rc,
                        const struct pg_result *res, enum rc missing) {
    struct dir_call c = dir_call_end(req);
    struct user_row user;
    struct pg_row r;

    if (rc == RC_OK && pg_rows(res) == 0) {
        rc = missing;
    }
    if (rc == RC_OK) {
        pg_row_init(&r, res, 0);
        read_user(&r, &user);
        rc = dir_row_end(&r, &c);
    }
    c.done.user(c.ctx, rc, rc == RC_OK ? &user : NULL);
}

static void on_created(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    answer_user(req, rc, res, RC_CONFLICT);
}

static void on_found(struct pg_request *req, enum rc rc,
                     const struct pg_result *res) {
    answer_user(req, rc, res, RC_NOT_FOUND);
}

/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
static void user_create(struct directory *d, struct user_id id,
                        struct slice name, struct slice name_key,
                        struct slice password_hash, user_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USER_CREATE, on_created,
                                      (union dir_done){.user = done}, ctx);

    pg_args_id(&c->req.args, id.v);
    pg_args_text(&c->req.args, name, NAME_MAX_BYTES);
    pg_args_text(&c->req.args, name_key, NAME_KEY_MAX_BYTES);
    pg_args_text(&c->req.args, password_hash, HASH_MAX_BYTES);
    dir_call_send(c);
}

static void user_by_name(struct directory *d, struct slice name_key,
                         user_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USER_BY_NAME, on_found,
                                      (union dir_done){.user = done}, ctx);

    pg_args_text(&c->req.args, name_key, NAME_KEY_MAX_BYTES);
    dir_call_send(c);
}

static void user_by_id(struct directory *d, struct user_id id, user_fn done,
                       void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USER_BY_ID, on_found,
                                      (union dir_done){.user = done}, ctx);

    pg_args_id(&c->req.args, id.v);
    dir_call_send(c);
}

static void user_alive(struct directory *d, struct user_id id, user_fn done,
                       void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USER_ALIVE, on_found,
                                      (union dir_done){.user = done}, ctx);

    pg_args_id(&c->req.args, id.v);
    dir_call_send(c);
}

void dir_on_users(struct pg_request *req, enum rc rc,
                  const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    size_t count = rc == RC_OK ? pg_rows(res) : 0;
    struct user_row *users = mem_new_array(count, sizeof(*users));

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct pg_row r;

        pg_row_init(&r, res, i);
        read_user(&r, &users[i]);
        rc = dir_row_end(&r, &c);
    }
    c.done.users(c.ctx, rc, users, rc == RC_OK ? count : 0);
    mem_free(users);
}

static void users_by_id(struct directory *d, const struct user_id *ids,
                        size_t count, users_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USERS_BY_ID, dir_on_users,
                                      (union dir_done){.users = done}, ctx);

    pg_args_users(&c->req.args, ids, count);
    dir_call_send(c);
}

static void users_by_prefix(struct directory *d, struct slice prefix,
                            size_t limit, users_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USERS_BY_PREFIX, dir_on_users,
                                      (union dir_done){.users = done}, ctx);

    pg_args_text(&c->req.args, prefix, NAME_KEY_MAX_BYTES);
    pg_args_num(&c->req.args, limit);
    dir_call_send(c);
}

static void seen_write(struct directory *d, const struct user_id *users,
                       const uint64_t *last_seen_ms, size_t count,
                       directory_done_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_SEEN_WRITE, dir_on_done,
                                      (union dir_done){.done = done}, ctx);

    pg_args_users(&c->req.args, users, count);
    pg_args_nums(&c->req.args, last_seen_ms, count);
    dir_call_send(c);
}

void users_add_ops(struct directory_ops *ops) {
    ops->user_create = user_create;
    ops->user_by_name = user_by_name;
    ops->user_by_id = user_by_id;
    ops->user_alive = user_alive;
    ops->users_by_id = users_by_id;
    ops->users_by_prefix = users_by_prefix;
    ops->seen_write = seen_write;
}
