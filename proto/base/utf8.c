#include "proto/base/utf8.h"

#include <endian.h>
#include <string.h>

/* The bytes of one class are allowed in the same places (Unicode, table
 * 3-7). The short names keep the tables below in the shape of the standard. */
enum class {
    AS, /* 00..7F ASCII */
    LO, /* 80..8F the only tails after F4 */
    MI, /* 90..9F */
    HI, /* A0..BF the only tails after E0 */
    L2, /* C2..DF leads two bytes */
    E0, /* a tail below A0 would make it overlong */
    L3, /* E1..EC, EE, EF */
    ED, /* a tail of A0 or more would make it a surrogate */
    F0, /* a tail below 90 would make it overlong */
    L4, /* F1..F3 */
    F4, /* a tail of 90 or more would pass U+10FFFF */
    NO, /* C0, C1, F5..FF: never */
    CLASS_COUNT,
};

/* BAD is zero, so that whatever the table below does not name is wrong. */
enum state {
    BAD,
    START, /* between characters */
    TAIL_1,
    TAIL_2,
    TAIL_3,
    AFTER_E0,
    AFTER_ED,
    AFTER_F0,
    AFTER_F4,
    STATE_COUNT,
};

static const uint8_t class_of_high[128] = {
    LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, /* 80 */
    MI, MI, MI, MI, MI, MI, MI, MI, MI, MI, MI, MI, MI, MI, MI, MI, /* 90 */
    HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, /* A0 */
    HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, HI, /* B0 */
    NO, NO, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, /* C0 */
    L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, L2, /* D0 */
    E0, L3, L3, L3, L3, L3, L3, L3, L3, L3, L3, L3, L3, ED, L3, L3, /* E0 */
    F0, L4, L4, L4, F4, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* F0 */
};

static const uint8_t next_state[STATE_COUNT][CLASS_COUNT] = {
    [START] = {[AS] = START,
               [L2] = TAIL_1,
               [E0] = AFTER_E0,
               [L3] = TAIL_2,
               [ED] = AFTER_ED,
               [F0] = AFTER_F0,
               [L4] = TAIL_3,
               [F4] = AFTER_F4},
    [TAIL_1] = {[LO] = START, [MI] = START, [HI] = START},
    [TAIL_2] = {[LO] = TAIL_1, [MI] = TAIL_1, [HI] = TAIL_1},
    [TAIL_3] = {[LO] = TAIL_2, [MI] = TAIL_2, [HI] = TAIL_2},
    [AFTER_E0] = {[HI] = TAIL_1},
    [AFTER_ED] = {[LO] = TAIL_1, [MI] = TAIL_1},
    [AFTER_F0] = {[MI] = TAIL_2, [HI] = TAIL_2},
    [AFTER_F4] = {[LO] = TAIL_2},
};

static bool is_tail(uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

static uint64_t word_at(const uint8_t *p) {
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return word;
}

static bool is_ascii(uint64_t words) {
    return (words & UINT64_C(0x8080808080808080)) == 0;
}

/* How many bytes at the front are ASCII, looked at in fours of words: most of
 * what is read is ASCII from its first to its last byte. */
static size_t ascii_front(struct slice s) {
    size_t i = 0;

    while (s.n - i >= 32 &&
           is_ascii(word_at(s.p + i) | word_at(s.p + i + 8) |
                    word_at(s.p + i + 16) | word_at(s.p + i + 24))) {
        i += 32;
    }
    return i;
}

/* Has the high bit of each byte that is zero in `word`, or over 0x80, and
 * perhaps of others behind such a one: the first is right. */
static uint64_t zero_bytes(uint64_t word) {
    return word - UINT64_C(0x0101010101010101);
}

/* How many of eight bytes are plain before the first that is not. */
static size_t plain_of_eight(const uint8_t *p) {
    uint64_t word = le64toh(word_at(p)); /* the first is the lowest */
    uint64_t control;
    uint64_t quote;
    uint64_t backslash;
    uint64_t special;

    control = word - UINT64_C(0x2020202020202020);
    quote = zero_bytes(word ^ UINT64_C(0x2222222222222222));
    backslash = zero_bytes(word ^ UINT64_C(0x5c5c5c5c5c5c5c5c));
    special =
        (word | control | quote | backslash) & UINT64_C(0x8080808080808080);
    return special == 0 ? 8 : (size_t)__builtin_ctzll(special) / 8;
}

static bool is_plain(uint8_t byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

size_t utf8_plain_run(struct slice text) {
    size_t i = 0;

    while (text.n - i >= 8) {
        size_t n = plain_of_eight(text.p + i);

        i += n;
        if (n < 8) {
            return i;
        }
    }
    while (i < text.n && is_plain(text.p[i])) {
        i++;
    }
    return i;
}

static uint8_t step(uint8_t state, uint8_t byte) {
    return next_state[state][byte < 0x80 ? AS : class_of_high[byte - 0x80]];
}

void utf8_init(struct utf8 *u) {
    u->state = START;
}

bool utf8_feed(struct utf8 *u, struct slice in) {
    uint8_t state = u->state;
    size_t i = state == START ? ascii_front(in) : 0;

    while (i < in.n && state != BAD) {
        if (state == START && in.n - i >= 8 && is_ascii(word_at(in.p + i))) {
            i += 8;
        } else {
            state = step(state, in.p[i]);
            i++;
        }
    }
    u->state = state;
    return state != BAD;
}

bool utf8_complete(const struct utf8 *u) {
    return u->state == START;
}

bool utf8_valid(struct slice text) {
    struct utf8 u;

    utf8_init(&u);
    return utf8_feed(&u, text) && utf8_complete(&u);
}

size_t utf8_count(struct slice text) {
    size_t count = 0;

    for (size_t i = 0; i < text.n; i++) {
        count += !is_tail(text.p[i]);
    }
    return count;
}

struct slice utf8_cut(struct slice text, size_t max) {
    size_t n = max;

    if (text.n <= max) {
        return text;
    }
    while (n > 0 && is_tail(text.p[n])) {
        n--;
    }
    return slice_take(text, n);
}
