#include "gateway/upgrade.h"

#include <stdio.h>

#include "gateway/request.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/net/address.h"
#include "proto/wire/http_target.h"
#include "proto/wire/ws_handshake.h"

static void refuse(struct server *server, struct http_exchange *x,
                   enum error_code code, uint64_t retry_ms) {
    struct buf headers;
    struct buf b;

    server->stats.refused++;
    buf_init(&headers);
    buf_init(&b);
    if (retry_ms > 0) {
        buf_addf(&headers, "Retry-After: %llu\r\n",
                 (unsigned long long)((retry_ms + 999) / 1000));
    }
    if (code == ERROR_UNAUTHORIZED) {
        buf_add_str(&headers, "WWW-Authenticate: Bearer\r\n");
    }
    request_error_text(&b, slice_of(NULL, 0), code, NULL, retry_ms);
    http_answer(x, error_info(code)->status, buf_slice(&headers),
                SLICE_LIT("application/json"), buf_slice(&b));
    buf_fini(&headers);
    buf_fini(&b);
}

/* What the handshake itself found wrong; the words are its own. A client that
 * got it wrong may go on with frames, which are no requests: it has to come
 * again. */
static void refuse_handshake(struct http_exchange *x,
                             const struct ws_answer *answer) {
    struct json_out o;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("error"));
    json_field_str(&o, "code", SLICE_LIT("bad_handshake"));
    json_field_str(&o, "message", slice_str(answer->why));
    json_end_obj(&o);
    if (answer->status == 400) {
        http_answer_last(x);
    }
    http_answer(x, answer->status, slice_str(answer->headers),
                SLICE_LIT("application/json"), buf_slice(&b));
    buf_fini(&b);
}

static bool token_in_url(struct slice query) {
    static const char *const names[] = {"token", "access_token", "jwt", "auth"};
    struct buf value;
    bool found = false;

    buf_init(&value);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        found =
            found || http_query_get(query, names[i], &value) != RC_NOT_FOUND;
    }
    buf_fini(&value);
    return found;
}

static void accept_socket(struct server *server, struct http_exchange *x,
                          const struct ws_answer *answer,
                          const struct token_claims *claims) {
    char peer[ADDRESS_TEXT_MAX];
    struct stream *stream;
    struct buf b;

    snprintf(peer, sizeof(peer), "%s", http_peer(x));
    buf_init(&b);
    ws_handshake_write(answer, &b);
    stream = http_upgrade(x);
    stream_set_peer(stream, peer);
    if (stream_send_copy(stream, buf_slice(&b)) != RC_OK) {
        stream_close(stream, RC_LIMIT); /* the session hears of it */
    }
    buf_fini(&b);
    session_open(server, stream, claims, answer->deflate.on);
}

/* A drawn wait, so that those who are refused do not come back together. */
static uint64_t come_back_ms(struct server *server) {
    return 1000 + rand_below(&server->loop->rand, 4000);
}

void upgrade_request(struct server *server, struct http_exchange *x,
                     const struct http_head *head,
                     const struct token_claims *claims) {
    struct rate_rule rule = {(uint32_t)server->settings->connects_per_s,
                             (uint32_t)server->settings->connects_burst};
    struct ws_offer offer = {.get = head->method == HTTP_GET,
                             .has_body = http_head_has_body(head),
                             .has_extra_bytes = http_has_extra(x),
                             .deflate = server->deflate != NULL,
                             .minor = head->minor,
                             .fields = &head->fields};
    struct token_claims of_protocol;
    struct ws_answer answer;

    if (token_in_url(head->query)) {
        refuse(server, x, ERROR_TOKEN_IN_URL, 0);
        return;
    }
    ws_handshake_decide(&offer, &answer);
    if (answer.status != 101) {
        server->stats.refused++;
        refuse_handshake(x, &answer);
        return;
    }
    if (claims == NULL && answer.token.n > 0) {
        if (token_verify(&server->keys, answer.token,
                         server->loop->clock.wall_ms, &of_protocol) != RC_OK) {
            server->stats.auth_failures++;
            refuse(server, x, ERROR_UNAUTHORIZED, 0);
            return;
        }
        claims = &of_protocol;
    }
    if (server_draining(server)) {
        refuse(server, x, ERROR_UNAVAILABLE, come_back_ms(server));
        return;
    }
    if (!rate_take(&server->connects, rule, server->loop->clock.mono_ms)) {
        refuse(server, x, ERROR_RATE_LIMITED, come_back_ms(server));
        return;
    }
    if (claims == NULL &&
        strangers_count(&server->strangers, strangers_key(http_peer(x))) >=
            server->settings->strangers) {
        refuse(server, x, ERROR_RATE_LIMITED, come_back_ms(server));
        return;
    }
    accept_socket(server, x, &answer, claims);
}
