/* Devices: making, naming, using, waking and revoking them; and the one change
 * that revokes all others, a new password. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "proto/wire/webpush.h"
#include "storage/directory_call.h"

enum {
    HASH_MAX_BYTES = 256,
    LABEL_READ_MAX = 256, /* others may have written longer ones */
};

static void on_device(struct pg_request *req, enum rc rc,
                      const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct device_id device = {0};
    struct pg_row r;

    if (rc == RC_OK && pg_rows(res) == 0) {
        rc = RC_CONFLICT; /* the id is another user's device */
    }
    if (rc == RC_OK) {
        pg_row_init(&r, res, 0);
        device.v = pg_row_num(&r, INT64_MAX);
        rc = dir_row_end(&r, &c);
    }
    c.done.device(c.ctx, rc, device);
}

static void device_create(struct directory *d, struct user_id user,
                          struct device_id id, struct slice label,
                          device_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_DEVICE_CREATE, on_device,
                                      (union dir_done){.device = done}, ctx);

    pg_args_id(&c->req.args, id.v);
    pg_args_id(&c->req.args, user.v);
    pg_args_text(&c->req.args, label, DEVICE_LABEL_MAX);
    dir_call_send(c);
}

static void read_device(struct pg_row *r, struct device_row *out) {
    out->id.v = pg_row_num(r, INT64_MAX);
    out->user.v = pg_row_num(r, INT64_MAX);
    out->label = pg_row_text(r, LABEL_READ_MAX);
    out->created_ms = pg_row_num(r, INT64_MAX);
    out->used_ms = pg_row_num(r, INT64_MAX);
    out->revoked_us = pg_row_num(r, INT64_MAX);
}

/* `none` is what it means that there is no row. A row of device 0 is there to
 * be one, and no device. */
static void answer_devices(struct pg_request *req, enum rc rc,
                           const struct pg_result *res, enum rc none) {
    struct dir_call c = dir_call_end(req);
    size_t rows = rc == RC_OK ? pg_rows(res) : 0;
    struct device_row *devices = mem_new_array(rows, sizeof(*devices));
    size_t count = 0;

    if (rc == RC_OK && rows == 0) {
        rc = none;
    }
    for (size_t i = 0; rc == RC_OK && i < rows; i++) {
        struct pg_row r;

        pg_row_init(&r, res, i);
        read_device(&r, &devices[count]);
        rc = dir_row_end(&r, &c);
        count += devices[count].id.v != 0 ? 1 : 0;
    }
    c.done.devices(c.ctx, rc, devices, rc == RC_OK ? count : 0);
    mem_free(devices);
}

void dir_on_devices(struct pg_request *req, enum rc rc,
                    const struct pg_result *res) {
    answer_devices(req, rc, res, RC_OK);
}

static void on_revoked_one(struct pg_request *req, enum rc rc,
                           const struct pg_result *res) {
    answer_devices(req, rc, res, RC_NOT_FOUND);
}

static void on_password_set(struct pg_request *req, enum rc rc,
                            const struct pg_result *res) {
    answer_devices(req, rc, res, RC_CONFLICT);
}

static void devices_of(struct directory *d, struct user_id user,
                       uint64_t since_ms, devices_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_DEVICES_OF, dir_on_devices,
                                      (union dir_done){.devices = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, since_ms);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    dir_call_send(c);
}

static void device_rename(struct directory *d, struct user_id user,
                          struct device_id device, struct slice label,
                          directory_done_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_DEVICE_RENAME, dir_on_one,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_id(&c->req.args, device.v);
    pg_args_text(&c->req.args, label, DEVICE_LABEL_MAX);
    dir_call_send(c);
}

static void device_use(struct directory *d, struct user_id user,
                       struct device_id device, directory_done_fn done,
                       void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_DEVICE_USE, dir_on_one,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_id(&c->req.args, device.v);
    dir_call_send(c);
}

static enum rc read_identity(const struct pg_result *res,
                             const struct dir_call *c, struct user_row *out) {
    struct pg_row r;
    enum rc rc = dir_only_row_begin(res, &r);

    if (rc != RC_OK) {
        return rc;
    }
    out->id.v = pg_row_num(&r, INT64_MAX);
    out->name = pg_row_text(&r, NAME_MAX_BYTES);
    return dir_row_end(&r, c);
}

static void on_identity(struct pg_request *req, enum rc rc,
                        const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    struct user_row user = {.id = {0}};

    if (rc == RC_OK) {
        rc = read_identity(res, &c, &user);
    }
    c.done.user(c.ctx, rc, rc == RC_OK ? &user : NULL);
}

static void identity_login(struct directory *d, const struct identity *who,
                           user_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_IDENTITY_LOGIN, on_identity,
                                      (union dir_done){.user = done}, ctx);

    pg_args_text(&c->req.args, who->issuer, IDENTITY_MAX_BYTES);
    pg_args_text(&c->req.args, who->subject, IDENTITY_MAX_BYTES);
    pg_args_id(&c->req.args, who->fresh.v);
    pg_args_text(&c->req.args, who->name, NAME_MAX_BYTES);
    pg_args_text(&c->req.args, who->name_key, NAME_KEY_MAX_BYTES);
    pg_args_text(&c->req.args, who->spare, NAME_MAX_BYTES);
    pg_args_id(&c->req.args, who->device.v);
    pg_args_text(&c->req.args, who->label, DEVICE_LABEL_MAX);
    dir_call_send(c);
}

static void devices_revoke(struct directory *d, struct user_id user,
                           struct device_id device, enum revoke_which which,
                           devices_fn done, void *ctx) {
    bool one = which == REVOKE_THIS;
    struct dir_call *c =
        dir_call_new(d, one ? SQL_DEVICE_REVOKE : SQL_DEVICES_REVOKE_OTHERS,
                     one ? on_revoked_one : dir_on_devices,
                     (union dir_done){.devices = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, device.v);
    c->req.args.bad = c->req.args.bad || (one && device.v == 0);
    dir_call_send(c);
}

/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
static void password_set(struct directory *d, struct user_id user,
                         struct device_id keep, struct slice old,
                         struct slice fresh, devices_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_PASSWORD_SET, on_password_set,
                                      (union dir_done){.devices = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, keep.v);
    pg_args_text(&c->req.args, old, HASH_MAX_BYTES);
    pg_args_text(&c->req.args, fresh, HASH_MAX_BYTES);
    dir_call_send(c);
}

static void revoked_after(struct directory *d, uint64_t us,
                          struct device_id device, devices_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_REVOKED_AFTER, dir_on_devices,
                                      (union dir_done){.devices = done}, ctx);

    pg_args_num(&c->req.args, us);
    pg_args_num(&c->req.args, device.v);
    pg_args_num(&c->req.args, DIRECTORY_BATCH_MAX);
    dir_call_send(c);
}

static void push_set(struct directory *d, const struct device_push *push,
                     directory_done_fn done, void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_PUSH_SET, dir_on_outcome,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, push->user.v);
    pg_args_id(&c->req.args, push->device.v);
    pg_args_text(&c->req.args, push->endpoint, WEBPUSH_ENDPOINT_MAX);
    pg_args_text(&c->req.args, push->p256dh, WEBPUSH_P256DH_LEN);
    pg_args_text(&c->req.args, push->auth, WEBPUSH_AUTH_LEN);
    pg_args_num(&c->req.args, push->life_ms);
    pg_args_num(&c->req.args, DEVICE_PUSH_MAX);
    dir_call_send(c);
}

static void push_drop(struct directory *d, struct user_id user,
                      struct device_id device, directory_done_fn done,
                      void *ctx) {
    struct dir_call *c = dir_call_new(d, SQL_PUSH_DROP, dir_on_done,
                                      (union dir_done){.done = done}, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_id(&c->req.args, device.v);
    dir_call_send(c);
}

void devices_add_ops(struct directory_ops *ops) {
    ops->device_create = device_create;
    ops->devices_of = devices_of;
    ops->device_rename = device_rename;
    ops->device_use = device_use;
    ops->identity_login = identity_login;
    ops->devices_revoke = devices_revoke;
    ops->password_set = password_set;
    ops->revoked_after = revoked_after;
    ops->push_set = push_set;
    ops->push_drop = push_drop;
}
