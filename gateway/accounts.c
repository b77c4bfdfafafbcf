#include "gateway/accounts.h"

#include <sodium.h>
#include <string.h>

#include "gateway/command.h"
#include "gateway/names.h"
#include "gateway/passwords.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"
#include "proto/net/http_conn.h"
#include "proto/wire/token_file.h"

static const struct log_ctx ctx_accounts = {"accounts", 0};

/* A sign-up or a login on its way: hash or check, write, hand out a token. */
struct entering {
    struct request *request;
    char *name;
    char *key; /* the name's unique form */
    char *password;
    char *label; /* of the device */
    struct user_id user;
    struct device_id device;
};

static void entering_free(struct entering *e) {
    sodium_memzero(e->password, strlen(e->password));
    mem_free(e->name);
    mem_free(e->key);
    mem_free(e->password);
    mem_free(e->label);
    mem_free(e);
}

static void fail(struct entering *e, enum error_code code) {
    request_fail(e->request, code);
    entering_free(e);
}

static void fail_rc(struct entering *e, enum rc rc) {
    request_fail_rc(e->request, rc);
    entering_free(e);
}

static void fail_busy(struct entering *e) {
    request_fail_later(e->request, ERROR_BUSY, HASH_RETRY_MS);
    entering_free(e);
}

static uint64_t fresh_id(struct server *server) {
    return id_make(server->loop->clock.wall_ms,
                   (uint32_t)rand_u64(&server->loop->rand));
}

/* ---- the end of both ways: a device and its token ---- */

void account_end(struct request *r, const struct user_row *user,
                 struct device_id device, uint64_t expires_ms) {
    struct server *server = r->server;
    struct token_claims claims = {user->id, device, server->loop->clock.wall_ms,
                                  expires_ms};
    struct buf token;
    struct json_out o;
    struct buf b;

    buf_init(&token);
    token_sign(&server->keys, &claims, &token);
    o = request_begin(r, &b, "account");
    json_field_id(&o, "user", user->id.v);
    json_field_str(&o, "name", user->name);
    json_field_id(&o, "device", device.v);
    json_field_str(&o, "token", buf_slice(&token));
    json_field_u64(&o, "expires", claims.expires_ms);
    request_end(r, &b);
    buf_fini(&token);
}

static void on_device(void *ctx, enum rc rc, struct device_id device) {
    struct entering *e = ctx;
    const struct server *server = e->request->server;
    struct user_row user = {.id = e->user, .name = slice_str(e->name)};

    if (rc != RC_OK) {
        fail_rc(e, rc);
        return;
    }
    account_end(e->request, &user, device,
                server->loop->clock.wall_ms + server->settings->token_ms);
    entering_free(e);
}

static void make_device(struct entering *e) {
    struct server *server = e->request->server;
    struct directory *d = server->core.directory;

    e->device.v = fresh_id(server);
    d->ops->device_create(d, e->user, e->device, slice_str(e->label), on_device,
                          e);
}

/* ---- what both begin with ---- */

/* Reads name, password and device label; 0 when the request was answered. */
static struct entering *enter(struct request *r, struct client_fields *f) {
    struct slice name = client_field_text(f, "name", NAME_MAX_BYTES);
    struct slice password =
        client_field_text(f, "password", PASSWORD_BYTES_MAX);
    struct slice label = client_field_text_opt(f, "device", DEVICE_LABEL_MAX);
    struct entering *e;
    struct buf key;

    buf_init(&key);
    if (f->error == CLIENT_OK && name_key(name, &key) != RC_OK) {
        client_fields_fail(f, "name", CLIENT_BAD_VALUE);
    }
    if (f->error == CLIENT_OK && utf8_count(password) > PASSWORD_CHARS_MAX) {
        client_fields_fail(f, "password", CLIENT_TOO_LARGE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        buf_fini(&key);
        return NULL;
    }
    e = mem_new(sizeof(*e));
    e->request = r;
    e->name = mem_dup(name.p, name.n);
    e->key = mem_dup(key.p, key.n);
    e->password = mem_dup(password.p, password.n);
    e->label = mem_dup(label.p, label.n);
    buf_fini(&key);
    return e;
}

/* True: it was asked to wait, and answered. */
static bool must_wait(struct entering *e, uint64_t wait_ms) {
    if (wait_ms > 0) {
        request_fail_later(e->request, ERROR_RATE_LIMITED, wait_ms);
        entering_free(e);
    }
    return wait_ms > 0;
}

/* Who is called `name` tries once more. */
static bool throttled(struct entering *e, struct throttle *t,
                      struct slice name) {
    const struct server *server = e->request->server;

    return must_wait(e, throttle_take(t, name, server->loop->clock.mono_ms));
}

/* The same for a request and for a session of one address. */
uint64_t account_wait(const struct request *r) {
    struct server *server = r->server;
    uint64_t key = r->exchange == NULL ? r->session->address
                                       : strangers_key(http_peer(r->exchange));

    return throttle_take(&server->addresses, slice_of(&key, sizeof(key)),
                         server->loop->clock.mono_ms);
}

static bool address_throttled(struct entering *e) {
    return must_wait(e, account_wait(e->request));
}

/* ---- sign-up ---- */

static void on_user(void *ctx, enum rc rc, const struct user_row *user) {
    struct entering *e = ctx;

    if (rc == RC_CONFLICT) {
        fail(e, ERROR_TAKEN);
    } else if (rc != RC_OK) {
        fail_rc(e, rc);
    } else {
        e->user = user->id;
        make_device(e);
    }
}

static void on_hash_made(void *ctx, enum rc rc, struct slice hash) {
    struct entering *e = ctx;
    struct server *server = e->request->server;
    struct directory *d = server->core.directory;

    if (rc != RC_OK) {
        fail(e, ERROR_INTERNAL);
        return;
    }
    e->user.v = fresh_id(server);
    d->ops->user_create(d, e->user, slice_str(e->name), slice_str(e->key), hash,
                        on_user, e);
}

void cmd_signup(struct request *r, struct client_fields *f) {
    struct server *server = r->server;
    struct entering *e;

    if (!server->settings->signup || !server->settings->passwords) {
        request_fail(r, ERROR_FORBIDDEN);
        return;
    }
    e = enter(r, f);
    if (e == NULL || address_throttled(e)) {
        return;
    }
    if (password_weak(server->settings, server->password_list,
                      slice_str(e->password), slice_str(e->name))) {
        fail(e, ERROR_WEAK_PASSWORD);
        return;
    }
    /* Do not spend a hash on what cannot be written. */
    if (!server->core.directory->ops->ready(server->core.directory)) {
        fail_rc(e, RC_AGAIN);
        return;
    }
    if (hasher_make(server->hasher, slice_str(e->password), on_hash_made, e) !=
        RC_OK) {
        fail_busy(e);
    }
}

/* ---- login ---- */

static void on_checked(void *ctx, enum rc rc, struct slice hash) {
    struct entering *e = ctx;
    struct server *server = e->request->server;

    (void)hash;
    if (rc != RC_OK) {
        server->stats.auth_failures++;
        fail(e, ERROR_WRONG_LOGIN);
        return;
    }
    throttle_clear(&server->accounts, slice_str(e->key));
    make_device(e);
}

static void on_account(void *ctx, enum rc rc, const struct user_row *user) {
    struct entering *e = ctx;
    struct server *server = e->request->server;
    struct slice hash = {NULL, 0};

    if (rc != RC_OK && rc != RC_NOT_FOUND) {
        fail_rc(e, rc);
        return;
    }
    if (rc == RC_OK) {
        hash = user->password_hash;
        e->user = user->id;
        mem_free(e->name);
        e->name = mem_dup(user->name.p, user->name.n);
    }
    /* Without an account the same work is done, for the same answer. */
    if (hasher_check(server->hasher, slice_str(e->password), hash, on_checked,
                     e) != RC_OK) {
        fail_busy(e);
    }
}

void cmd_login(struct request *r, struct client_fields *f) {
    struct server *server = r->server;
    struct directory *d = server->core.directory;
    struct entering *e;

    if (!server->settings->passwords) {
        request_fail(r, ERROR_FORBIDDEN);
        return;
    }
    e = enter(r, f);
    if (e == NULL || address_throttled(e) ||
        throttled(e, &server->accounts, slice_str(e->key))) {
        return;
    }
    d->ops->user_by_name(d, slice_str(e->key), on_account, e);
}

/* ---- keys ---- */

enum rc accounts_keys_read(struct token_keys *keys, const char *text) {
    unsigned line = 0;
    enum rc rc = token_file_parse(slice_str(text), keys, &line);

    if (rc == RC_NOT_FOUND) {
        log_error(&ctx_accounts, "no_token_key",
                  "remedy=\"moimctl gen-secret\"");
    } else if (rc != RC_OK) {
        log_error(&ctx_accounts, "bad_token_key", "line=%u why=\"%s\"", line,
                  rc_str(rc));
    }
    return rc == RC_OK ? RC_OK : RC_BAD_INPUT;
}
