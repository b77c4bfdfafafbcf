/* What the scenario `transports` has measured, as a Markdown table and as a
 * picture for docs/transports.md. */
#ifndef MOIM_BENCH_TRANSPORTS_DOC_H
#define MOIM_BENCH_TRANSPORTS_DOC_H

#include "bench/options.h"
#include "proto/base/buf.h"

enum {
    TRANSPORTS_WAYS = TRANSPORT_POLL + 1,
    TRANSPORTS_RATES = 3,
};

/* Messages a second to each receiver. */
extern const double transports_rates[TRANSPORTS_RATES];
extern const char *const transports_names[TRANSPORTS_WAYS];

/* Per message delivered, but for the percentiles. */
struct transports_cell {
    double bytes;
    double requests;
    double cpu_us; /* of the receivers' gateway */
    double p50_ms;
    double p99_ms;
};

struct transports_result {
    struct transports_cell cells[TRANSPORTS_WAYS][TRANSPORTS_RATES];
};

void transports_table(const struct transports_result *r, struct buf *out);
void transports_picture(const struct transports_result *r, struct buf *out);

#endif
