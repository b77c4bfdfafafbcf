/* A growing run of bytes that we own: output being built, or the part of an
 * input that has not arrived whole. Embedded or on the stack; an empty buf
 * holds no memory. */
#ifndef MOIM_BASE_BUF_H
#define MOIM_BASE_BUF_H

#include <stdint.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"

struct buf {
    uint8_t *p;
    size_t n;   /* bytes used */
    size_t cap; /* bytes allocated */
};

void buf_init(struct buf *b);
void buf_fini(struct buf *b); /* frees; the buf is empty and usable again */
/* Makes the room that buf_room found missing. */
void buf_grow(struct buf *b, size_t n);
/* Room for `n` more bytes at b->p + b->n; the caller then adds to b->n. Here,
 * as the next three, because everything that is sent is made of them. */
static inline uint8_t *buf_room(struct buf *b, size_t n) {
    if (n > b->cap - b->n || b->p == NULL) {
        buf_grow(b, n);
    }
    return b->p + b->n;
}

/* All copied. `data` may not point into `b`. */
static inline void buf_add(struct buf *b, struct slice data) {
    if (data.n > 0) {
        memcpy(buf_room(b, data.n), data.p, data.n);
        b->n += data.n;
    }
}

static inline void buf_add_str(struct buf *b, const char *text) {
    buf_add(b, slice_str(text));
}

static inline void buf_add_byte(struct buf *b, uint8_t byte) {
    *buf_room(b, 1) = byte;
    b->n++;
}

enum {
    DECIMAL_MAX = 20, /* digits of the largest number */
};

/* Writes the digits of `v`, at most DECIMAL_MAX; answers their end. */
uint8_t *decimal_put(uint8_t *out, uint64_t v);
void buf_add_u64(struct buf *b, uint64_t v); /* decimal */
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Drops the first `n` bytes; frees the memory when nothing is left. */
void buf_consume(struct buf *b, size_t n);
/* Keeps the memory, forgets the bytes. */
void buf_clear(struct buf *b);
/* Borrowed until the buf is next changed. */
struct slice buf_slice(const struct buf *b);

#endif
