/* A gateway's certificate: read at the start, and again when asked to. */
#include "gateway/server.h"
#include "proto/base/log.h"
#include "proto/net/tls.h"

enum {
    HANDSHAKE_MS = 10000, /* as for a request's head */
    TICKET_KEY_MS = TLS_TICKET_S * 1000,
};

static const struct log_ctx ctx_tls = {"tls", 0};

static const char plain_answer[] =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 51\r\n"
    "Connection: close\r\n\r\n"
    "This port speaks TLS only: use https:// or wss://.\n";

static enum rc bad_settings(const char *why) {
    log_error(&ctx_tls, "tls_settings", "why=\"%s\"", why);
    return RC_BAD_INPUT;
}

static void on_ticket_key(struct wheel_timer *t) {
    struct server *s = CONTAINER_OF(t, struct server, tls_ticket_timer);

    tls_server_new_ticket_key(s->tls);
    loop_timer(s->loop, t, TICKET_KEY_MS);
}

enum rc server_tls_open(struct server *s) {
    const struct settings *set = s->settings;
    struct tls_server_config config = {set->tls_cert, set->tls_key,
                                       set->tls_ticket_keys, plain_answer};

    if (set->tls_listen[0] == '\0') {
        return set->tls_cert[0] == '\0' && set->tls_key[0] == '\0'
                   ? RC_OK
                   : bad_settings("gateway.tls_cert and tls_key are for "
                                  "gateway.tls_listen, which is empty");
    }
    if (set->tls_cert[0] == '\0' || set->tls_key[0] == '\0') {
        return bad_settings("gateway.tls_listen needs gateway.tls_cert and "
                            "gateway.tls_key");
    }
    if (tls_server_open(&s->tls, &config) != RC_OK) {
        return RC_BAD_INPUT;
    }
    wheel_timer_init(&s->tls_ticket_timer, on_ticket_key);
    loop_timer(s->loop, &s->tls_ticket_timer, TICKET_KEY_MS);
    return RC_OK;
}

void server_tls_close(struct server *s) {
    if (s->tls != NULL) {
        wheel_cancel(&s->tls_ticket_timer);
        tls_server_close(&s->tls);
    }
}

void server_tls_reload(struct server *s) {
    if (s->tls != NULL && tls_server_reload(s->tls) == RC_OK) {
        log_info(&ctx_tls, "tls_reloaded", "cert=\"%s\" expires_s=%lld",
                 s->settings->tls_cert,
                 (long long)tls_server_expires_s(s->tls));
    } else if (s->tls != NULL) {
        log_error(&ctx_tls, "tls_kept",
                  "why=\"what was read before stays in use\"");
    }
}

void server_tls_begin(struct server *s, struct stream *stream) {
    stream_secure(stream, tls_accept(s->tls), HANDSHAKE_MS);
}
