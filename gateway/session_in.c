/* What a client says: texts to commands, with the limits on how often. */
#include "gateway/command.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/mem.h"

/* Unparsable: a client that does this is broken and must not loop. */
static void bad_request(struct session *s, enum client_error e) {
    session_close(s, CLOSE_BAD_REQUEST, client_error_str(e));
}

/* Where a request goes, behind those that came before; NULL: one of these has
 * the same id. */
static struct request **place_for(struct session *s, struct slice id) {
    struct request **at = &s->requests;

    while (*at != NULL) {
        if (slice_eq(id, request_id(*at))) {
            return NULL;
        }
        at = &(*at)->next;
    }
    return at;
}

static struct request *new_request(struct session *s, struct http_exchange *x,
                                   const struct client_msg *msg) {
    struct request *r = request_new(s->server, msg->id);

    r->session = s;
    r->exchange = x;
    r->user = s->state == SESSION_AUTH ? (struct user_id){0} : s->user;
    r->device = s->device;
    return r;
}

/* Too often, or too many at once? Then the request is answered so. */
static bool over_a_limit(struct session *s, struct request *r,
                         const struct client_msg *msg) {
    const struct settings *set = s->server->settings;
    uint64_t now = s->server->loop->clock.mono_ms;
    struct rate_rule all = {(uint32_t)set->commands_per_s,
                            (uint32_t)set->commands_burst};
    struct rate_rule sends = {(uint32_t)set->sends_per_s,
                              (uint32_t)set->sends_burst};
    uint64_t wait_ms = 0;

    if (!rate_take(&s->commands, all, now)) {
        request_fail_later(r, ERROR_RATE_LIMITED,
                           rate_wait_ms(&s->commands, all));
        return true;
    }
    if (limits_says(msg->type) && !rate_take(&s->sends, sends, now)) {
        request_fail_later(r, ERROR_RATE_LIMITED,
                           rate_wait_ms(&s->sends, sends));
        return true;
    }
    if (r->user.v != 0) {
        wait_ms = limits_user(&s->server->limits, r->user, now);
    }
    if (wait_ms > 0) {
        request_fail_later(r, ERROR_RATE_LIMITED, wait_ms);
        return true;
    }
    if (s->pending >= set->pending) {
        request_fail_later(r, ERROR_BUSY, 100);
        return true;
    }
    return false;
}

/* The first message of a session that did not bring its token along. */
static void run_auth(struct session *s, const struct client_msg *msg) {
    struct client_fields f;
    struct slice token;

    client_fields_init(&f, msg);
    token = client_field_text(&f, "token", TOKEN_TEXT_MAX);
    if (s->state != SESSION_AUTH || f.error != CLIENT_OK) {
        session_close(s, CLOSE_BAD_REQUEST, "auth comes once, with a token");
        return;
    }
    session_authenticate(s, token);
}

void session_run(struct session *s, struct http_exchange *x,
                 const struct client_msg *msg) {
    struct request *r = new_request(s, x, msg);
    struct request **place = place_for(s, msg->id);

    if (place == NULL) {
        request_fail(r, ERROR_DUPLICATE_ID);
        return;
    }
    if (over_a_limit(s, r, msg)) {
        return;
    }
    s->server->stats.commands++;
    *place = r;
    s->pending++;
    command_run(r, msg);
}

static void run(struct session *s, const struct client_msg *msg,
                enum client_error e) {
    if (e != CLIENT_OK) {
        request_fail(new_request(s, NULL, msg), error_of_client(e));
    } else if (slice_is(msg->type, "auth")) {
        run_auth(s, msg);
    } else {
        session_run(s, NULL, msg);
    }
}

void session_text(struct session *s, struct slice text) {
    struct slice command;
    size_t at = 0;

    while (session_open_still(s) && client_msg_next(text, &at, &command)) {
        struct client_msg msg;
        enum client_error e = client_msg_read(&s->server->doc, command, &msg);

        if (e != CLIENT_OK && e != CLIENT_BAD_VALUE) {
            bad_request(s, e);
            return;
        }
        run(s, &msg, e);
    }
}
