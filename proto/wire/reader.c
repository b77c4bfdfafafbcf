/* A cursor over untrusted bytes that remembers failing. */
#include "proto/wire/reader.h"

#include <endian.h>
#include <string.h>

void reader_init(struct reader *r, struct slice in) {
    r->rest = in;
    r->bad = false;
}

struct slice reader_take(struct reader *r, size_t n) {
    struct slice taken = {NULL, 0};

    if (r->bad || n > r->rest.n) {
        r->bad = true;
        return taken;
    }
    taken = slice_take(r->rest, n);
    r->rest = slice_drop(r->rest, n);
    return taken;
}

/* Of `n` bytes, 1 to 8. */
static inline uint64_t take_number(struct reader *r, size_t n) {
    uint64_t big = 0;

    if (r->bad || n > r->rest.n) {
        r->bad = true;
        return 0;
    }
    memcpy(&big, r->rest.p, n);
    r->rest.p += n;
    r->rest.n -= n;
    return be64toh(big) >> (64 - 8 * n);
}

uint8_t reader_u8(struct reader *r) {
    return (uint8_t)take_number(r, 1);
}

uint16_t reader_u16(struct reader *r) {
    return (uint16_t)take_number(r, 2);
}

uint32_t reader_u32(struct reader *r) {
    return (uint32_t)take_number(r, 4);
}

uint64_t reader_u64(struct reader *r) {
    return take_number(r, 8);
}

struct slice reader_str(struct reader *r) {
    return reader_take(r, reader_u32(r));
}

void reader_want(struct reader *r, bool truth) {
    r->bad = r->bad || !truth;
}

bool reader_done(const struct reader *r) {
    return !r->bad && r->rest.n == 0;
}
