/* For memmem.
 * NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE
#include "proto/base/slice.h"

#include <assert.h>
#include <string.h>

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool slice_eq_nocase(struct slice a, struct slice b) {
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

bool slice_is_nocase(struct slice a, const char *text) {
    return slice_eq_nocase(a, slice_str(text));
}

bool slice_starts(struct slice a, const char *prefix) {
    size_t n = strlen(prefix);

    return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

struct slice slice_drop(struct slice a, size_t n) {
    assert(n <= a.n);
    return (struct slice){n == 0 ? a.p : a.p + n, a.n - n};
}

struct slice slice_take(struct slice a, size_t n) {
    assert(n <= a.n);
    return (struct slice){a.p, n};
}

size_t slice_find(struct slice a, uint8_t byte) {
    const uint8_t *hit = a.n == 0 ? NULL : memchr(a.p, byte, a.n);

    return hit == NULL ? a.n : (size_t)(hit - a.p);
}

struct slice slice_after(struct slice a, const char *mark) {
    size_t n = strlen(mark);
    const uint8_t *hit = a.n < n ? NULL : memmem(a.p, a.n, mark, n);

    return hit == NULL ? slice_of(NULL, 0)
                       : slice_drop(a, (size_t)(hit - a.p) + n);
}

bool slice_to_u64(struct slice a, uint64_t *out) {
    uint64_t v = 0;

    if (a.n == 0 || a.n > 19 || (a.n > 1 && a.p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] < '0' || a.p[i] > '9') {
            return false;
        }
        v = v * 10 + (uint64_t)(a.p[i] - '0');
    }
    *out = v;
    return true;
}
