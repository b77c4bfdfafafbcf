/* What both kinds of TLS contexts share with the connections made of them.
 * For tls.c, tls_server.c and tls_client.c only. */
#ifndef MOIM_NET_TLS_INNER_H
#define MOIM_NET_TLS_INNER_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/tls_client.h"
#include "proto/net/tls_counts.h"
#include "proto/net/tls_server.h"

enum {
    TLS_SEALED_MOST = 64 * 1024,
    TLS_WHY_MAX = 160,
};

/* Embedded in a server's or client's context, first. */
struct tls_side {
    SSL_CTX *ctx;
    BIO_METHOD *wire; /* how connections read and write; see tls.c */
    struct tls_counts counts;
    /* For a peer that speaks HTTP without TLS, as it goes out; or empty. */
    struct slice plain_answer;
    char why[TLS_WHY_MAX]; /* the last failure, in words */
};

/* tls.c. What connections of `side` read and write through. */
BIO_METHOD *tls_wire_new(void) MUST_CHECK;
/* Versions, ciphers and modes that both sides have. NULL: OpenSSL refused,
 * which is logged. */
SSL_CTX *tls_context_new(const SSL_METHOD *method) MUST_CHECK;
struct tls_side *tls_server_side(struct tls_server *s);
struct tls_side *tls_client_side(struct tls_client *c);
/* Lets the connection begin where one with `name` ended, if there was one. */
void tls_client_resume(struct tls_client *c, SSL *ssl, const char *name);
/* OpenSSL's oldest reason in words, cut to `n`; forgets them all. */
void tls_error_text(char *out, size_t n);

#endif
