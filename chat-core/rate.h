/* A token bucket in eight bytes: `per_s` tokens a second, at most `burst` of
 * them saved. The rule is handed in at each use, so that a million buckets do
 * not repeat it; a zeroed bucket is full. */
#ifndef MOIM_CORE_RATE_H
#define MOIM_CORE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/macros.h"

struct rate {
    uint32_t spent;   /* thousandths of a token not yet earned back */
    uint32_t last_ms; /* monotonic, the low 32 bits */
};

struct rate_rule {
    uint32_t per_s;
    uint32_t burst; /* 1 to 4 million */
};

/* Takes one token; false: there is none, nothing is taken. */
bool rate_take(struct rate *r, struct rate_rule rule,
               uint64_t now_ms) MUST_CHECK;
/* Milliseconds until rate_take can succeed; 0: now. */
uint32_t rate_wait_ms(const struct rate *r, struct rate_rule rule);

#endif
