/* Fuzzes the UTF-8 checker. The answer comes with the byte that a decoder
 * written from the definition says, however the text is split; what is valid
 * has as many code points as that decoder finds. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the reference finds at the front of a text. */
struct found {
    size_t len;   /* bytes of the character; 0: none begins here */
    size_t bytes; /* how many of them are there and right */
};

/* One character by RFC 3629: a lead says the length and the smallest number
 * that needs it; the tails are tried one by one for a number that can still
 * come out right. */
static struct found ref_char(struct slice in) {
    static const struct {
        uint8_t mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0},
                 {0xE0, 0xC0, 0x80},
                 {0xF0, 0xE0, 0x800},
                 {0xF8, 0xF0, 0x10000}};
    struct found f = {0, 0};
    uint32_t least = 0;
    uint32_t value = 0;

    for (size_t k = 0; k < 4; k++) {
        if ((in.p[0] & forms[k].mask) == forms[k].lead) {
            f.len = k + 1;
            least = forms[k].least;
            value = in.p[0] & (uint8_t)~forms[k].mask;
        }
    }
    for (size_t i = 0; i < f.len && i < in.n; i++) {
        unsigned missing = (unsigned)(f.len - 1 - i) * 6;
        uint32_t low;
        uint32_t high;

        if (i > 0 && (in.p[i] & 0xC0) != 0x80) {
            break;
        }
        value = i == 0 ? value : value << 6 | (in.p[i] & 0x3FU);
        low = value << missing;
        high = low | ((1U << missing) - 1);
        if (high < least || low > 0x10FFFF ||
            (low >= 0xD800 && high <= 0xDFFF)) {
            break;
        }
        f.bytes = i + 1;
    }
    return f;
}

/* Bytes up to the first wrong one; *count code points, *whole at the end. */
static size_t ref_good(struct slice in, size_t *count, bool *whole) {
    size_t at = 0;

    *count = 0;
    *whole = true;
    while (at < in.n) {
        struct found f = ref_char(slice_drop(in, at));

        at += f.bytes;
        if (f.len == 0 || f.bytes < f.len) {
            *whole = false;
            return at;
        }
        (*count)++;
    }
    return at;
}

/* Feeds in parts of the sizes that `cuts` says; answers the bytes taken
 * before the part that was refused, or all. */
static size_t feed_parts(struct slice in, uint8_t cuts, bool *complete) {
    struct utf8 u;
    size_t at = 0;

    utf8_init(&u);
    while (at < in.n) {
        size_t n = (size_t)(cuts % 11) + 1;

        n = n < in.n - at ? n : in.n - at;
        if (!utf8_feed(&u, slice_take(slice_drop(in, at), n))) {
            *complete = utf8_complete(&u);
            return at;
        }
        at += n;
        cuts = (uint8_t)(cuts * 5 + 3);
    }
    *complete = utf8_complete(&u);
    return at;
}

static void check(struct slice in, uint8_t cuts) {
    size_t count;
    bool whole;
    size_t good = ref_good(in, &count, &whole);
    bool complete;
    size_t taken = feed_parts(in, cuts, &complete);
    struct slice cut = utf8_cut(in, whole ? cuts : in.n);
    struct utf8 u;

    assert(utf8_valid(in) == whole && complete == whole);
    assert(taken <= good && (good < in.n || taken == in.n));
    assert(!whole || utf8_count(in) == count);
    assert(!whole || (utf8_valid(cut) && cut.n <= cuts));
    assert(cut.n == in.n || cut.n + 4 > cuts);
    utf8_init(&u);
    for (size_t i = 0; i < in.n; i++) {
        bool fine = utf8_feed(&u, slice_of(in.p + i, 1));

        assert(fine == (i < good));
    }
    assert(utf8_complete(&u) == whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0) {
        check(slice_of(data + 1, size - 1), data[0]);
    }
    return 0;
}
