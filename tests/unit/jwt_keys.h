/* Pairs of keys for tests of tokens: made anew, public half as a JWK, and
 * signing, which the gateway never does. */
#ifndef MOIM_TESTS_JWT_KEYS_H
#define MOIM_TESTS_JWT_KEYS_H

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/base64.h"
#include "proto/base/buf.h"
#include "proto/wire/jwk.h"

static const char jwt_secret[] = "a secret of more than 32 bytes, shared";

static inline EVP_PKEY *jwt_pair(enum jwk_alg alg, unsigned bits) {
    switch (alg) {
    case JWK_RS256:
        return EVP_RSA_gen(bits);
    case JWK_ES256:
        return EVP_EC_gen(bits == 384 ? "P-384" : "P-256");
    case JWK_EDDSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case JWK_HS256:
        break;
    }
    return NULL;
}

static inline void jwt_put_base64url(struct buf *b, struct slice bytes) {
    b->n += base64url_encode(bytes,
                             (char *)buf_room(b, BASE64URL_LEN(bytes.n) + 1));
}

static inline void jwt_put_number(struct buf *b, const char *name,
                                  const EVP_PKEY *key, const char *param,
                                  size_t width) {
    uint8_t bytes[1024];
    BIGNUM *v = NULL;
    int n;

    if (EVP_PKEY_get_bn_param(key, param, &v) != 1) {
        abort();
    }
    n = width == 0 ? BN_bn2bin(v, bytes) : BN_bn2binpad(v, bytes, (int)width);
    buf_addf(b, ",\"%s\":\"", name);
    jwt_put_base64url(b, slice_of(bytes, (size_t)n));
    buf_add_byte(b, '"');
    BN_free(v);
}

/* Adds {"kty":...,<more>} with the public half. */
static inline void jwt_put_jwk(struct buf *b, enum jwk_alg alg,
                               const EVP_PKEY *key, const char *more) {
    uint8_t raw[32];
    size_t n = sizeof(raw);

    switch (alg) {
    case JWK_RS256:
        buf_add_str(b, "{\"kty\":\"RSA\"");
        jwt_put_number(b, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
        jwt_put_number(b, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
        break;
    case JWK_ES256:
        buf_add_str(b, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
        jwt_put_number(b, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
        jwt_put_number(b, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
        break;
    case JWK_EDDSA:
        if (EVP_PKEY_get_raw_public_key(key, raw, &n) != 1) {
            abort();
        }
        buf_add_str(b, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
        jwt_put_base64url(b, slice_of(raw, n));
        buf_add_byte(b, '"');
        break;
    case JWK_HS256:
        buf_add_str(b, "{\"kty\":\"oct\",\"k\":\"");
        jwt_put_base64url(b, slice_str(jwt_secret));
        buf_add_byte(b, '"');
        break;
    }
    buf_addf(b, "%s}", more);
}

static inline size_t jwt_sign_p256(EVP_PKEY *key, struct slice text,
                                   uint8_t out[64]) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[128];
    const uint8_t *at = der;
    size_t n = sizeof(der);
    ECDSA_SIG *pair;

    if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, der, &n, text.p, text.n) != 1) {
        abort();
    }
    pair = d2i_ECDSA_SIG(NULL, &at, (long)n);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
    ECDSA_SIG_free(pair);
    EVP_MD_CTX_free(ctx);
    return 64;
}

static inline size_t jwt_sign(enum jwk_alg alg, EVP_PKEY *key,
                              struct slice text, uint8_t out[1024]) {
    EVP_MD_CTX *ctx;
    size_t n = 1024;
    unsigned mac = 0;

    if (alg == JWK_HS256) {
        HMAC(EVP_sha256(), jwt_secret, (int)strlen(jwt_secret), text.p, text.n,
             out, &mac);
        return mac;
    }
    if (alg == JWK_ES256) {
        return jwt_sign_p256(key, text, out);
    }
    ctx = EVP_MD_CTX_new();
    if (EVP_DigestSignInit(ctx, NULL, alg == JWK_RS256 ? EVP_sha256() : NULL,
                           NULL, key) != 1 ||
        EVP_DigestSign(ctx, out, &n, text.p, text.n) != 1) {
        abort();
    }
    EVP_MD_CTX_free(ctx);
    return n;
}

/* Adds the token of these two texts. */
static inline void jwt_make(struct buf *b, enum jwk_alg alg, EVP_PKEY *key,
                            const char *head, const char *claims) {
    size_t from = b->n;
    uint8_t bytes[1024];
    size_t n;

    jwt_put_base64url(b, slice_str(head));
    buf_add_byte(b, '.');
    jwt_put_base64url(b, slice_str(claims));
    n = jwt_sign(alg, key, slice_drop(buf_slice(b), from), bytes);
    buf_add_byte(b, '.');
    jwt_put_base64url(b, slice_of(bytes, n));
}

#endif
