/* How long things took: a histogram of microseconds with 64 steps to every
 * doubling, so that a percentile is wrong by less than 1.6 %. Flat, so that
 * it can lie in memory that processes share. */
#ifndef MOIM_BENCH_HIST_H
#define MOIM_BENCH_HIST_H

#include <stdint.h>

enum {
    HIST_STEP_BITS = 6,
    HIST_STEPS = 1 << HIST_STEP_BITS,
    HIST_BITS = 36, /* 19 hours; what is longer counts as that */
    HIST_BUCKETS = (HIST_BITS - HIST_STEP_BITS + 1) * HIST_STEPS,
};

/* All zero: empty. */
struct hist {
    uint64_t count;
    uint64_t max_us;
    uint64_t buckets[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t us);
void hist_merge(struct hist *to, const struct hist *from);
/* Takes away an earlier state of the same histogram. What remains has its
 * largest value rounded up to its bucket's end. */
void hist_subtract(struct hist *from, const struct hist *what);
/* The value that `share` (0 to 1) of all do not pass, rounded up to its
 * bucket's end and never above the largest; 0 when there are none. */
uint64_t hist_at(const struct hist *h, double share);

#endif
