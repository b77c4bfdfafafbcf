/* What a browser's push service is sent (RFC 8030): a text that only the
 * browser can read (RFC 8291 on top of RFC 8188, "aes128gcm"), for a
 * subscription as the Push API gives it:
 *
 *   endpoint  where it is posted to, https://...
 *   p256dh    base64url of the browser's public key, a point of P-256
 *   auth      base64url of 16 bytes that it made up */
#ifndef MOIM_WIRE_WEBPUSH_H
#define MOIM_WIRE_WEBPUSH_H

#include <stdint.h>

#include "proto/base/base64.h"
#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/p256.h"
#include "proto/wire/url.h"

enum {
    WEBPUSH_ENDPOINT_MAX = 1024, /* bytes; those of today have 100 to 500 */
    WEBPUSH_AUTH = 16,           /* bytes */
    WEBPUSH_SALT = 16,
    WEBPUSH_HEAD = WEBPUSH_SALT + 4 + 1 + P256_POINT,
    WEBPUSH_BODY_MAX = 4096, /* that every push service takes */
    /* A byte ends the text, and 16 prove it. */
    WEBPUSH_TEXT_MAX = WEBPUSH_BODY_MAX - WEBPUSH_HEAD - 1 - 16,
    WEBPUSH_P256DH_LEN = BASE64URL_LEN(P256_POINT),
    WEBPUSH_AUTH_LEN = BASE64URL_LEN(WEBPUSH_AUTH),
};

/* As the browser says it; all borrowed. */
struct webpush_text {
    struct slice endpoint;
    struct slice p256dh;
    struct slice auth;
};

struct webpush_sub {
    struct url url;
    uint8_t point[P256_POINT];
    uint8_t auth[WEBPUSH_AUTH];
};

/* Which of them is wrong. */
enum webpush_wrong {
    WEBPUSH_RIGHT,
    WEBPUSH_BAD_ENDPOINT, /* not https://, or with a user or a '#' in it */
    WEBPUSH_LONG_ENDPOINT,
    WEBPUSH_BAD_P256DH,
    WEBPUSH_BAD_AUTH,
};

/* *out is written with WEBPUSH_RIGHT only. */
enum webpush_wrong webpush_read(const struct webpush_text *text,
                                struct webpush_sub *out) MUST_CHECK;

/* Chance, which is used for one body and then wiped: whoever uses one twice
 * gives away what is in both. */
struct webpush_once {
    uint8_t private[P256_LEN];
    uint8_t salt[WEBPUSH_SALT];
};

/* Appends the body that says `text`, of at most WEBPUSH_TEXT_MAX bytes, which
 * goes with "Content-Encoding: aes128gcm".
 *
 * RC_LIMIT      the text is longer
 * RC_BAD_INPUT  the private key is none; once in 2^32 times
 * RC_BACKEND    OpenSSL has no memory */
enum rc webpush_encrypt(struct buf *out, const struct webpush_sub *to,
                        const struct webpush_once *once,
                        struct slice text) MUST_CHECK;

#endif
