/* What a client says: frames to commands, with the limits on how often. */
#include "gateway/command.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/mem.h"

enum {
    MESSAGE_BYTES_MAX = 64 * 1024,
};

const struct ws_limits session_limits = {MESSAGE_BYTES_MAX, 64, 30000};
static const struct ws_inflate_limits inflate_limits = {MESSAGE_BYTES_MAX, 100,
                                                        256};
static const struct rate_rule control_rule = {10, 20}; /* pings */
static const struct rate_rule pong_rule = {20, 60};

/* Unparsable: a client that does this is broken and must not loop. */
static void bad_request(struct session *s, enum client_error e) {
    session_close(s, CLOSE_BAD_REQUEST, client_error_str(e));
}

static bool id_in_use(const struct session *s, struct slice id) {
    for (struct list *n = s->requests.next; n != &s->requests; n = n->next) {
        if (slice_is(id, CONTAINER_OF(n, struct request, node)->id)) {
            return true;
        }
    }
    return false;
}

static struct request *new_request(struct session *s,
                                   const struct client_msg *msg) {
    struct request *r = request_new(s->server, msg->id);

    r->session = s;
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

    if (!rate_take(&s->commands, all, now)) {
        request_fail_later(r, ERROR_RATE_LIMITED,
                           rate_wait_ms(&s->commands, all));
        return true;
    }
    if (slice_is(msg->type, "send") && !rate_take(&s->sends, sends, now)) {
        request_fail_later(r, ERROR_RATE_LIMITED,
                           rate_wait_ms(&s->sends, sends));
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

static void run(struct session *s, const struct client_msg *msg,
                enum client_error e) {
    struct request *r;

    if (e == CLIENT_OK && slice_is(msg->type, "auth")) {
        run_auth(s, msg);
        return;
    }
    r = new_request(s, msg);
    if (e != CLIENT_OK) {
        request_fail(r, error_of_client(e));
        return;
    }
    if (id_in_use(s, msg->id)) {
        request_fail(r, ERROR_DUPLICATE_ID);
        return;
    }
    if (over_a_limit(s, r, msg)) {
        return;
    }
    s->server->stats.commands++;
    list_push_back(&s->requests, &r->node);
    s->pending++;
    command_run(r, msg);
}

static void on_text(struct session *s, struct slice frame) {
    struct slice command;
    size_t at = 0;

    while (session_open_still(s) && client_msg_next(frame, &at, &command)) {
        struct client_msg msg;
        enum client_error e = client_msg_read(&s->server->doc, command, &msg);

        if (e != CLIENT_OK && e != CLIENT_BAD_VALUE) {
            bad_request(s, e);
            return;
        }
        run(s, &msg, e);
    }
}

static void on_ping(struct session *s, struct slice body) {
    uint8_t frame[WS_HEAD_MAX + WS_CONTROL_MAX];
    struct blob *b;
    size_t n;

    if (!rate_take(&s->controls, control_rule,
                   s->server->loop->clock.mono_ms)) {
        session_close(s, WS_CODE_POLICY, "too many pings");
        return;
    }
    n = ws_head_write(frame, WS_OP_PONG, true, body.n, NULL);
    b = blob_new(body);
    if (stream_send(s->stream, slice_of(frame, n), b) != RC_OK) {
        stream_close(s->stream, RC_LIMIT);
    }
    blob_unref(&b);
}

static void on_pong(struct session *s) {
    if (!rate_take(&s->controls, pong_rule, s->server->loop->clock.mono_ms)) {
        session_close(s, WS_CODE_POLICY, "too many pongs");
    }
}

static void on_unit(struct session *s, struct ws_unit *unit) {
    if (unit->rsv1) {
        ws_deflate_unpack(s->server->deflate, &inflate_limits, unit);
    }
    switch (unit->event) {
    case WS_TEXT:
        on_text(s, unit->body);
        break;
    case WS_BINARY:
        session_close(s, WS_CODE_UNSUPPORTED, "text messages only");
        break;
    case WS_PING:
        on_ping(s, unit->body);
        break;
    case WS_PONG:
        on_pong(s);
        break;
    case WS_CLOSE:
        session_close(
            s, unit->code == WS_CODE_NONE ? WS_CODE_NORMAL : unit->code, "");
        break;
    case WS_FAIL:
        session_close(s, unit->code, "the WebSocket protocol was broken");
        break;
    case WS_NONE:
        break;
    }
}

void session_on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct session *s = owner;
    struct ws_input in = {bytes, n, s->server->loop->clock.mono_ms};
    struct ws_unit unit;

    s->heard_ms = in.now_ms;
    s->pinged = false;
    while (ws_msg_next(&s->in, &session_limits, &in, &unit) != WS_NONE) {
        if (session_open_still(s)) {
            on_unit(s, &unit);
        }
    }
    session_heard_part(s);
}
