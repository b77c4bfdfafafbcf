#include "gateway/upgrade.h"

#include <stdio.h>

#include "gateway/admit.h"
#include "gateway/request.h"
#include "gateway/server.h"
#include "gateway/transport_ws.h"
#include "proto/net/address.h"
#include "proto/wire/ws_handshake.h"

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
    transport_ws_open(server, stream, claims,
                      (struct ws_terms){.deflate = answer->deflate.on,
                                        .lines = answer->lines});
}

bool upgrade_request(struct server *server, struct http_exchange *x,
                     const struct http_head *head,
                     const struct token_claims *claims) {
    struct ws_offer offer = {.get = head->method == HTTP_GET,
                             .has_body = http_head_has_body(head),
                             .has_extra_bytes = http_has_extra(x),
                             .deflate = server->deflate != NULL,
                             .minor = head->minor,
                             .fields = &head->fields};
    struct token_claims of_protocol;
    struct ws_answer answer;

    if (!admit_query(server, x, head->query)) {
        return false;
    }
    ws_handshake_decide(&offer, &answer);
    if (answer.status != 101) {
        server->stats.refused++;
        refuse_handshake(x, &answer);
        return false;
    }
    if (claims == NULL && answer.token.n > 0) {
        enum rc rc =
            revoked_verify(&server->revoked, answer.token, &of_protocol);

        if (rc == RC_AGAIN) {
            admit_refuse(server, x, ERROR_UNAVAILABLE, admit_retry_ms(server));
            return false;
        }
        if (rc != RC_OK) {
            server->stats.auth_failures++;
            admit_refuse(server, x, ERROR_UNAUTHORIZED, 0);
            return false;
        }
        claims = &of_protocol;
    }
    if (!admit_session(server, x)) {
        return false;
    }
    if (claims == NULL &&
        strangers_count(&server->strangers, strangers_key(http_peer(x))) >=
            server->settings->strangers) {
        admit_refuse(server, x, ERROR_RATE_LIMITED, admit_retry_ms(server));
        return false;
    }
    accept_socket(server, x, &answer, claims);
    return true;
}
