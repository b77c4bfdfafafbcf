/* How long something took, as counts in fixed buckets: cheap enough to be
 * always on, and sums over processes make sense, which quantiles' do not.
 * Times are in microseconds. */
#ifndef MOIM_BASE_HISTOGRAM_H
#define MOIM_BASE_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_BUCKETS = 16, /* and one for what is over the last bound */
};

/* The upper bounds, inclusive, ascending: 100 us to 10 s. */
extern const uint64_t histogram_bounds_us[HISTOGRAM_BUCKETS];

/* All zeros: nothing was seen. */
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS + 1];
    uint64_t sum_us;
};

void histogram_add(struct histogram *h, uint64_t us);
/* The time since `from_us`; a clock that went back is no time. */
void histogram_add_since(struct histogram *h, uint64_t from_us,
                         uint64_t now_us);

#endif
