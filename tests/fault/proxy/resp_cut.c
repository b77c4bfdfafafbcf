#include "tests/fault/proxy/resp_cut.h"

#include <stdint.h>

enum {
    COUNT_MAX = 64 << 20, /* items of an array, bytes of a string */
};

/* One line, and what it says is to come. */
struct head {
    char type;
    size_t len;    /* bytes of the line with its CRLF */
    uint64_t size; /* of a string or an array; 0 for none */
    bool none;
};

/* The length of a string or the count of an array. */
static enum parse size_parse(struct slice text, struct head *h) {
    if (slice_is(text, "-1")) {
        h->none = true;
        return PARSE_OK;
    }
    if (!slice_to_u64(text, &h->size) || h->size > COUNT_MAX) {
        return PARSE_BAD;
    }
    return PARSE_OK;
}

static enum parse head_parse(struct slice in, struct head *out) {
    struct head h = {0};
    size_t end = slice_find(in, '\r');
    enum parse parse = PARSE_OK;

    if (in.n > 0 && slice_find(SLICE_LIT("+-:$*"), in.p[0]) == 5) {
        return PARSE_BAD;
    }
    if (end + 1 >= in.n) {
        return PARSE_MORE;
    }
    h.type = (char)in.p[0];
    h.len = end + 2;
    if (h.type == '$' || h.type == '*') {
        parse = size_parse(slice_of(in.p + 1, end - 1), &h);
    }
    *out = h;
    return parse;
}

/* One line with its string, if it is one. `nth` of the unit. */
static enum parse item_parse(struct slice in, size_t nth, struct head *h,
                             struct resp_unit *unit) {
    struct slice rest = slice_drop(in, unit->len);
    enum parse parse = head_parse(rest, h);
    size_t size;

    if (parse != PARSE_OK) {
        return parse;
    }
    if (nth == 0 && h->type == '*') {
        unit->items = (size_t)h->size;
    }
    if (h->type == '$' && !h->none) {
        size = (size_t)h->size;
        if (size + 2 > rest.n - h->len) {
            return PARSE_MORE;
        }
        if (nth == 1) {
            unit->first = slice_of(rest.p + h->len, size);
        }
        h->len += size + 2;
    }
    unit->len += h->len;
    return PARSE_OK;
}

enum parse resp_cut(struct slice in, struct resp_unit *out) {
    struct resp_unit unit = {0};
    uint64_t open = 1; /* items that are still to come */

    for (size_t nth = 0; open > 0; nth++) {
        struct head h;
        enum parse parse = item_parse(in, nth, &h, &unit);

        if (parse != PARSE_OK) {
            return parse;
        }
        open += h.type == '*' ? h.size : 0;
        open--;
    }
    *out = unit;
    return PARSE_OK;
}
