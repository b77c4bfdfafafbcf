#include "proto/base/rand.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t rotl(uint64_t x, int k) {
    return x << k | x >> (64 - k);
}

/* splitmix64 spreads a small seed over the whole state. */
static uint64_t splitmix(uint64_t *x) {
    uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void rand_seed(struct rand *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        r->s[i] = splitmix(&seed);
    }
}

void rand_seed_from_kernel(struct rand *r) {
    uint64_t seed;

    rand_secret(&seed, sizeof(seed));
    rand_seed(r, seed);
}

uint64_t rand_u64(struct rand *r) {
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t rand_below(struct rand *r, uint64_t below) {
    assert(below > 0);
    return rand_u64(r) % below;
}

void rand_secret(void *out, size_t n) {
    uint8_t *p = out;

    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);

        if (got < 0) {
            perror("fatal: getrandom");
            abort();
        }
        p += got;
        n -= (size_t)got;
    }
}
