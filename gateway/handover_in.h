/* The beginning of a gateway whose predecessor still runs: first it listens
 * to the bus for the predecessor's users, then it takes over the sockets and
 * what is known of each client, and goes on with them. See handover_out.h. */
#ifndef MOIM_GATEWAY_HANDOVER_IN_H
#define MOIM_GATEWAY_HANDOVER_IN_H

#include "gateway/server.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

struct handover_in;

/* What came: listening sockets, and that of the hand-over itself. */
struct handover_taken {
    struct server_sockets sockets;
    int handover;
};

/* RC_OK: the clients are here. Otherwise nothing has come, and the predecessor
 * goes on. From the loop, once; the handover_in is gone by then. `taken` is
 * borrowed, its sockets are not. */
typedef void (*handover_in_fn)(void *ctx, enum rc rc,
                               const struct handover_taken *taken);

/* Looks whether somebody runs at settings->handover, and begins.
 * RC_NOT_FOUND: nobody does. RC_BAD_INPUT, RC_DENIED: it is not one that we
 * can succeed (another name or version); RC_BACKEND, RC_TIMEOUT, RC_CLOSED; all
 * of these but RC_NOT_FOUND are logged. `s` is open and does not listen. */
enum rc handover_in_open(struct handover_in **out, struct server *s,
                         handover_in_fn done, void *ctx) MUST_CHECK;
/* Gives it up before `done`. Sets *h to NULL; NULL is fine. */
void handover_in_close(struct handover_in **h);

#endif
