/* Logging in with a token of the identity provider, and staying so. How long is
 * for the provider to say: our token ends when its token does. */
#include <stdio.h>

#include "gateway/accounts.h"
#include "gateway/command.h"
#include "gateway/names.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

/* What must outlive the asking of the directory. */
struct coming {
    struct request *request;
    struct device_id device;
    uint64_t expires_ms;
    bool refresh;
};

/* Signed tokens count a moment longer, for clocks that differ. */
static uint64_t expires_of(const struct server *server,
                           const struct jwt_claims *claims) {
    uint64_t ours = server->loop->clock.wall_ms + server->settings->token_ms;
    uint64_t theirs = claims->expires_ms + JWT_LEEWAY_MS;

    return theirs < ours ? theirs : ours;
}

static void on_user(void *ctx, enum rc rc, const struct user_row *user) {
    struct coming c = *(struct coming *)ctx;

    mem_free(ctx);
    if (rc == RC_DENIED ||
        (rc == RC_OK && c.refresh && user->id.v != c.request->user.v)) {
        request_fail(c.request, ERROR_UNAUTHORIZED);
    } else if (rc != RC_OK) {
        request_fail_rc(c.request, rc);
    } else if (c.refresh) {
        request_end_token(c.request, c.expires_ms);
    } else {
        account_end(c.request, user, c.device, c.expires_ms);
    }
}

static uint64_t fresh_id(struct server *server) {
    return id_make(server->loop->clock.wall_ms,
                   (uint32_t)rand_u64(&server->loop->rand));
}

/* The name is the provider's idea: when it may not be one here, or somebody
 * has it, the user gets one made of his id and may change it. */
static void ask(struct request *r, const struct jwt_claims *claims,
                struct device_id device, struct slice label) {
    struct server *server = r->server;
    struct directory *d = server->core.directory;
    struct coming *c = mem_new(sizeof(*c));
    struct identity who = {.issuer = slice_str(server->identity.rule.issuer),
                           .subject = slice_str(claims->subject),
                           .fresh = {fresh_id(server)},
                           .name = slice_str(claims->name),
                           .device = device,
                           .label = label};
    char spare[32];
    struct buf key;

    *c = (struct coming){r, device, expires_of(server, claims),
                         device.v == r->device.v};
    (void)snprintf(spare, sizeof(spare), "user.%s", id_text(who.fresh.v).s);
    who.spare = slice_str(spare);
    buf_init(&key);
    if (name_key(who.name, &key) == RC_OK) {
        who.name_key = buf_slice(&key);
    } else {
        who.name = who.spare;
        who.name_key = who.spare;
    }
    d->ops->identity_login(d, &who, on_user, c);
    buf_fini(&key);
}

/* False: it was answered. */
static bool verified(struct request *r, struct slice token,
                     struct jwt_claims *out) {
    enum rc rc = identity_verify(&r->server->identity, token, out);

    if (rc == RC_OK) {
        return true;
    }
    r->server->stats.auth_failures++;
    request_fail(r, rc == RC_NOT_FOUND ? ERROR_FORBIDDEN : ERROR_UNAUTHORIZED);
    return false;
}

void identity_refresh(struct request *r, struct slice token) {
    struct jwt_claims claims;

    if (verified(r, token, &claims)) {
        ask(r, &claims, r->device, SLICE_LIT(""));
    }
}

/* Whoever is logged in already gets another device. */
void cmd_login_token(struct request *r, struct client_fields *f) {
    struct slice token = client_field_text(f, "token", JWT_TEXT_MAX);
    struct slice label = client_field_text_opt(f, "device", DEVICE_LABEL_MAX);
    struct jwt_claims claims;
    uint64_t wait;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    wait = account_wait(r);
    if (wait > 0) {
        request_fail_later(r, ERROR_RATE_LIMITED, wait);
    } else if (verified(r, token, &claims)) {
        ask(r, &claims, (struct device_id){fresh_id(r->server)}, label);
    }
}
