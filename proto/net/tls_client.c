#include "proto/net/tls_client.h"

#include <openssl/x509_vfy.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/tls_inner.h"

struct tls_client {
    struct tls_side side;
    SSL_SESSION *session; /* the last ticket, or NULL */
    char *session_name;   /* whose it is: its certificate is checked no more */
    bool resume;
};

static const struct log_ctx log_client = {"tls", 0};

struct tls_side *tls_client_side(struct tls_client *c) {
    return &c->side;
}

static void forget_session(struct tls_client *c) {
    SSL_SESSION_free(c->session);
    mem_free(c->session_name);
    c->session = NULL;
    c->session_name = NULL;
}

/* The name that was checked; NULL: none. The caller frees it. */
static char *checked_name(SSL *ssl) {
    X509_VERIFY_PARAM *checks = SSL_get0_param(ssl);
    const char *host = X509_VERIFY_PARAM_get0_host(checks, 0);
    char *ip;
    char *copy = NULL;

    if (host != NULL) {
        return mem_dup(host, strlen(host));
    }
    ip = X509_VERIFY_PARAM_get1_ip_asc(checks);
    if (ip != NULL) {
        copy = mem_dup(ip, strlen(ip));
        OPENSSL_free(ip);
    }
    return copy;
}

/* Answers whether the reference on `session` was taken. */
static int on_ticket(SSL *ssl, SSL_SESSION *session) {
    struct tls_client *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    char *name;

    if (!c->resume || SSL_get_verify_result(ssl) != X509_V_OK) {
        return 0;
    }
    name = checked_name(ssl);
    if (name == NULL) {
        return 0;
    }
    forget_session(c);
    c->session = session;
    c->session_name = name;
    return 1;
}

void tls_client_resume(struct tls_client *c, SSL *ssl, const char *name) {
    if (c->resume && c->session != NULL && strcmp(name, c->session_name) == 0) {
        (void)SSL_set_session(ssl, c->session);
    }
}

void tls_client_set_resume(struct tls_client *c, bool on) {
    c->resume = on;
    forget_session(c);
}

enum rc tls_client_open(struct tls_client **out, const char *ca_path) {
    struct tls_client *c = mem_new(sizeof(*c));
    bool system_ca = ca_path == NULL || ca_path[0] == '\0';
    char why[TLS_WHY_MAX];
    enum rc rc = RC_BAD_INPUT;

    c->resume = true;
    c->side.wire = tls_wire_new();
    c->side.ctx = tls_context_new(TLS_client_method());
    if (c->side.ctx == NULL) {
        goto out;
    }
    if ((system_ca ? SSL_CTX_set_default_verify_paths(c->side.ctx)
                   : SSL_CTX_load_verify_file(c->side.ctx, ca_path)) != 1) {
        tls_error_text(why, sizeof(why));
        log_error(&log_client, "tls_ca_unusable", "file=\"%s\" why=\"%s\"",
                  system_ca ? "the system's" : ca_path, why);
        goto out;
    }
    SSL_CTX_set_verify(c->side.ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_app_data(c->side.ctx, c);
    SSL_CTX_set_session_cache_mode(c->side.ctx, SSL_SESS_CACHE_CLIENT |
                                                    SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c->side.ctx, on_ticket);
    *out = c;
    c = NULL;
    rc = RC_OK;

out:
    tls_client_close(&c);
    return rc;
}

void tls_client_close(struct tls_client **c) {
    struct tls_client *gone = *c;

    *c = NULL;
    if (gone != NULL) {
        forget_session(gone);
        SSL_CTX_free(gone->side.ctx);
        BIO_meth_free(gone->side.wire);
        mem_free(gone);
    }
}

const char *tls_client_why(const struct tls_client *c) {
    return c->side.why;
}

const struct tls_counts *tls_client_counts(const struct tls_client *c) {
    return &c->side.counts;
}
