/* How session tickets are sealed: with the first of a few secrets, and opened
 * with any, so that keys can be changed and shared. For tls_server.c. */
#ifndef MOIM_NET_TLS_TICKET_H
#define MOIM_NET_TLS_TICKET_H

#include <openssl/ssl.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/token.h"

/* Reads the file `path`. RC_BAD_INPUT: unreadable, or wrong; logged. */
enum rc tls_ticket_read(struct token_keys *out, const char *path) MUST_CHECK;
/* A new secret of our own, before the newest of `before`. */
void tls_ticket_make(struct token_keys *out, const struct token_keys *before);
/* OpenSSL's callback; the context's app data are the struct token_keys. */
int tls_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv,
                   EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal);

#endif
