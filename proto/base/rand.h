/* Chance as a value that is handed in: seeded from the kernel in main.c, from
 * a number in tests. xoshiro256** (Blackman and Vigna, 2018): fast, and not
 * for secrets; secrets come from rand_secret. */
#ifndef MOIM_BASE_RAND_H
#define MOIM_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

struct rand {
    uint64_t s[4];
};

void rand_seed(struct rand *r, uint64_t seed); /* same seed, same numbers */
void rand_seed_from_kernel(struct rand *r);
uint64_t rand_u64(struct rand *r);
/* A number in [0, below); `below` is not 0. */
uint64_t rand_below(struct rand *r, uint64_t below);
/* `n` unpredictable bytes from getrandom(2); ends the process when the kernel
 * has none. */
void rand_secret(void *out, size_t n);

#endif
