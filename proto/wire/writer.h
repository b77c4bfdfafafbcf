/* Appends binary fields to a buf, big-endian: what proto/wire/reader.h reads
 * back. Everything is copied. */
#ifndef MOIM_WIRE_WRITER_H
#define MOIM_WIRE_WRITER_H

#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/slice.h"

void writer_u8(struct buf *out, uint8_t v);
void writer_u16(struct buf *out, uint16_t v);
void writer_u32(struct buf *out, uint32_t v);
void writer_u64(struct buf *out, uint64_t v);
/* A length of four bytes and the bytes; `s` is below 4 GiB. */
void writer_str(struct buf *out, struct slice s);

#endif
