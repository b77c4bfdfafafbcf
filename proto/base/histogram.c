#include "proto/base/histogram.h"

const uint64_t histogram_bounds_us[HISTOGRAM_BUCKETS] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

/* Most of what is measured is quick, so the search begins at the short end. */
void histogram_add(struct histogram *h, uint64_t us) {
    unsigned i = 0;

    while (i < HISTOGRAM_BUCKETS && us > histogram_bounds_us[i]) {
        i++;
    }
    h->counts[i]++;
    h->sum_us += us;
}

void histogram_add_since(struct histogram *h, uint64_t from_us,
                         uint64_t now_us) {
    histogram_add(h, now_us > from_us ? now_us - from_us : 0);
}
