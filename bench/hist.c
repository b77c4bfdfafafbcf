#include "bench/hist.h"

#include <assert.h>
#include <stddef.h>

/* Values below HIST_STEPS have a bucket each; from there on a bucket is as
 * wide as the value's power of two over HIST_STEPS. */
static size_t bucket_of(uint64_t us) {
    uint64_t most = (UINT64_C(1) << HIST_BITS) - 1;
    uint64_t shift;

    us = us < most ? us : most;
    if (us < HIST_STEPS) {
        return (size_t)us;
    }
    shift = 63 - (uint64_t)__builtin_clzll(us) - HIST_STEP_BITS;
    return (size_t)(shift * HIST_STEPS + (us >> shift));
}

/* The largest value that falls into bucket `i`. */
static uint64_t bucket_end(size_t i) {
    size_t shift = i < HIST_STEPS ? 0 : i / HIST_STEPS - 1;

    return ((uint64_t)(i - shift * HIST_STEPS + 1) << shift) - 1;
}

void hist_add(struct hist *h, uint64_t us) {
    h->count++;
    h->max_us = us > h->max_us ? us : h->max_us;
    h->buckets[bucket_of(us)]++;
}

void hist_merge(struct hist *to, const struct hist *from) {
    to->count += from->count;
    to->max_us = from->max_us > to->max_us ? from->max_us : to->max_us;
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        to->buckets[i] += from->buckets[i];
    }
}

void hist_subtract(struct hist *from, const struct hist *what) {
    uint64_t most = 0;

    from->count -= what->count;
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        from->buckets[i] -= what->buckets[i];
        most = from->buckets[i] > 0 ? bucket_end(i) : most;
    }
    from->max_us = most < from->max_us ? most : from->max_us;
}

uint64_t hist_at(const struct hist *h, double share) {
    double want = share * (double)h->count;
    uint64_t seen = 0;

    assert(share >= 0 && share <= 1);
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen > 0 && (double)seen >= want) {
            return bucket_end(i) < h->max_us ? bucket_end(i) : h->max_us;
        }
    }
    return h->max_us;
}
