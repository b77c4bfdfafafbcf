#include "proto/base/hash.h"

uint64_t hash_fnv1a(struct slice data) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < data.n; i++) {
        h = (h ^ data.p[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}
