#include "moimctl/metrics.h"

#include <string.h>

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
    rest = slice_take(rest, slice_find(rest, '.'));
    return slice_to_u64(rest, out);
}

bool metrics_get(struct slice page, const char *name, uint64_t *out) {
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
        *out = sum;
    }
    return found;
}
