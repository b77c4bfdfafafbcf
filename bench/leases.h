/* Gateways without clients: each speaks the gateways' side of the talk with the
 * presence service over a bus of its own, as gateway/presence_link.h does:
 * numbered reports, gathered changes, renewals, snapshots when asked. User n
 * (people.h) is at gateway n modulo their number, and the next two are
 * subscribed to what is told of him, as if somebody there watched him. */
#ifndef MOIM_BENCH_LEASES_H
#define MOIM_BENCH_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"

struct leases;

struct leases_config {
    const char *redis; /* of the bus; copied */
    size_t gateways;
    size_t users; /* at most */
};

/* `l` is borrowed until leases_close. RC_BAD_INPUT: not an address. */
enum rc leases_open(struct leases **out, struct loop *l,
                    const struct leases_config *config) MUST_CHECK;
/* Frees, sets *l to NULL; NULL is fine. */
void leases_close(struct leases **l);
/* User `n` has a session now, or none. */
void leases_set(struct leases *l, size_t n, bool here);
/* Transitions that those who watch were told. */
uint64_t leases_heard(const struct leases *l);

#endif
