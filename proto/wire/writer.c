/* Appends binary fields to a buf, big-endian. */
#include "proto/wire/writer.h"

#include <assert.h>
#include <endian.h>
#include <stddef.h>
#include <string.h>

/* The low `n` bytes, 1 to 8. */
static inline void put_number(struct buf *out, uint64_t v, size_t n) {
    uint64_t big = htobe64(v << (64 - 8 * n));

    memcpy(buf_room(out, n), &big, n);
    out->n += n;
}

void writer_u8(struct buf *out, uint8_t v) {
    put_number(out, v, 1);
}

void writer_u16(struct buf *out, uint16_t v) {
    put_number(out, v, 2);
}

void writer_u32(struct buf *out, uint32_t v) {
    put_number(out, v, 4);
}

void writer_u64(struct buf *out, uint64_t v) {
    put_number(out, v, 8);
}

void writer_str(struct buf *out, struct slice s) {
    assert(s.n <= UINT32_MAX);
    writer_u32(out, (uint32_t)s.n);
    buf_add(out, s);
}
