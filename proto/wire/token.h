/* Signed access tokens: made by the gateway that saw the password, believed
 * by every gateway that holds the keys, without asking anybody.
 *
 *     v1.<key id>.<claims>.<mac>
 *
 * Claims are 32 bytes (user, device, issued, expires, big endian) and the mac
 * is HMAC-SHA256 over everything before its dot, both in base64url without
 * padding. There is one algorithm and nothing to negotiate. */
#ifndef MOIM_WIRE_TOKEN_H
#define MOIM_WIRE_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    TOKEN_KEYS_MAX = 4,     /* the one that signs and older ones */
    TOKEN_KEY_ID_MAX = 16,  /* characters */
    TOKEN_SECRET_MIN = 32,  /* bytes */
    TOKEN_SECRET_MAX = 128, /* bytes */
    TOKEN_TEXT_MAX = 107,   /* bytes of the longest token */
    TOKEN_LEEWAY_MS = 60000 /* clocks of two gateways may differ so much */
};

struct token_key {
    char id[TOKEN_KEY_ID_MAX + 1];
    uint8_t secret[TOKEN_SECRET_MAX];
    size_t secret_len;
};

/* The first key signs; all verify. To rotate, give every gateway the new key
 * behind the old one, then put it in front, then drop the old one. */
struct token_keys {
    struct token_key keys[TOKEN_KEYS_MAX];
    size_t count;
};

struct token_claims {
    struct user_id user;
    struct device_id device;
    uint64_t issued_ms;  /* Unix time */
    uint64_t expires_ms; /* Unix time; later than issued_ms */
};

void token_keys_init(struct token_keys *k);
void token_keys_fini(struct token_keys *k); /* wipes the secrets */
/* Adds a key behind the others; both parts are copied.
 *
 * RC_BAD_INPUT  `id` is not 1 to 16 of [0-9A-Za-z_-], or `secret` not 32 to
 *               128 bytes
 * RC_CONFLICT   a key of that id is there already
 * RC_LIMIT      there are four */
enum rc token_keys_add(struct token_keys *k, struct slice id,
                       struct slice secret) MUST_CHECK;

/* Adds the token for `claims`, signed by the first of `keys`, to `out`. There
 * is a key, no id is 0, and the times are in order. */
void token_sign(const struct token_keys *keys,
                const struct token_claims *claims, struct buf *out);

/* RC_OK       signed by us and valid at `now_ms`; *out is written
 * RC_TIMEOUT  signed by us, expired; *out is untouched
 * RC_DENIED   everything else: malformed, forged, a key we do not hold, or
 *             issued more than the leeway after `now_ms` */
enum rc token_verify(const struct token_keys *keys, struct slice text,
                     uint64_t now_ms, struct token_claims *out) MUST_CHECK;

#endif
