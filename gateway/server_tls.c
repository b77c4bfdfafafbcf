/* A gateway's certificate: read at the start, and again when asked to. */
#include "gateway/server.h"
#include "proto/base/log.h"
#include "proto/net/tls.h"

enum {
    HANDSHAKE_MS = 10000, /* as for a request's head */
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
    return tls_server_open(&s->tls, &config);
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
