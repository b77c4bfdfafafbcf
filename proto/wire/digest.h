/* A short mark for a text that strangers chose: the beginning of its SHA-256
 * (FIPS 180-4). Nobody can make another text with the mark of a given one. */
#ifndef MOIM_WIRE_DIGEST_H
#define MOIM_WIRE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/slice.h"

enum {
    DIGEST_MAX = 32,
};

/* Writes the first `n` bytes, at most DIGEST_MAX; the same on every machine
 * and for ever, since it is stored. */
void digest_put(uint8_t *out, size_t n, struct slice text);

#endif
