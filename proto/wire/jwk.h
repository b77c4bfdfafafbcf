/* Public keys of an identity provider, out of a JWK set (RFC 7517, 7518, 8037)
 * or one PEM file. All keys are for one algorithm, which the operator has
 * chosen: nothing that a token or a key says of itself changes it. */
#ifndef MOIM_WIRE_JWK_H
#define MOIM_WIRE_JWK_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/json_read.h"

enum {
    JWK_KEYS_MAX = 16,
    JWK_ID_MAX = 128,     /* bytes of a kid */
    JWK_SECRET_MIN = 32,  /* bytes of an HS256 key */
    JWK_SECRET_MAX = 512, /* the same */
    JWK_RSA_BITS_MIN = 2048,
    JWK_RSA_BITS_MAX = 8192,
};

enum jwk_alg {
    JWK_RS256,
    JWK_ES256,
    JWK_EDDSA,
    JWK_HS256,
};

struct evp_pkey_st; /* OpenSSL's */

struct jwk {
    char id[JWK_ID_MAX + 1]; /* empty: it has none */
    struct evp_pkey_st *key; /* NULL for HS256 */
    uint8_t secret[JWK_SECRET_MAX];
    size_t secret_len;
};

struct jwk_set {
    enum jwk_alg alg;
    struct jwk keys[JWK_KEYS_MAX];
    size_t count;
};

/* What a header's "alg" must be. Static. */
const char *jwk_alg_str(enum jwk_alg alg);

void jwk_set_init(struct jwk_set *set, enum jwk_alg alg);
void jwk_set_fini(struct jwk_set *set); /* wipes the secrets */
/* Adds the keys of `text`: {"keys":[...]}, or a PEM public key ("-----BEGIN").
 * Keys of other kinds, algorithms and uses are passed over. `doc` is read
 * into.
 *
 * RC_BAD_INPUT  not such a text; or a key of ours is malformed or too short
 * RC_CONFLICT   two keys have the same kid, or one of several has none
 * RC_LIMIT      more than JWK_KEYS_MAX
 * RC_NOT_FOUND  there is no key for the algorithm in it */
enum rc jwk_set_read(struct jwk_set *set, struct slice text,
                     struct json_doc *doc) MUST_CHECK;
/* The key a token with this kid is signed by; without a kid, the only one. A
 * key that has no kid is for every token. NULL: we hold none such. */
const struct jwk *jwk_find(const struct jwk_set *set, struct slice id);
/* Was `text` signed so by this key of the set? */
bool jwk_signed(const struct jwk_set *set, const struct jwk *key,
                struct slice text, struct slice signature) MUST_CHECK;

#endif
