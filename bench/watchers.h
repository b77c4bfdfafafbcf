/* The members of a conversation in one load client, who want to know who of
 * them is there: they come by the clock, each watches all the others; when all
 * of them know that, half of them leave by the clock in the same order, and
 * when the others know that, they leave too. */
#ifndef MOIM_BENCH_WATCHERS_H
#define MOIM_BENCH_WATCHERS_H

#include "bench/crew.h"

/* A crew_fn for one client alone. Of its tally, `delivered` are the texts that
 * tell of presence, `answered` the users they tell of, `latency` how long it
 * took until all knew that all had come, `answers` until they knew that half
 * had left, `lost` the untruths that were never put right, and `drained` says
 * that all have come and gone. */
int watchers_client(const struct crew_job *job);

#endif
