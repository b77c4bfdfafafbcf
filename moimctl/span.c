#include "moimctl/span.h"

#include "proto/base/macros.h"

#define MOST_MS (UINT64_C(100) * 366 * 86400 * 1000)

static const struct unit {
    const char *name;
    uint64_t ms;
} units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
};

bool span_parse(struct slice text, uint64_t *out_ms) {
    size_t digits = 0;
    uint64_t n;

    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9') {
        digits++;
    }
    if (!slice_to_u64(slice_take(text, digits), &n)) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (slice_is(slice_drop(text, digits), units[i].name) &&
            n <= MOST_MS / units[i].ms) {
            *out_ms = n * units[i].ms;
            return true;
        }
    }
    return false;
}

void span_print(struct buf *out, uint64_t ms) {
    unsigned long long s = ms / 1000;

    if (s < 60) {
        buf_addf(out, "%llu s", s);
    } else if (s < 3600) {
        buf_addf(out, "%llu min", s / 60);
    } else if (s < UINT64_C(2) * 86400) {
        buf_addf(out, "%llu h", s / 3600);
    } else {
        buf_addf(out, "%llu days", s / 86400);
    }
}
