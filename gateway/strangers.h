/* How many sockets of one address have not said yet who they are, so that one
 * address cannot hold all that a gateway has to give. */
#ifndef MOIM_GATEWAY_STRANGERS_H
#define MOIM_GATEWAY_STRANGERS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/map.h"

struct strangers {
    struct map counts; /* by address; none is 0 */
};

void strangers_init(struct strangers *s);
/* All of them have left. */
void strangers_fini(struct strangers *s);
/* What stands for `peer`, the text of an address: an IPv4 address, or the /64
 * network of an IPv6 one, since a single host has all of that. */
uint64_t strangers_key(const char *peer);
uint64_t strangers_count(const struct strangers *s, uint64_t key);
void strangers_enter(struct strangers *s, uint64_t key);
/* One that entered leaves: it is known now, or gone. */
void strangers_leave(struct strangers *s, uint64_t key);

#endif
