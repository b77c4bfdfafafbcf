/* Who publishes: the processes whose tallies come (bus_marks.h). One that falls
 * silent without having said that it rests has perhaps died, with a tally that
 * nobody will see. Pure. */
#ifndef MOIM_STORAGE_BUS_PEERS_H
#define MOIM_STORAGE_BUS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"

enum {
    BUS_PEERS_MAX = 1024, /* that are at work at a time; more go unwatched */
};

struct bus_peer {
    uint64_t process;
    uint64_t heard_ms; /* monotonic */
};

struct bus_peers {
    struct bus_peer *at; /* in no order; NULL: none yet */
    size_t count;
};

void bus_peers_init(struct bus_peers *p);
void bus_peers_fini(struct bus_peers *p);
/* It was at work at `ms`; a tally of its own tells what it did before. */
void bus_peers_alive(struct bus_peers *p, uint64_t process, uint64_t ms);
/* It has told everything, and does nothing more for now. */
void bus_peers_rests(struct bus_peers *p, uint64_t process);
/* Forgets one that was not heard of since before `ms`. True: there was one, and
 * `*since_ms` is when it was heard last. */
bool bus_peers_silent(struct bus_peers *p, uint64_t ms,
                      uint64_t *since_ms) MUST_CHECK;

#endif
