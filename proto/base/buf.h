/* A growing run of bytes that we own: output being built, or the part of an
 * input that has not arrived whole. Embedded or on the stack; an empty buf
 * holds no memory. */
#ifndef MOIM_BASE_BUF_H
#define MOIM_BASE_BUF_H

#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"

struct buf {
    uint8_t *p;
    size_t n;   /* bytes used */
    size_t cap; /* bytes allocated */
};

void buf_init(struct buf *b);
void buf_fini(struct buf *b); /* frees; the buf is empty and usable again */
/* All copied. `data` may not point into `b`. */
void buf_add(struct buf *b, struct slice data);
void buf_add_str(struct buf *b, const char *text);
void buf_add_byte(struct buf *b, uint8_t byte);
void buf_add_u64(struct buf *b, uint64_t v); /* decimal */
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Room for `n` more bytes at b->p + b->n; the caller then adds to b->n. */
uint8_t *buf_room(struct buf *b, size_t n);
/* Drops the first `n` bytes; frees the memory when nothing is left. */
void buf_consume(struct buf *b, size_t n);
/* Keeps the memory, forgets the bytes. */
void buf_clear(struct buf *b);
/* Borrowed until the buf is next changed. */
struct slice buf_slice(const struct buf *b);

#endif
