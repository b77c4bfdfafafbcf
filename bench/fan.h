/* The messages of a group in one load client: the first sessions send by the
 * clock, all of them listen. A message carries when it was due, so every
 * client can tell how late it is. */
#ifndef MOIM_BENCH_FAN_H
#define MOIM_BENCH_FAN_H

#include "bench/crew.h"

/* The client's whole life: a crew_fn. */
int fan_client(const struct crew_job *job);

#endif
