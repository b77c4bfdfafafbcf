#include "proto/base/ids.h"

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum {
    RANDOM_BITS = 22,
    TIME_BITS = 41,
};

static const uint64_t epoch_ms = UINT64_C(1735689600000); /* 2025-01-01 */

void id_put(void *out, uint64_t v) {
    char *s = out;

    for (size_t i = ID_TEXT_LEN; i > 0; i--) {
        s[i - 1] = alphabet[v & 31];
        v >>= 5;
    }
}

struct id_text id_text(uint64_t v) {
    struct id_text t = {{0}};

    id_put(t.s, v);
    return t;
}

/* The value of one character, or -1. */
static int digit(uint8_t c) {
    static const int8_t plus_one[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
        ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
        ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['g'] = 17, ['h'] = 18,
        ['j'] = 19, ['k'] = 20, ['m'] = 21, ['n'] = 22, ['p'] = 23, ['q'] = 24,
        ['r'] = 25, ['s'] = 26, ['t'] = 27, ['v'] = 28, ['w'] = 29, ['x'] = 30,
        ['y'] = 31, ['z'] = 32,
    };

    return plus_one[c] - 1;
}

bool id_parse(struct slice text, uint64_t *out) {
    uint64_t v = 0;

    /* 13 characters are 65 bits: the first may hold only three of them. */
    if (text.n != ID_TEXT_LEN || digit(text.p[0]) < 0 || digit(text.p[0]) > 7) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        int d = digit(text.p[i]);

        if (d < 0) {
            return false;
        }
        v = v << 5 | (uint64_t)d;
    }
    if (v == 0) {
        return false;
    }
    *out = v;
    return true;
}

uint64_t id_make(uint64_t now_ms, uint32_t random) {
    uint64_t since = now_ms > epoch_ms ? now_ms - epoch_ms : 1;
    uint64_t low = random & ((UINT32_C(1) << RANDOM_BITS) - 1);

    return (since & ((UINT64_C(1) << TIME_BITS) - 1)) << RANDOM_BITS | low;
}
