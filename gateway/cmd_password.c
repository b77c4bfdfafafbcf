/* The commands that change a password: the old one is checked, but for a key
 * that resets it; the new one is hashed and written, and every other device is
 * logged out. */
#include <sodium.h>
#include <string.h>

#include "gateway/accounts.h"
#include "gateway/command.h"
#include "gateway/names.h"
#include "gateway/passwords.h"
#include "gateway/server.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"

enum {
    RESET_RETRY_MS = 1000, /* when somebody else has just changed it */
};

struct changing {
    struct request *request;
    char *old; /* NULL: it is reset */
    char *fresh;
    char *old_hash;
    struct buf key; /* of the user's name: whose tries are counted */
};

static void changing_free(struct changing *c) {
    if (c->old != NULL) {
        sodium_memzero(c->old, strlen(c->old));
    }
    sodium_memzero(c->fresh, strlen(c->fresh));
    mem_free(c->old);
    mem_free(c->fresh);
    mem_free(c->old_hash);
    buf_fini(&c->key);
    mem_free(c);
}

static void fail(struct changing *c, enum error_code code) {
    request_fail(c->request, code);
    changing_free(c);
}

static void fail_rc(struct changing *c, enum rc rc) {
    request_fail_rc(c->request, rc);
    changing_free(c);
}

static void fail_later(struct changing *c, enum error_code code, uint64_t ms) {
    request_fail_later(c->request, code, ms);
    changing_free(c);
}

static void on_set(void *ctx, enum rc rc, const struct device_row *devices,
                   size_t count) {
    struct changing *c = ctx;

    if (rc == RC_CONFLICT && c->old == NULL) {
        fail_later(c, ERROR_UNAVAILABLE, RESET_RETRY_MS);
    } else if (rc == RC_CONFLICT) {
        fail(c, ERROR_WRONG_LOGIN); /* it was changed meanwhile */
    } else if (rc != RC_OK) {
        fail_rc(c, rc);
    } else {
        request_end_revoked(c->request, devices, count);
        changing_free(c);
    }
}

static void on_hashed(void *ctx, enum rc rc, struct slice hash) {
    struct changing *c = ctx;
    struct request *r = c->request;
    struct directory *d = r->server->core.directory;

    if (rc != RC_OK) {
        fail(c, ERROR_INTERNAL);
        return;
    }
    d->ops->password_set(d, r->user, r->device, slice_str(c->old_hash), hash,
                         on_set, c);
}

static void make_hash(struct changing *c) {
    if (hasher_make(c->request->server->hasher, slice_str(c->fresh), on_hashed,
                    c) != RC_OK) {
        fail_later(c, ERROR_BUSY, HASH_RETRY_MS);
    }
}

static void on_checked(void *ctx, enum rc rc, struct slice hash) {
    struct changing *c = ctx;
    struct server *server = c->request->server;

    (void)hash;
    if (rc != RC_OK) {
        server->stats.auth_failures++;
        fail(c, ERROR_WRONG_LOGIN);
        return;
    }
    throttle_clear(&server->accounts, buf_slice(&c->key));
    make_hash(c);
}

static bool is_weak(const struct changing *c, struct slice name) {
    const struct server *server = c->request->server;

    return password_weak(server->settings, server->password_list,
                         slice_str(c->fresh), name);
}

static void on_user(void *ctx, enum rc rc, const struct user_row *user) {
    struct changing *c = ctx;
    struct server *server = c->request->server;
    uint64_t wait;

    if (rc != RC_OK) {
        fail_rc(c, rc);
        return;
    }
    if (name_key(user->name, &c->key) != RC_OK) {
        buf_add(&c->key, user->name); /* made by other means than ours */
    }
    wait = throttle_take(&server->accounts, buf_slice(&c->key),
                         server->loop->clock.mono_ms);
    if (wait > 0) {
        fail_later(c, ERROR_RATE_LIMITED, wait);
        return;
    }
    if (is_weak(c, user->name)) {
        fail(c, ERROR_WEAK_PASSWORD);
        return;
    }
    c->old_hash = mem_dup(user->password_hash.p, user->password_hash.n);
    if (hasher_check(server->hasher, slice_str(c->old), user->password_hash,
                     on_checked, c) != RC_OK) {
        fail_later(c, ERROR_BUSY, HASH_RETRY_MS);
    }
}

/* Who has none, as a bot, gets none so. */
static void on_user_to_reset(void *ctx, enum rc rc,
                             const struct user_row *user) {
    struct changing *c = ctx;

    if (rc != RC_OK) {
        fail_rc(c, rc);
    } else if (user->password_hash.n == 0) {
        fail(c, ERROR_FORBIDDEN);
    } else if (is_weak(c, user->name)) {
        fail(c, ERROR_WEAK_PASSWORD);
    } else {
        c->old_hash = mem_dup(user->password_hash.p, user->password_hash.n);
        make_hash(c);
    }
}

/* NULL: the request has been answered. */
static struct changing *begin(struct request *r, struct client_fields *f) {
    struct slice fresh = client_field_text(f, "new", PASSWORD_BYTES_MAX);
    struct changing *c;

    if (!r->server->settings->passwords) {
        request_fail(r, ERROR_FORBIDDEN);
        return NULL;
    }
    if (f->error == CLIENT_OK && utf8_count(fresh) > PASSWORD_CHARS_MAX) {
        client_fields_fail(f, "new", CLIENT_TOO_LARGE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return NULL;
    }
    c = mem_new(sizeof(*c));
    c->request = r;
    c->fresh = mem_dup(fresh.p, fresh.n);
    buf_init(&c->key);
    return c;
}

void cmd_password_change(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct slice old = client_field_text(f, "old", PASSWORD_BYTES_MAX);
    struct changing *c = begin(r, f);

    if (c != NULL) {
        c->old = mem_dup(old.p, old.n);
        d->ops->user_by_id(d, r->user, on_user, c);
    }
}

void cmd_password_reset(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct changing *c = begin(r, f);

    if (c != NULL) {
        d->ops->user_by_id(d, r->user, on_user_to_reset, c);
    }
}
