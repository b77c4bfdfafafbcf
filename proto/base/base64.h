/* Base64 (RFC 4648), strict: "base64" with padding, "base64url" without.
 * Every byte string has exactly one text, and no other text decodes to it:
 * no spaces, no missing or extra padding, no stray bits in the last letter. */
#ifndef MOIM_BASE_BASE64_H
#define MOIM_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

/* Letters for `n` bytes, without a NUL. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
#define BASE64URL_LEN(n) (((n)*4 + 2) / 3)

/* Write the letters and a NUL to `out`, which has room for LEN(in.n) + 1;
 * answer the number of letters. */
size_t base64_encode(struct slice in, char *out);
size_t base64url_encode(struct slice in, char *out);

/* Write at most `cap` bytes to `out`, their number to `out_len`. `out` may be
 * scribbled on when the answer is not RC_OK.
 *
 * RC_BAD_INPUT  not the one right text for any bytes
 * RC_LIMIT      the text is for more than `cap` bytes */
enum rc base64_decode(struct slice in, uint8_t *out, size_t cap,
                      size_t *out_len) MUST_CHECK;
enum rc base64url_decode(struct slice in, uint8_t *out, size_t cap,
                         size_t *out_len) MUST_CHECK;

#endif
