#include "proto/wire/jwk.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <string.h>

#include "proto/base/base64.h"

enum {
    P256_BYTES = 32, /* of a coordinate, and of half a signature */
    ED25519_BYTES = 32,
    HS256_BYTES = 32,
    NUMBER_MAX = JWK_RSA_BITS_MAX / 8,
};

static const struct alg {
    const char *name; /* in "alg" */
    const char *kind; /* in "kty" */
    const char *curve;
    int type; /* of the EVP_PKEY */
} algs[] = {
    [JWK_RS256] = {"RS256", "RSA", NULL, EVP_PKEY_RSA},
    [JWK_ES256] = {"ES256", "EC", "P-256", EVP_PKEY_EC},
    [JWK_EDDSA] = {"EdDSA", "OKP", "Ed25519", EVP_PKEY_ED25519},
    [JWK_HS256] = {"HS256", "oct", NULL, 0},
};

const char *jwk_alg_str(enum jwk_alg alg) {
    return algs[alg].name;
}

void jwk_set_init(struct jwk_set *set, enum jwk_alg alg) {
    memset(set, 0, sizeof(*set));
    set->alg = alg;
}

void jwk_set_fini(struct jwk_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        EVP_PKEY_free(set->keys[i].key);
    }
    OPENSSL_cleanse(set, sizeof(*set));
}

/* ---- public keys from their numbers ---- */

/* Takes what the builder holds. NULL: OpenSSL finds fault with it. */
static EVP_PKEY *from_data(const char *kind, OSSL_PARAM_BLD *build) {
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY *key = NULL;

    if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *rsa_from(struct slice n, struct slice e) {
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(n.p, (int)n.n, NULL);
    BIGNUM *exponent = BN_bin2bn(e.p, (int)e.n, NULL);
    EVP_PKEY *key = NULL;

    if (build != NULL && modulus != NULL && exponent != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        key = from_data("RSA", build);
    }
    BN_free(modulus);
    BN_free(exponent);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *p256_from(struct slice x, struct slice y) {
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    uint8_t point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    EVP_PKEY *key = NULL;

    if (x.n != P256_BYTES || y.n != P256_BYTES || build == NULL) {
        OSSL_PARAM_BLD_free(build);
        return NULL;
    }
    memcpy(point + 1, x.p, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, y.p, P256_BYTES);
    if (OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                        "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point,
                                         sizeof(point)) == 1) {
        key = from_data("EC", build);
    }
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *ed25519_from(struct slice x) {
    return x.n == ED25519_BYTES
               ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x.p, x.n)
               : NULL;
}

/* Is it what the algorithm wants, and long enough? */
static bool key_ok(enum jwk_alg alg, const EVP_PKEY *key) {
    char group[32] = "";

    if (key == NULL || EVP_PKEY_get_base_id(key) != algs[alg].type) {
        return false;
    }
    if (alg == JWK_RS256) {
        return EVP_PKEY_get_bits(key) >= JWK_RSA_BITS_MIN &&
               EVP_PKEY_get_bits(key) <= JWK_RSA_BITS_MAX;
    }
    return alg != JWK_ES256 ||
           (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
                                           group, sizeof(group), NULL) == 1 &&
            strcmp(group, "prime256v1") == 0);
}

/* ---- one key of a set ---- */

/* A member that has to be a string; empty when it is not. */
static struct slice text_of(const struct json_doc *doc, size_t object,
                            const char *name) {
    size_t at = json_member(doc, object, name);

    return at != 0 && json_kind(doc, at) == JSON_KIND_STRING
               ? json_text(doc, at)
               : slice_of(NULL, 0);
}

/* A member of base64url; empty when it is not. */
static struct slice bytes_of(const struct json_doc *doc, size_t object,
                             const char *name, uint8_t *out, size_t cap) {
    size_t n = 0;

    if (base64url_decode(text_of(doc, object, name), out, cap, &n) != RC_OK) {
        n = 0;
    }
    return slice_of(out, n);
}

/* True: "name" is there and something else than `want`. */
static bool differs(const struct json_doc *doc, size_t object, const char *name,
                    const char *want) {
    return json_member(doc, object, name) != 0 &&
           !slice_is(text_of(doc, object, name), want);
}

static bool is_ours(const struct jwk_set *set, const struct json_doc *doc,
                    size_t object) {
    const struct alg *alg = &algs[set->alg];

    return slice_is(text_of(doc, object, "kty"), alg->kind) &&
           !differs(doc, object, "alg", alg->name) &&
           !differs(doc, object, "use", "sig") &&
           (alg->curve == NULL ||
            slice_is(text_of(doc, object, "crv"), alg->curve));
}

static EVP_PKEY *key_from(enum jwk_alg alg, const struct json_doc *doc,
                          size_t object) {
    uint8_t a[NUMBER_MAX];
    uint8_t b[NUMBER_MAX];
    struct slice x =
        bytes_of(doc, object, alg == JWK_RS256 ? "n" : "x", a, sizeof(a));

    if (alg == JWK_RS256) {
        return rsa_from(x, bytes_of(doc, object, "e", b, sizeof(b)));
    }
    if (alg == JWK_ES256) {
        return p256_from(x, bytes_of(doc, object, "y", b, sizeof(b)));
    }
    return ed25519_from(x);
}

static enum rc read_id(struct jwk *key, const struct json_doc *doc,
                       size_t object) {
    struct slice id = text_of(doc, object, "kid");

    if (json_member(doc, object, "kid") != 0 &&
        (id.n == 0 || id.n > JWK_ID_MAX)) {
        return RC_BAD_INPUT;
    }
    if (id.n > 0) {
        memcpy(key->id, id.p, id.n);
    }
    return RC_OK;
}

static enum rc add_jwk(struct jwk_set *set, const struct json_doc *doc,
                       size_t object) {
    struct jwk key = {.key = NULL};

    if (json_kind(doc, object) != JSON_KIND_OBJECT ||
        read_id(&key, doc, object) != RC_OK) {
        return RC_BAD_INPUT;
    }
    if (set->count == JWK_KEYS_MAX) {
        return RC_LIMIT;
    }
    if (set->alg == JWK_HS256) {
        key.secret_len =
            bytes_of(doc, object, "k", key.secret, sizeof(key.secret)).n;
    } else {
        key.key = key_from(set->alg, doc, object);
    }
    if (set->alg == JWK_HS256 ? key.secret_len < JWK_SECRET_MIN
                              : !key_ok(set->alg, key.key)) {
        EVP_PKEY_free(key.key);
        return RC_BAD_INPUT;
    }
    set->keys[set->count++] = key;
    OPENSSL_cleanse(&key, sizeof(key));
    return RC_OK;
}

/* ---- a whole text ---- */

static enum rc read_pem(struct jwk_set *set, struct slice text) {
    BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
    EVP_PKEY *key =
        in == NULL ? NULL : PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);

    BIO_free(in);
    if (set->alg == JWK_HS256 || !key_ok(set->alg, key)) {
        EVP_PKEY_free(key);
        return RC_BAD_INPUT;
    }
    set->keys[set->count++].key = key;
    return RC_OK;
}

/* Which key is meant is never to be guessed. */
static enum rc check_ids(const struct jwk_set *set) {
    for (size_t i = 0; set->count > 1 && i < set->count; i++) {
        struct slice id = slice_str(set->keys[i].id);

        if (id.n == 0 || jwk_find(set, id) != &set->keys[i]) {
            return RC_CONFLICT;
        }
    }
    return set->count > 0 ? RC_OK : RC_NOT_FOUND;
}

static enum rc read_set(struct jwk_set *set, struct slice text,
                        struct json_doc *doc) {
    size_t keys;

    if (json_read(doc, text) != RC_OK) {
        return RC_BAD_INPUT;
    }
    keys = json_member(doc, 0, "keys");
    if (keys == 0 || json_kind(doc, keys) != JSON_KIND_ARRAY) {
        return RC_BAD_INPUT;
    }
    for (size_t i = json_first(doc, keys); i != 0; i = json_next(doc, i)) {
        enum rc rc = is_ours(set, doc, i) ? add_jwk(set, doc, i) : RC_OK;

        if (rc != RC_OK) {
            return rc;
        }
    }
    return RC_OK;
}

enum rc jwk_set_read(struct jwk_set *set, struct slice text,
                     struct json_doc *doc) {
    enum rc rc = slice_starts(text, "-----BEGIN") ? read_pem(set, text)
                                                  : read_set(set, text, doc);

    return rc == RC_OK ? check_ids(set) : rc;
}

const struct jwk *jwk_find(const struct jwk_set *set, struct slice id) {
    if (set->count == 1 && (id.n == 0 || set->keys[0].id[0] == '\0')) {
        return &set->keys[0];
    }
    for (size_t i = 0; i < set->count && id.n > 0; i++) {
        if (slice_is(id, set->keys[i].id)) {
            return &set->keys[i];
        }
    }
    return NULL;
}

/* ---- signatures ---- */

static bool hmac_ok(const struct jwk *key, struct slice text,
                    struct slice signature) {
    uint8_t mac[HS256_BYTES];
    unsigned n = 0;

    return signature.n == sizeof(mac) &&
           HMAC(EVP_sha256(), key->secret, (int)key->secret_len, text.p, text.n,
                mac, &n) != NULL &&
           n == sizeof(mac) &&
           CRYPTO_memcmp(mac, signature.p, sizeof(mac)) == 0;
}

static bool verify(EVP_PKEY *key, const EVP_MD *digest, struct slice text,
                   struct slice signature) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok =
        ctx != NULL &&
        EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) == 1 &&
        EVP_DigestVerify(ctx, signature.p, signature.n, text.p, text.n) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

/* A token has r and s one behind the other (RFC 7518, 3.4); OpenSSL wants them
 * in ASN.1. */
static bool p256_ok(EVP_PKEY *key, struct slice text, struct slice signature) {
    ECDSA_SIG *pair = ECDSA_SIG_new();
    unsigned char *der = NULL;
    BIGNUM *r;
    BIGNUM *s;
    int n;
    bool ok = false;

    if (pair == NULL || signature.n != (size_t)2 * P256_BYTES) {
        ECDSA_SIG_free(pair);
        return false;
    }
    r = BN_bin2bn(signature.p, P256_BYTES, NULL);
    s = BN_bin2bn(signature.p + P256_BYTES, P256_BYTES, NULL);
    if (r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return false;
    }
    n = i2d_ECDSA_SIG(pair, &der);
    if (n > 0) {
        ok = verify(key, EVP_sha256(), text, slice_of(der, (size_t)n));
    }
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return ok;
}

bool jwk_signed(const struct jwk_set *set, const struct jwk *key,
                struct slice text, struct slice signature) {
    switch (set->alg) {
    case JWK_RS256:
        return verify(key->key, EVP_sha256(), text, signature);
    case JWK_ES256:
        return p256_ok(key->key, text, signature);
    case JWK_EDDSA:
        return verify(key->key, NULL, text, signature);
    case JWK_HS256:
        return hmac_ok(key, text, signature);
    }
    return false;
}
