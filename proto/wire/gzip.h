/* Files packed with gzip (RFC 1952), whole ones. */
#ifndef MOIM_WIRE_GZIP_H
#define MOIM_WIRE_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

/* Writes the `len` bytes that `packed` holds.
 * RC_BAD_INPUT: it is no gzip file, not a whole one, holds another number of
 * bytes, or something comes behind it; `out` is spoilt. */
enum rc gzip_unpack(struct slice packed, uint8_t *out, size_t len) MUST_CHECK;

#endif
