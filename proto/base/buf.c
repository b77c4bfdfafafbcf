#include "proto/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"

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

/* Two digits in one step. */
static const char pairs[] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

static size_t digits_of(uint64_t v) {
    uint64_t limit = 1000;
    size_t n = 3;

    if (v < limit) { /* as most are: lengths */
        return (size_t)1 + (v >= 10) + (v >= 100);
    }
    while (n < DECIMAL_MAX && v >= limit) {
        limit *= 10;
        n++;
    }
    return n;
}

uint8_t *decimal_put(uint8_t *out, uint64_t v) {
    uint8_t *end = out + digits_of(v);
    uint8_t *p = end;

    for (; v >= 10; v /= 100) {
        p -= 2;
        memcpy(p, pairs + v % 100 * 2, 2);
    }
    if (p > out) {
        *out = (uint8_t)('0' + v);
    }
    return end;
}

void buf_add_u64(struct buf *b, uint64_t v) {
    uint8_t *room = buf_room(b, DECIMAL_MAX);

    b->n += (size_t)(decimal_put(room, v) - room);
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
