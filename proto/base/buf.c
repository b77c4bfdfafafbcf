#include "proto/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"

enum {
    DIGITS = 20, /* of the largest number */
};

void buf_init(struct buf *b) {
    *b = (struct buf){NULL, 0, 0};
}

void buf_fini(struct buf *b) {
    mem_free(b->p);
    buf_init(b);
}

void buf_grow(struct buf *b, size_t n) {
    size_t want = b->n + n;
    size_t cap = b->cap == 0 ? 64 : b->cap;

    assert(want >= n);
    while (cap < want) {
        cap *= 2;
    }
    b->p = mem_resize(b->p, cap);
    b->cap = cap;
}

void buf_add_u64(struct buf *b, uint64_t v) {
    uint8_t digits[2 * DIGITS];
    size_t at = DIGITS;

    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    /* As many as there may be: a size that is known is copied at once. */
    memcpy(buf_room(b, DIGITS), digits + at, DIGITS);
    b->n += DIGITS - at;
}

void buf_addf(struct buf *b, const char *fmt, ...) {
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(n >= 0);
    va_start(args, fmt);
    vsnprintf((char *)buf_room(b, (size_t)n + 1), (size_t)n + 1, fmt, args);
    va_end(args);
    b->n += (size_t)n;
}

void buf_consume(struct buf *b, size_t n) {
    assert(n <= b->n);
    b->n -= n;
    if (b->n == 0) {
        buf_fini(b);
    } else if (n > 0) {
        memmove(b->p, b->p + n, b->n);
    }
}

void buf_clear(struct buf *b) {
    b->n = 0;
}

struct slice buf_slice(const struct buf *b) {
    return (struct slice){b->p, b->n};
}
