/* Requests that carry a name of their own, in the field "once" or the header
 * Idempotency-Key: the same again within a day, on any gateway, makes nothing
 * a second time; another one of that name is refused as a conflict. */
#ifndef MOIM_GATEWAY_ONCE_H
#define MOIM_GATEWAY_ONCE_H

#include "gateway/command.h"

/* Does it carry one, right or wrong? */
bool once_named(const struct client_fields *f);
/* Asks the directory what the name stands for, then runs the command, with
 * r->once the id that what it makes is to have; or ends the request. */
void once_run(struct request *r, struct client_fields *f, command_fn run);

#endif
