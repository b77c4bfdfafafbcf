/* How session tickets are sealed: with the first of a few keys, and opened
 * with any, so that keys can be changed and shared. For tls_server.c. */
#ifndef MOIM_NET_TLS_TICKET_H
#define MOIM_NET_TLS_TICKET_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/token.h"

enum {
    TLS_TICKET_NAME_LEN = 16, /* as OpenSSL has it in the ticket */
    TLS_TICKET_KEY_LEN = 32,
};

/* What one secret gives. */
struct tls_ticket_key {
    uint8_t name[TLS_TICKET_KEY_LEN]; /* of which a ticket has the beginning */
    uint8_t cipher[TLS_TICKET_KEY_LEN];
    uint8_t mac[TLS_TICKET_KEY_LEN];
};

struct tls_ticket_keys {
    struct tls_ticket_key keys[TOKEN_KEYS_MAX];
    size_t count;
};

/* Reads the file `path`. RC_BAD_INPUT: unreadable, or wrong; logged. */
enum rc tls_ticket_read(struct tls_ticket_keys *out,
                        const char *path) MUST_CHECK;
/* A new key of our own, before the newest of `before`. RC_BACKEND: OpenSSL
 * refused; logged. */
enum rc tls_ticket_make(struct tls_ticket_keys *out,
                        const struct tls_ticket_keys *before) MUST_CHECK;
/* Wipes them. */
void tls_ticket_fini(struct tls_ticket_keys *k);
/* OpenSSL's callback; the context's app data are the struct tls_ticket_keys. */
int tls_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv,
                   EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal);

#endif
