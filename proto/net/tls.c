#include "proto/net/tls.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/tls_inner.h"

struct tls {
    SSL *ssl; /* NULL: a server's, and the client has not spoken yet */
    struct tls_side *side;
    struct slice in; /* what tls_take was given and OpenSSL has not read yet */
    struct outq sealed;
    enum tls_state state;
    enum rc why;
    bool said_goodbye;
};

static const struct log_ctx log_tls = {"tls", 0};

static const char ciphers_1_2[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/* As in 1.2, AES-128 before the others: its SHA-256, which processors have
 * instructions for, makes every key of a handshake. */
static const char ciphers_1_3[] = "TLS_AES_128_GCM_SHA256:"
                                  "TLS_AES_256_GCM_SHA384:"
                                  "TLS_CHACHA20_POLY1305_SHA256";

/* OpenSSL makes these of nothing but memory. */
static void must(bool made) {
    if (!made) {
        log_error(&log_tls, "out_of_memory", "of=openssl");
        abort();
    }
}

/* The wire as OpenSSL sees it: reads what tls_take was given, and writes to
 * the queue. OpenSSL's own memory BIOs would keep their buffers. */

static int wire_read(BIO *bio, char *out, size_t max, size_t *n) {
    struct tls *t = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (t->in.n == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *n = t->in.n < max ? t->in.n : max;
    memcpy(out, t->in.p, *n);
    t->in = slice_drop(t->in, *n);
    return 1;
}

static int wire_write(BIO *bio, const char *bytes, size_t len, size_t *n) {
    struct tls *t = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (len > 0) {
        outq_push(&t->sealed, (struct slice){NULL, 0},
                  blob_new(slice_of(bytes, len)));
    }
    *n = len;
    return 1;
}

static long wire_ctrl(BIO *bio, int cmd, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *tls_wire_new(void) {
    BIO_METHOD *m =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "moim");

    must(m != NULL && BIO_meth_set_read_ex(m, wire_read) == 1 &&
         BIO_meth_set_write_ex(m, wire_write) == 1 &&
         BIO_meth_set_ctrl(m, wire_ctrl) == 1);
    return m;
}

/* What every connection has in common. */

SSL_CTX *tls_context_new(const SSL_METHOD *method) {
    SSL_CTX *ctx = SSL_CTX_new(method);
    char groups[] = "X25519:P-256:P-384"; /* OpenSSL's macro is not const */
    char why[TLS_WHY_MAX];

    if (ctx == NULL ||
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, ciphers_1_2) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, ciphers_1_3) != 1 ||
        SSL_CTX_set1_groups_list(ctx, groups) != 1) {
        tls_error_text(why, sizeof(why));
        log_error(&log_tls, "tls_context", "why=\"%s\"", why);
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    return ctx;
}

void tls_error_text(char *out, size_t n) {
    const char *text = ERR_reason_error_string(ERR_peek_error());

    snprintf(out, n, "%s", text == NULL ? "no reason given" : text);
    ERR_clear_error();
}

/* One connection. */

static struct tls *tls_new(struct tls_side *side) {
    struct tls *t = mem_new(sizeof(*t));

    t->side = side;
    outq_init(&t->sealed);
    return t;
}

/* OpenSSL's part of it. */
static void set_up(struct tls *t) {
    BIO *wire = BIO_new(t->side->wire);

    t->ssl = SSL_new(t->side->ctx);
    must(wire != NULL && t->ssl != NULL);
    BIO_set_data(wire, t);
    BIO_set_init(wire, 1);
    SSL_set_bio(t->ssl, wire, wire);
}

/* In a crowd many wait for their turn: what they say makes the rest of it. */
struct tls *tls_accept(struct tls_server *s) {
    return tls_new(tls_server_side(s));
}

static void hear_client(struct tls *t) {
    set_up(t);
    SSL_set_accept_state(t->ssl);
}

struct tls *tls_connect(struct tls_client *c, const char *name) {
    struct tls *t = tls_new(tls_client_side(c));
    unsigned char ip[sizeof(struct in6_addr)];
    bool number =
        inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1;

    set_up(t);
    if (number) {
        must(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), name) == 1);
    } else {
        SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        must(SSL_set1_host(t->ssl, name) == 1 &&
             SSL_set_tlsext_host_name(t->ssl, (uintptr_t)name) == 1);
    }
    tls_client_resume(c, t->ssl, name);
    SSL_set_connect_state(t->ssl);
    return t;
}

void tls_free(struct tls **t) {
    struct tls *gone = *t;

    *t = NULL;
    if (gone != NULL) {
        if (gone->ssl != NULL) {
            /* A cut connection says nothing against its ticket. */
            SSL_set_shutdown(gone->ssl,
                             SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
            SSL_free(gone->ssl);
        }
        outq_fini(&gone->sealed);
        mem_free(gone);
    }
}

/* OpenSSL has sealed an alert for a peer that speaks TLS. */
static void fail(struct tls *t) {
    unsigned long code = ERR_peek_error();
    long verdict = SSL_get_verify_result(t->ssl);
    struct tls_side *side = t->side;

    t->state = TLS_FAILED;
    t->why = RC_BAD_INPUT;
    t->in = (struct slice){NULL, 0};
    side->counts.failed++;
    if (verdict != X509_V_OK) {
        t->why = RC_DENIED;
        snprintf(side->why, sizeof(side->why), "%s",
                 X509_verify_cert_error_string(verdict));
        ERR_clear_error();
    } else {
        tls_error_text(side->why, sizeof(side->why));
    }
    log_debug(&log_tls, "tls_failed", "why=\"%s\"", side->why);
    if (ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST &&
        side->plain_answer.n > 0) {
        outq_push(&t->sealed, (struct slice){NULL, 0},
                  blob_new(side->plain_answer));
    }
}

/* What an OpenSSL call that did not succeed means. */
static void judge(struct tls *t, int result) {
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        break;
    case SSL_ERROR_ZERO_RETURN:
        t->state = TLS_ENDED;
        break;
    default:
        fail(t);
    }
}

static void shake_hands(struct tls *t) {
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(t->ssl);
    if (result != 1) {
        judge(t, result);
        return;
    }
    t->state = TLS_OPEN;
    if (SSL_session_reused(t->ssl)) {
        t->side->counts.resumed++;
    } else {
        t->side->counts.full++;
    }
}

enum tls_state tls_take(struct tls *t, struct slice in, uint8_t *out,
                        size_t *n) {
    size_t room = in.n + TLS_RECORD_MAX;

    *n = 0;
    t->in = in;
    if (t->ssl == NULL) {
        hear_client(t);
    }
    if (t->state == TLS_HANDSHAKE) {
        shake_hands(t);
    }
    while (t->state == TLS_OPEN && (t->in.n > 0 || SSL_has_pending(t->ssl))) {
        size_t got = 0;
        int result;

        ERR_clear_error();
        result = SSL_read_ex(t->ssl, out + *n, room - *n, &got);
        *n += got;
        if (result != 1) {
            judge(t, result);
            break;
        }
    }
    assert(t->in.n == 0 || t->state == TLS_ENDED || t->state == TLS_FAILED);
    t->in = (struct slice){NULL, 0};
    return t->state;
}

void tls_seal(struct tls *t, struct outq *from) {
    uint8_t plain[TLS_RECORD_MAX];

    /* A client speaks first; else each waits for what the other says. */
    if (t->ssl != NULL && SSL_in_before(t->ssl)) {
        shake_hands(t);
    }
    while ((t->state == TLS_OPEN || t->state == TLS_ENDED) &&
           !t->said_goodbye && from->bytes > 0 &&
           t->sealed.bytes < TLS_SEALED_MOST) {
        size_t n = outq_copy(from, plain, sizeof(plain));
        size_t done = 0;
        int result;

        ERR_clear_error();
        result = SSL_write_ex(t->ssl, plain, n, &done);
        if (result != 1) {
            fail(t); /* the wire takes everything: it is not a wait */
        }
        outq_take(from, done);
    }
}

struct outq *tls_sealed(struct tls *t) {
    return &t->sealed;
}

void tls_goodbye(struct tls *t) {
    if ((t->state == TLS_OPEN || t->state == TLS_ENDED) && !t->said_goodbye) {
        t->said_goodbye = true;
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl);
    }
}

enum tls_state tls_state(const struct tls *t) {
    return t->state;
}

enum rc tls_why(const struct tls *t) {
    return t->why;
}
