#include "proto/net/tls_server.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/tls_inner.h"
#include "proto/net/tls_ticket.h"

enum {
    EXPIRES_SOON_S = 14 * 24 * 3600,
};

struct tls_server {
    struct tls_side side;
    struct tls_server_config config;
    struct tls_ticket_keys tickets;
    int64_t expires_s;
};

static const struct log_ctx log_server = {"tls", 0};

struct tls_side *tls_server_side(struct tls_server *s) {
    return &s->side;
}

/* What is wrong with `file`, in the system's words or else OpenSSL's. */
static const char *reason(const char *file, char why[TLS_WHY_MAX]) {
    if (access(file, R_OK) == 0) {
        tls_error_text(why, TLS_WHY_MAX);
        return why;
    }
    ERR_clear_error();
    return strerror(errno);
}

static void look_at_mode(const char *file) {
    struct stat st;

    if (stat(file, &st) == 0 && (st.st_mode & S_IROTH) != 0) {
        log_warn(&log_server, "tls_key_readable",
                 "file=\"%s\" why=\"everybody may read it\" remedy=\"chmod "
                 "600\"",
                 file);
    }
}

/* A key with a password would ask at a terminal that is not there. */
static int no_password(char *out, int max, int writing, void *ctx) {
    (void)out;
    (void)max;
    (void)writing;
    (void)ctx;
    return -1;
}

static enum rc load(SSL_CTX *ctx, const struct tls_server_config *c) {
    char why[TLS_WHY_MAX];

    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    if (SSL_CTX_use_certificate_chain_file(ctx, c->cert) != 1) {
        log_error(&log_server, "tls_cert_unusable",
                  "file=\"%s\" why=\"%s\" remedy=\"a PEM certificate, then "
                  "those that signed it\"",
                  c->cert, reason(c->cert, why));
        return RC_BAD_INPUT;
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, c->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1) {
        log_error(&log_server, "tls_key_unusable",
                  "file=\"%s\" why=\"%s\" remedy=\"the certificate's own PEM "
                  "key, without a password\"",
                  c->key, reason(c->key, why));
        return RC_BAD_INPUT;
    }
    look_at_mode(c->key);
    return RC_OK;
}

/* Seconds of Unix time; 0 when it cannot be told. */
static int64_t seconds_of(const ASN1_TIME *at) {
    struct tm tm;

    return ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* An old certificate is better than none: clients say what is wrong. */
static int64_t look_at_dates(SSL_CTX *ctx, const char *file) {
    const X509 *cert = SSL_CTX_get0_certificate(ctx);
    int64_t now_s = (int64_t)time(NULL);
    int64_t end_s = seconds_of(X509_get0_notAfter(cert));

    if (end_s <= now_s) {
        log_warn(&log_server, "tls_cert_expired",
                 "file=\"%s\" days_ago=%lld remedy=\"renew it, then SIGHUP\"",
                 file, (long long)((now_s - end_s) / 86400));
    } else if (end_s - now_s < EXPIRES_SOON_S) {
        log_warn(&log_server, "tls_cert_expires",
                 "file=\"%s\" days=%lld remedy=\"renew it, then SIGHUP\"", file,
                 (long long)((end_s - now_s) / 86400));
    }
    if (seconds_of(X509_get0_notBefore(cert)) > now_s) {
        log_warn(&log_server, "tls_cert_not_yet_valid",
                 "file=\"%s\" remedy=\"look at the clock\"", file);
    }
    return end_s;
}

/* Of the list the client offers, http/1.1; one that offers only others (h2)
 * is told so (RFC 7301). */
static int choose_protocol(SSL *ssl, const unsigned char **out,
                           unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *ctx) {
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    int got;

    (void)ssl;
    (void)ctx;
    got = SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in,
                                in_len);
    *out = chosen;
    return got == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                         : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Tickets are all that is kept of a session, and the client keeps them. */
static void set_up_tickets(struct tls_server *s, SSL_CTX *ctx) {
    static const unsigned char name[] = "moim";

    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_session_id_context(ctx, name, sizeof(name) - 1);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_timeout(ctx, TLS_TICKET_S);
    SSL_CTX_set_app_data(ctx, &s->tickets);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, tls_ticket_key);
}

static enum rc read_tickets(const struct tls_server *s,
                            struct tls_ticket_keys *out) {
    if (s->config.ticket_keys[0] != '\0') {
        return tls_ticket_read(out, s->config.ticket_keys);
    }
    return tls_ticket_make(out, &s->tickets);
}

enum rc tls_server_reload(struct tls_server *s) {
    struct tls_ticket_keys tickets = {.count = 0};
    SSL_CTX *ctx = tls_context_new(TLS_server_method());
    enum rc rc = RC_BAD_INPUT;

    if (ctx == NULL || load(ctx, &s->config) != RC_OK ||
        read_tickets(s, &tickets) != RC_OK) {
        goto out;
    }
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    set_up_tickets(s, ctx);
    s->expires_s = look_at_dates(ctx, s->config.cert);
    s->tickets = tickets;
    SSL_CTX_free(s->side.ctx); /* connections hold it as long as they need */
    s->side.ctx = ctx;
    ctx = NULL;
    rc = RC_OK;

out:
    tls_ticket_fini(&tickets);
    SSL_CTX_free(ctx);
    return rc;
}

enum rc tls_server_open(struct tls_server **out,
                        const struct tls_server_config *config) {
    struct tls_server *s = mem_new(sizeof(*s));
    enum rc rc;

    s->config = *config;
    s->side.wire = tls_wire_new();
    s->side.plain_answer = slice_str(config->plain_answer);
    rc = tls_server_reload(s);
    if (rc != RC_OK) {
        tls_server_close(&s);
        return rc;
    }
    *out = s;
    return RC_OK;
}

void tls_server_new_ticket_key(struct tls_server *s) {
    struct tls_ticket_keys fresh;

    if (s->config.ticket_keys[0] == '\0' &&
        tls_ticket_make(&fresh, &s->tickets) == RC_OK) {
        s->tickets = fresh;
        tls_ticket_fini(&fresh);
    }
}

void tls_server_close(struct tls_server **s) {
    struct tls_server *gone = *s;

    *s = NULL;
    if (gone != NULL) {
        SSL_CTX_free(gone->side.ctx);
        BIO_meth_free(gone->side.wire);
        tls_ticket_fini(&gone->tickets);
        mem_free(gone);
    }
}

const struct tls_counts *tls_server_counts(const struct tls_server *s) {
    return &s->side.counts;
}

int64_t tls_server_expires_s(const struct tls_server *s) {
    return s->expires_s;
}
