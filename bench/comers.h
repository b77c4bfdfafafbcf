/* The sessions of `connect` and `reconnect` in one load client: they come by
 * the clock, or all at once a second time. Tells how long after that they were
 * ready. */
#ifndef MOIM_BENCH_COMERS_H
#define MOIM_BENCH_COMERS_H

#include "bench/crew.h"

/* At CREW_RUN they begin to come, so many a second: a crew_fn. */
int comers_client(const struct crew_job *job);
/* They come as fast as they may. At CREW_RUN all leave and come again. */
int comers_again_client(const struct crew_job *job);

#endif
