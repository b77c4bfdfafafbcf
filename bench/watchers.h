/* The members of a conversation in one load client, who want to know who of
 * them is there: they come by the clock, each watches all the others, and when
 * all have come they leave by the clock in the same order. */
#ifndef MOIM_BENCH_WATCHERS_H
#define MOIM_BENCH_WATCHERS_H

#include "bench/crew.h"

/* A crew_fn for one client alone. Of its tally, `delivered` are the texts that
 * tell of presence, `answered` the users they tell of, and `drained` says that
 * all have come and gone. */
int watchers_client(const struct crew_job *job);

#endif
