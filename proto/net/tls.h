/* One end of a TLS 1.2 or 1.3 connection, without a socket: what the peer sent
 * goes in, what is for the peer comes out. An idle one holds no buffer. The
 * stream drives it; everything above a stream sees plain bytes. */
#ifndef MOIM_NET_TLS_H
#define MOIM_NET_TLS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/outq.h"
#include "proto/net/tls_client.h"
#include "proto/net/tls_server.h"

struct tls;

enum {
    TLS_RECORD_MAX = 16384, /* plain bytes of the longest record */
};

/*   HANDSHAKE --> OPEN --> ENDED      and from the first two: FAILED */
enum tls_state {
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_ENDED,  /* the peer said goodbye; we may still send */
    TLS_FAILED, /* an alert is sealed; nothing more will be */
};

/* The server's end. `s` outlives it. */
struct tls *tls_accept(struct tls_server *s) MUST_CHECK;
/* The client's end, which asks for and checks `name`, a host name or an IP
 * address (copied). `c` outlives it. */
struct tls *tls_connect(struct tls_client *c, const char *name) MUST_CHECK;
/* Frees and sets *t to NULL. NULL inside is fine. */
void tls_free(struct tls **t);

/* Takes `in` from the wire, all of it, and writes what it says to `out`, which
 * has room for in.n + TLS_RECORD_MAX bytes; *n: how many. May seal an answer
 * of its own. Answers the state after it. */
enum tls_state tls_take(struct tls *t, struct slice in, uint8_t *out,
                        size_t *n) MUST_CHECK;
/* Begins a client's handshake, and once it is over moves plain bytes from the
 * front of `from` to tls_sealed while that holds less than TLS_SEALED_MOST. */
void tls_seal(struct tls *t, struct outq *from);
/* What is ready for the wire. Whoever has sent some of it takes it out. */
struct outq *tls_sealed(struct tls *t);
/* Seals a goodbye, once, if the handshake is over; nothing more is sealed. */
void tls_goodbye(struct tls *t);
enum tls_state tls_state(const struct tls *t);
/* Of a FAILED one. RC_DENIED: the peer's certificate was not accepted.
 * RC_BAD_INPUT: it did not speak TLS as we do. */
enum rc tls_why(const struct tls *t);

#endif
