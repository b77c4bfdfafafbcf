/* The messages of the scenario `direct` in one load client: sent by the
 * clock whatever comes back (open loop), each measured from the moment it
 * was due, so that a slow server cannot hide by slowing us down. */
#ifndef MOIM_BENCH_FLOW_H
#define MOIM_BENCH_FLOW_H

#include "bench/crew.h"

enum {
    FLOW_WARM_S = 2, /* at the start: sent, counted, but not in the latency */
};

/* The client's whole life: a crew_fn. */
int flow_client(const struct crew_job *job);

#endif
