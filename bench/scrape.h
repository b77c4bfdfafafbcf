/* What the gateways count themselves, from their /metrics. */
#ifndef MOIM_BENCH_SCRAPE_H
#define MOIM_BENCH_SCRAPE_H

#include "bench/options.h"
#include "proto/base/slice.h"

/* The sum of the values of all series whose names are `name`, whatever their
 * labels, in a text of Prometheus. */
double scrape_sum(struct slice text, const char *name);
/* The same over all options->internals. NAN: there are none, or one does not
 * answer. */
double scrape(const struct options *o, const char *name);
/* As scrape: what they have asked PostgreSQL for somebody: without what they
 * ask every few seconds, whoever is there. */
double scrape_queries(const struct options *o);
/* As scrape, over all options->presences. */
double scrape_presence(const struct options *o, const char *name);

#endif
