/* A cursor over untrusted bytes that remembers failing: fields are read in a
 * straight line, and whether all of them were there is asked once, at the
 * end. Numbers are big-endian. After a failure every read answers zero. */
#ifndef MOIM_WIRE_READER_H
#define MOIM_WIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"

struct reader {
    struct slice rest; /* borrowed from the input */
    bool bad;
};

void reader_init(struct reader *r, struct slice in);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* The next `n` bytes, borrowed from the input; empty when there are fewer. */
struct slice reader_take(struct reader *r, size_t n);
/* What writer_str wrote: a length of four bytes and that many bytes. */
struct slice reader_str(struct reader *r);
/* Fails the reader unless `truth`: the value just read is out of range. */
void reader_want(struct reader *r, bool truth);
/* True when nothing failed and nothing is left over. */
bool reader_done(const struct reader *r) MUST_CHECK;

#endif
