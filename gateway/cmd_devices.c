/* The commands about one's own devices: list, name, log out, a new token. */
#include "gateway/command.h"
#include "gateway/identity.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/log.h"

/* ---- devices ---- */

static void put_device(struct json_out *o, const struct device_row *device,
                       struct device_id mine) {
    json_begin_obj(o);
    json_field_id(o, "device", device->id.v);
    json_field_str(o, "label", device->label);
    json_field_u64(o, "created", device->created_ms);
    json_field_u64(o, "used", device->used_ms);
    json_field_bool(o, "current", device->id.v == mine.v);
    json_end_obj(o);
}

static void on_devices(void *ctx, enum rc rc, const struct device_row *devices,
                       size_t count) {
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    o = request_begin(r, &b, "devices");
    json_field_arr(&o, "devices");
    for (size_t i = 0; i < count; i++) {
        put_device(&o, &devices[i], r->device);
    }
    json_end_arr(&o);
    request_end(r, &b);
}

/* A device whose last token has expired is logged out as well. */
void cmd_devices(struct request *r, struct client_fields *f) {
    struct server *server = r->server;
    struct directory *d = server->core.directory;

    (void)f;
    d->ops->devices_of(d, r->user,
                       server->loop->clock.wall_ms - server->settings->token_ms,
                       on_devices, r);
}

/* ---- device.rename ---- */

static void on_renamed(void *ctx, enum rc rc) {
    struct request *r = ctx;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else {
        request_ok(r);
    }
}

void cmd_device_rename(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct device_id device = {client_field_id(f, "device")};
    struct slice label = client_field_text(f, "label", DEVICE_LABEL_MAX);

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    d->ops->device_rename(d, r->user, device, label, on_renamed, r);
}

/* ---- device.revoke, device.revoke_all ---- */

void request_end_revoked(struct request *r, const struct device_row *devices,
                         size_t count) {
    struct log_ctx who = {"devices", r->user.v};
    struct server *server = r->server;
    struct json_out o;
    struct buf b;

    log_info(&who, "devices_revoked", "count=%zu", count);
    o = request_begin(r, &b, "ok");
    json_field_u64(&o, "revoked", count);
    request_end(r, &b); /* first: its own session may be one of them */
    revoked_publish(&server->revoked, devices, count);
}

static void on_revoked(void *ctx, enum rc rc, const struct device_row *devices,
                       size_t count) {
    struct request *r = ctx;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    request_end_revoked(r, devices, count);
}

void cmd_device_revoke(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct device_id device = {client_field_id(f, "device")};

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    d->ops->devices_revoke(d, r->user, device, REVOKE_THIS, on_revoked, r);
}

void cmd_device_revoke_all(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;

    (void)f;
    d->ops->devices_revoke(d, r->user, r->device, REVOKE_OTHERS, on_revoked, r);
}

/* ---- token.refresh ---- */

void request_end_token(struct request *r, uint64_t expires_ms) {
    struct server *server = r->server;
    struct token_claims claims = {r->user, r->device,
                                  server->loop->clock.wall_ms, expires_ms};
    struct buf token;
    struct json_out o;
    struct buf b;

    if (r->session != NULL) {
        r->session->expires_ms = claims.expires_ms;
    }
    buf_init(&token);
    token_sign(&server->keys, &claims, &token);
    o = request_begin(r, &b, "token");
    json_field_str(&o, "token", buf_slice(&token));
    json_field_u64(&o, "expires", claims.expires_ms);
    request_end(r, &b);
    buf_fini(&token);
}

static void on_used(void *ctx, enum rc rc) {
    struct request *r = ctx;
    const struct server *server = r->server;

    if (rc == RC_NOT_FOUND) {
        request_fail(r, ERROR_UNAUTHORIZED);
    } else if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else {
        request_end_token(r, server->loop->clock.wall_ms +
                                 server->settings->token_ms);
    }
}

void cmd_token_refresh(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct slice identity = client_field_text_opt(f, "identity", JWT_TEXT_MAX);

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
    } else if (identity.p != NULL) {
        identity_refresh(r, identity);
    } else {
        d->ops->device_use(d, r->user, r->device, on_used, r);
    }
}
