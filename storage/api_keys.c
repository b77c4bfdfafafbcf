/* Keys of the team's own servers, the users they make, and what is asked for
 * once. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "proto/wire/api_key.h"
#include "storage/directory_call.h"

enum {
    HASH_MAX_BYTES = 256,
    ONCE_MAX_BYTES = 64,
};

static void on_api_keys(struct pg_request *req, enum rc rc,
                        const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    size_t count = rc == RC_OK ? pg_rows(res) : 0;
    struct api_key_row *keys = mem_new_array(count, sizeof(*keys));

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct pg_row r;

        pg_row_init(&r, res, i);
        keys[i].id.v = pg_row_num(&r, INT64_MAX);
        keys[i].hash = pg_row_text(&r, API_KEY_HASH_LEN);
        keys[i].scopes = pg_row_text(&r, SCOPES_TEXT_MAX);
        keys[i].expires_ms = pg_row_num(&r, INT64_MAX);
        rc = dir_row_end(&r, &c);
    }
    c.done.api_keys(c.ctx, rc, keys, rc == RC_OK ? count : 0);
    mem_free(keys);
}

static void api_keys(struct directory *d, const struct api_key_id *used,
                     size_t count, api_keys_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_API_KEYS, on_api_keys,
                                      (union dir_done){.api_keys = done}, ctx);
    uint64_t *ids = mem_new_array(count, sizeof(*ids));

    for (size_t i = 0; i < count; i++) {
        ids[i] = used[i].v;
    }
    pg_args_nums(&c->req.args, ids, count);
    pg_args_num(&c->req.args, API_KEYS_MAX);
    mem_free(ids);
    dir_call_send(c);
}

static enum rc read_made(const struct pg_result *res, const struct dir_call *c,
                         struct user_row *user, bool *made) {
    struct pg_row r;
    enum rc rc = dir_only_row_begin(res, &r);

    if (rc != RC_OK) {
        return rc;
    }
    user->id.v = pg_row_num(&r, INT64_MAX);
    user->name = pg_row_text(&r, NAME_MAX_BYTES);
    *made = pg_row_bool(&r);
    return dir_row_end(&r, c);
}

static void on_made(struct pg_request *req, enum rc rc,
                    const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct user_row user = {.id = {0}};
    bool made = false;

    if (rc == RC_OK) {
        rc = read_made(res, &c, &user, &made);
    }
    c.done.user_made(c.ctx, rc, rc == RC_OK ? &user : NULL, made);
}

static void user_make(struct directory *d, const struct user_new *user,
                      user_made_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_USER_MAKE, on_made,
                                      (union dir_done){.user_made = done}, ctx);

    pg_args_id(&c->req.args, user->fresh.v);
    pg_args_text(&c->req.args, user->name, NAME_MAX_BYTES);
    pg_args_text(&c->req.args, user->name_key, NAME_KEY_MAX_BYTES);
    pg_args_text(&c->req.args, user->password_hash, HASH_MAX_BYTES);
    pg_args_num(&c->req.args, user->bot ? 1 : 0);
    pg_args_text(&c->req.args, user->issuer, IDENTITY_MAX_BYTES);
    pg_args_text(&c->req.args, user->subject, IDENTITY_MAX_BYTES);
    dir_call_send(c);
}

static enum rc read_once(const struct pg_result *res, const struct dir_call *c,
                         uint64_t *id) {
    struct pg_row r;
    enum rc rc = dir_only_row_begin(res, &r);

    if (rc != RC_OK) {
        return rc;
    }
    *id = pg_row_num(&r, INT64_MAX);
    return dir_row_end(&r, c);
}

static void on_once(struct pg_request *req, enum rc rc,
                    const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    uint64_t id = 0;

    if (rc == RC_OK) {
        rc = read_once(res, &c, &id);
    }
    c.done.once(c.ctx, rc, id);
}

static void once(struct directory *d, const struct once_ask *ask, once_fn done,
                 void *ctx) {
    struct dir_call *c =
        dir_call_new(d, SQL_ONCE, on_once, (union dir_done){.once = done}, ctx);

    pg_args_id(&c->req.args, ask->owner);
    pg_args_text(&c->req.args, ask->name, ONCE_MAX_BYTES);
    pg_args_num(&c->req.args, ask->hash);
    pg_args_id(&c->req.args, ask->fresh);
    dir_call_send(c);
}

void api_keys_add_ops(struct directory_ops *ops) {
    ops->once = once;
    ops->api_keys = api_keys;
    ops->user_make = user_make;
}
