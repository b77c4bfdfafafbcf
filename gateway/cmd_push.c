/* The commands about being woken while one is away: the operator's key, which a
 * browser subscribes with, and the subscription of the device that asks. What
 * is done with it is moim-hooks' business. */
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/log.h"
#include "proto/wire/vapid.h"
#include "proto/wire/webpush.h"

static const struct log_ctx log_ctx = {"push", 0};

bool push_settings_ok(const struct settings *s) {
    if (s->push_key[0] == '\0' || vapid_public_ok(slice_str(s->push_key))) {
        return true;
    }
    log_error(&log_ctx, "bad_push_key",
              "want=\"push.public_key as moimctl push-key prints it\"");
    return false;
}

void cmd_push_key(struct request *r, struct client_fields *f) {
    const char *key = r->server->settings->push_key;
    struct json_out o;
    struct buf b;

    (void)f;
    if (key[0] == '\0') {
        request_fail(r, ERROR_NOT_FOUND);
        return;
    }
    o = request_begin(r, &b, "push");
    json_field_str(&o, "key", slice_str(key));
    request_end(r, &b);
}

static void on_done(void *ctx, enum rc rc) {
    struct request *r = ctx;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else {
        request_ok(r);
    }
}

/* What is wrong with it beside its lengths. */
static void check(struct client_fields *f, const struct device_push *push) {
    const struct webpush_text text = {push->endpoint, push->p256dh, push->auth};
    struct webpush_sub sub;

    switch (webpush_read(&text, &sub)) {
    case WEBPUSH_BAD_ENDPOINT:
        client_fields_fail(f, "endpoint", CLIENT_BAD_VALUE);
        break;
    case WEBPUSH_LONG_ENDPOINT:
        client_fields_fail(f, "endpoint", CLIENT_TOO_LARGE);
        break;
    case WEBPUSH_BAD_P256DH:
        client_fields_fail(f, "p256dh", CLIENT_BAD_VALUE);
        break;
    case WEBPUSH_BAD_AUTH:
        client_fields_fail(f, "auth", CLIENT_BAD_VALUE);
        break;
    case WEBPUSH_RIGHT:
        break;
    }
}

void cmd_push_subscribe(struct request *r, struct client_fields *f) {
    const struct settings *s = r->server->settings;
    struct directory *d = r->server->core.directory;
    const struct device_push push = {
        .user = r->user,
        .device = r->device,
        .endpoint = client_field_text(f, "endpoint", WEBPUSH_ENDPOINT_MAX),
        .p256dh = client_field_text(f, "p256dh", WEBPUSH_P256DH_LEN),
        .auth = client_field_text(f, "auth", WEBPUSH_AUTH_LEN),
        .life_ms = s->token_ms,
    };

    check(f, &push);
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
    } else if (s->push_key[0] == '\0') {
        request_fail(r, ERROR_NOT_FOUND);
    } else {
        d->ops->push_set(d, &push, on_done, r);
    }
}

void cmd_push_unsubscribe(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;

    (void)f;
    d->ops->push_drop(d, r->user, r->device, on_done, r);
}
