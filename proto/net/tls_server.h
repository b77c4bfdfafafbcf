/* How we are a TLS server: certificate, key and ticket keys, all of which may
 * be read again while connections are open. */
#ifndef MOIM_NET_TLS_SERVER_H
#define MOIM_NET_TLS_SERVER_H

#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/tls_counts.h"

struct tls_server;

enum {
    TLS_TICKET_S = 12 * 3600, /* a session may be resumed for so long */
};

/* All borrowed until tls_server_close. */
struct tls_server_config {
    const char *cert; /* file: PEM certificate and what signed it */
    const char *key;  /* file: its PEM private key, without a password */
    /* File of keys for session tickets, as proto/wire/token_file.h reads; the
     * first seals, all open. Servers that share it resume each other's
     * sessions. "": a key that only this process knows; see
     * tls_server_new_ticket_key. */
    const char *ticket_keys;
    /* What a client is told that speaks HTTP without TLS, as it goes out;
     * or "". */
    const char *plain_answer;
};

/* Reads the files. RC_BAD_INPUT: one is missing or unreadable, is not PEM, or
 * the key is not the certificate's; logged, with the file and the remedy. A
 * certificate that is not valid now is used, and warned of. */
enum rc tls_server_open(struct tls_server **out,
                        const struct tls_server_config *config) MUST_CHECK;
/* Reads them again, for the connections to come. RC_BAD_INPUT as above: what
 * was read before stays in use. */
enum rc tls_server_reload(struct tls_server *s) MUST_CHECK;
/* A server without a file gets a new key for tickets; the one before it still
 * opens those it has sealed. To be called every TLS_TICKET_S; a reload does it
 * too. */
void tls_server_new_ticket_key(struct tls_server *s);
/* Every connection is gone. Sets *s to NULL, which may be NULL before. */
void tls_server_close(struct tls_server **s);
const struct tls_counts *tls_server_counts(const struct tls_server *s);
/* When the certificate in use ends, in seconds of Unix time. */
int64_t tls_server_expires_s(const struct tls_server *s);

#endif
