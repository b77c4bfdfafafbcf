/* The commands about people: me, and finding somebody. */
#include "gateway/command.h"
#include "gateway/names.h"
#include "gateway/server.h"

enum {
    FOUND_MAX = 20, /* users in the answer to a search */
};

static void put_looks(struct json_out *o, const struct user_row *user) {
    if (user->avatar.n > 0) {
        json_field_str(o, "avatar", user->avatar);
    }
    if (user->bot) {
        json_field_bool(o, "bot", true);
    }
}

/* ---- me, user.find ---- */

static void on_me(void *ctx, enum rc rc, const struct user_row *users,
                  size_t count) {
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK || count != 1) {
        request_fail_rc(r, rc == RC_OK ? RC_NOT_FOUND : rc);
        return;
    }
    o = request_begin(r, &b, "me");
    json_field_id(&o, "user", users[0].id.v);
    json_field_str(&o, "name", users[0].name);
    put_looks(&o, &users[0]);
    json_field_id(&o, "device", r->device.v);
    request_end(r, &b);
}

void cmd_me(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;

    (void)f;
    d->ops->users_by_id(d, &r->user, 1, on_me, r);
}

static void on_found(void *ctx, enum rc rc, const struct user_row *user) {
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    o = request_begin(r, &b, "user");
    json_field_id(&o, "user", user->id.v);
    json_field_str(&o, "name", user->name);
    put_looks(&o, user);
    request_end(r, &b);
}

void cmd_user_find(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct slice name = client_field_text(f, "name", NAME_MAX_BYTES);
    struct buf key;

    buf_init(&key);
    if (f->error == CLIENT_OK && name_key(name, &key) != RC_OK) {
        client_fields_fail(f, "name", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
    } else {
        d->ops->user_by_name(d, buf_slice(&key), on_found, r);
    }
    buf_fini(&key);
}

/* ---- user.names ---- */

void request_end_users(void *ctx, enum rc rc, const struct user_row *users,
                       size_t count) {
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    o = request_begin(r, &b, "users");
    json_field_arr(&o, "users");
    for (size_t i = 0; i < count; i++) {
        json_begin_obj(&o);
        json_field_id(&o, "user", users[i].id.v);
        json_field_str(&o, "name", users[i].name);
        put_looks(&o, &users[i]);
        json_end_obj(&o);
    }
    json_end_arr(&o);
    request_end(r, &b);
}

size_t request_users(struct request *r, struct client_fields *f,
                     struct user_id *users) {
    uint64_t ids[REQUEST_USERS_MAX];
    size_t count = client_field_ids(f, "users", ids, REQUEST_USERS_MAX);

    if (f->error == CLIENT_OK && count == 0) {
        client_fields_fail(f, "users", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        users[i].v = ids[i];
    }
    return count;
}

/* The names of those who exist among the ids. */
void cmd_user_names(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct user_id users[REQUEST_USERS_MAX];
    size_t count = request_users(r, f, users);

    if (count > 0) {
        d->ops->users_by_id(d, users, count, request_end_users, r);
    }
}

/* ---- user.search ---- */

void cmd_user_search(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct slice prefix = client_field_text(f, "prefix", NAME_MAX_BYTES);
    struct buf key;

    buf_init(&key);
    if (f->error == CLIENT_OK && name_prefix_key(prefix, &key) != RC_OK) {
        client_fields_fail(f, "prefix", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
    } else {
        d->ops->users_by_prefix(d, buf_slice(&key), FOUND_MAX,
                                request_end_users, r);
    }
    buf_fini(&key);
}

/* ---- what others share ---- */

struct user_id request_other_user(struct request *r, struct client_fields *f) {
    struct user_id other = {client_field_id(f, "user")};

    if (f->error == CLIENT_OK && other.v == r->user.v) {
        client_fields_fail(f, "user", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return (struct user_id){0};
    }
    return other;
}
