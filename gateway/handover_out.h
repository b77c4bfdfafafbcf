/* The end of a gateway whose successor runs already: a process that is started
 * with the same gateway.handover connects there, and gets the listening
 * sockets, every client's socket and everything we know of it. No client
 * notices. Until the successor says that it has all of them nothing is given
 * up: when it fails we go on as before. The talk is in proto/wire/handover.h.
 *
 * What cannot move (a client under TLS, one that has not said who it is) is
 * asked to come back, as when draining. */
#ifndef MOIM_GATEWAY_HANDOVER_OUT_H
#define MOIM_GATEWAY_HANDOVER_OUT_H

#include "proto/base/macros.h"
#include "proto/base/rc.h"

struct handover_out;
struct server;

/* Waits at settings->handover, or, when it is not 0, on the socket `inherited`
 * from the predecessor, which is taken. RC_BAD_INPUT, RC_CONFLICT, RC_BACKEND
 * as fd_channel_listen; logged. */
enum rc handover_out_open(struct handover_out **out, struct server *s,
                          int inherited) MUST_CHECK;
/* Sets *h to NULL; NULL is fine. Its handles close on the loop's next turn. */
void handover_out_close(struct handover_out **h);

#endif
