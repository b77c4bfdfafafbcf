/* What people say to one another in one load client, and what else they ask:
 * sent by the clock whatever comes back (open loop), each measured from the
 * moment it was due, so that a slow server cannot hide by slowing us down. */
#ifndef MOIM_BENCH_FLOW_H
#define MOIM_BENCH_FLOW_H

#include "bench/crew.h"

/* The client's whole life: a crew_fn. */
int flow_client(const struct crew_job *job);

#endif
