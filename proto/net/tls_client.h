/* How we are a TLS client: whom we trust, and the last session, so that a
 * reconnect is cheap. The peer's chain and name are always checked. */
#ifndef MOIM_NET_TLS_CLIENT_H
#define MOIM_NET_TLS_CLIENT_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/tls_counts.h"

struct tls_client;

/* `ca_path`: PEM certificates that are trusted; NULL or "": the system's.
 * RC_BAD_INPUT: they cannot be read. Logged. */
enum rc tls_client_open(struct tls_client **out,
                        const char *ca_path) MUST_CHECK;
/* Every connection is gone. Sets *c to NULL, which may be NULL before. */
void tls_client_close(struct tls_client **c);
/* Why the last connection that failed did, in words; "" for none. Borrowed. */
const char *tls_client_why(const struct tls_client *c);
const struct tls_counts *tls_client_counts(const struct tls_client *c);
/* Off: every handshake is a whole one. On at first. */
void tls_client_set_resume(struct tls_client *c, bool on);

#endif
