#include "proto/wire/p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

enum {
    DER_MAX = 80, /* bytes of a signature as OpenSSL writes it */
};

/* What one multiplication needs; all of it or `group` NULL. */
struct curve {
    EC_GROUP *group;
    EC_POINT *in;
    EC_POINT *out;
    BIGNUM *scalar;
};

static void curve_fini(struct curve *c) {
    EC_POINT_clear_free(c->in);
    EC_POINT_clear_free(c->out);
    BN_clear_free(c->scalar);
    EC_GROUP_free(c->group);
}

/* RC_BACKEND: no memory. */
static enum rc curve_init(struct curve *c) {
    *c = (struct curve){.group =
                            EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
    if (c->group == NULL) {
        return RC_BACKEND;
    }
    c->in = EC_POINT_new(c->group);
    c->out = EC_POINT_new(c->group);
    c->scalar = BN_secure_new();
    return c->in == NULL || c->out == NULL || c->scalar == NULL ? RC_BACKEND
                                                                : RC_OK;
}

/* OpenSSL refuses what is not on the curve. A point of this length cannot be
 * the one at infinity. */
static bool take_point(struct curve *c, const uint8_t point[P256_POINT]) {
    return point[0] == POINT_CONVERSION_UNCOMPRESSED &&
           EC_POINT_oct2point(c->group, c->in, point, P256_POINT, NULL) == 1;
}

static bool take_scalar(struct curve *c, const uint8_t private[P256_LEN]) {
    return BN_bin2bn(private, P256_LEN, c->scalar) != NULL &&
           !BN_is_zero(c->scalar) &&
           BN_cmp(c->scalar, EC_GROUP_get0_order(c->group)) < 0;
}

/* `point` NULL: the generator. */
static enum rc multiply(const uint8_t private[P256_LEN], const uint8_t *point,
                        uint8_t out[P256_POINT]) {
    struct curve c;
    enum rc rc = curve_init(&c);

    if (rc != RC_OK) {
        goto out;
    }
    rc = RC_BAD_INPUT;
    if (!take_scalar(&c, private) ||
        (point != NULL && !take_point(&c, point))) {
        goto out;
    }
    rc = RC_BACKEND;
    if (EC_POINT_mul(c.group, c.out, point == NULL ? c.scalar : NULL,
                     point == NULL ? NULL : c.in,
                     point == NULL ? NULL : c.scalar, NULL) == 1 &&
        EC_POINT_point2oct(c.group, c.out, POINT_CONVERSION_UNCOMPRESSED, out,
                           P256_POINT, NULL) == P256_POINT) {
        rc = RC_OK;
    }

out:
    curve_fini(&c);
    return rc;
}

bool p256_is_point(const uint8_t point[P256_POINT]) {
    struct curve c;
    bool is = curve_init(&c) == RC_OK && take_point(&c, point);

    curve_fini(&c);
    return is;
}

enum rc p256_public(const uint8_t private[P256_LEN], uint8_t out[P256_POINT]) {
    return multiply(private, NULL, out);
}

/* The order of the curve is a prime: no point of it but that at infinity has a
 * smaller one, so the product is never that. */
enum rc p256_shared(const uint8_t private[P256_LEN],
                    const uint8_t point[P256_POINT], uint8_t out[P256_LEN]) {
    uint8_t product[P256_POINT];
    enum rc rc = multiply(private, point, product);

    if (rc == RC_OK) {
        memcpy(out, product + 1, P256_LEN);
    }
    OPENSSL_cleanse(product, sizeof(product));
    return rc;
}

/* ---- signing ---- */

/* NULL: not a key, or no memory. */
static EVP_PKEY *key_from(const uint8_t private[P256_LEN],
                          const uint8_t public[P256_POINT]) {
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *scalar = BN_secure_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (ctx != NULL && build != NULL && scalar != NULL &&
        BN_bin2bn(private, P256_LEN, scalar) != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                        "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public,
                                         P256_POINT) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(scalar);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* OpenSSL writes DER, JWS two numbers (RFC 7518, 3.4). */
static bool plain(const uint8_t *der, size_t n, uint8_t out[P256_SIGNATURE]) {
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    bool ok = sig != NULL &&
              BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, P256_LEN) == P256_LEN &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + P256_LEN, P256_LEN) ==
                  P256_LEN;

    ECDSA_SIG_free(sig);
    return ok;
}

enum rc p256_sign(const uint8_t private[P256_LEN], struct slice text,
                  uint8_t out[P256_SIGNATURE]) {
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t public[P256_POINT];
    uint8_t der[DER_MAX];
    size_t n = sizeof(der);
    EVP_PKEY *key = NULL;
    enum rc rc = p256_public(private, public);

    if (rc != RC_OK) {
        goto out;
    }
    key = key_from(private, public);
    if (md == NULL || key == NULL ||
        EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(md, der, &n, text.p, text.n) != 1 ||
        !plain(der, n, out)) {
        rc = RC_BACKEND;
    }

out:
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(md);
    return rc;
}
