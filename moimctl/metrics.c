#include "moimctl/metrics.h"

#include <string.h>

/* "12.3456" is 12345. */
static bool read_milli(struct slice text, uint64_t *out) {
    size_t dot = slice_find(text, '.');
    struct slice fraction = slice_drop(text, dot < text.n ? dot + 1 : dot);
    uint64_t scale = 1000;
    uint64_t whole;

    if (!slice_to_u64(slice_take(text, dot), &whole) ||
        whole > UINT64_MAX / 1000 - 1) {
        return false;
    }
    *out = whole * 1000;
    for (size_t i = 0; i < fraction.n && scale > 1; i++) {
        if (fraction.p[i] < '0' || fraction.p[i] > '9') {
            return false;
        }
        scale /= 10;
        *out += (uint64_t)(fraction.p[i] - '0') * scale;
    }
    return true;
}

/* "name value", "name{labels} value", perhaps with a time behind it. */
static bool line_value(struct slice line, const char *name, uint64_t *out) {
    size_t n = strlen(name);
    struct slice rest;

    if (!slice_starts(line, name)) {
        return false;
    }
    rest = slice_drop(line, n);
    if (rest.n > 0 && rest.p[0] == '{') {
        n = slice_find(rest, '}');
        rest = slice_drop(rest, n < rest.n ? n + 1 : n);
    }
    if (rest.n < 2 || rest.p[0] != ' ') {
        return false;
    }
    rest = slice_drop(rest, 1);
    rest = slice_take(rest, slice_find(rest, ' '));
    return read_milli(rest, out);
}

bool metrics_get(struct slice page, const char *name, uint64_t *out_milli) {
    uint64_t sum = 0;
    bool found = false;

    while (page.n > 0) {
        size_t end = slice_find(page, '\n');
        uint64_t v;

        if (line_value(slice_take(page, end), name, &v)) {
            sum += v;
            found = true;
        }
        page = slice_drop(page, end < page.n ? end + 1 : end);
    }
    if (found) {
        *out_milli = sum;
    }
    return found;
}
