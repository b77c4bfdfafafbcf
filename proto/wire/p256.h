/* The curve P-256 (FIPS 186-5) over plain bytes: what Web Push agrees on keys
 * and signs with. Private keys are the caller's to wipe. */
#ifndef MOIM_WIRE_P256_H
#define MOIM_WIRE_P256_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    P256_LEN = 32,                 /* bytes of a private key, of a coordinate */
    P256_POINT = 1 + 2 * P256_LEN, /* of a public key, uncompressed */
    P256_SIGNATURE = 2 * P256_LEN, /* r and s, as JWS has them */
};

/* One that is on the curve. */
bool p256_is_point(const uint8_t point[P256_POINT]) MUST_CHECK;
/* The public key of a private one. RC_BAD_INPUT: it is 0 or too large for
 * one, as 32 bytes of chance are once in 2^32 times. */
enum rc p256_public(const uint8_t private[P256_LEN],
                    uint8_t out[P256_POINT]) MUST_CHECK;
/* What the owners of both keys know and nobody else does (ECDH). RC_BAD_INPUT:
 * as above, or not a point of the curve. */
enum rc p256_shared(const uint8_t private[P256_LEN],
                    const uint8_t point[P256_POINT],
                    uint8_t out[P256_LEN]) MUST_CHECK;
/* ECDSA with SHA-256. RC_BAD_INPUT: as above. */
enum rc p256_sign(const uint8_t private[P256_LEN], struct slice text,
                  uint8_t out[P256_SIGNATURE]) MUST_CHECK;

#endif
