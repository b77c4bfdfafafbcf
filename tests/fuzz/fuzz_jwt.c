/* Any bytes as a token and as a set of keys. What is in front of a token is
 * signed too, so that its head and claims are reached; a token that is believed
 * says who it is about and until when. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/wire/jwt.h"
#include "tests/unit/jwt_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t now_ms = UINT64_C(1700000000000);
static const struct jwt_rule rule = {"i", "a", "n"};
static struct json_doc doc;

static void check_token(const struct jwk_set *set, struct slice token) {
    struct jwt_claims claims;

    if (jwt_verify(set, &rule, token, now_ms, &doc, &claims) == RC_OK) {
        assert(claims.subject[0] != '\0');
        assert(claims.expires_ms + JWT_LEEWAY_MS > now_ms);
    }
}

/* The bytes up to a NUL are the head, the others the claims. */
static void check_signed(const struct jwk_set *set, const char *text) {
    struct buf b;

    buf_init(&b);
    jwt_make(&b, JWK_HS256, NULL, text, text + strlen(text) + 1);
    check_token(set, buf_slice(&b));
    buf_fini(&b);
}

static void check_keys(struct slice text) {
    for (unsigned alg = JWK_RS256; alg <= JWK_HS256; alg++) {
        struct jwk_set set;

        jwk_set_init(&set, (enum jwk_alg)alg);
        if (jwk_set_read(&set, text, &doc) == RC_OK) {
            assert(set.count > 0 && set.count <= JWK_KEYS_MAX);
            check_token(&set, text);
        }
        jwk_set_fini(&set);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jwk_set set;
    struct buf b;
    struct buf text;
    enum rc rc;

    json_doc_init(&doc);
    buf_init(&b);
    buf_init(&text);
    buf_add_str(&b, "{\"keys\":[");
    jwt_put_jwk(&b, JWK_HS256, NULL, "");
    buf_add_str(&b, "]}");
    jwk_set_init(&set, JWK_HS256);
    rc = jwk_set_read(&set, buf_slice(&b), &doc);
    assert(rc == RC_OK);
    check_token(&set, slice_of(data, size));
    check_keys(slice_of(data, size));
    buf_add(&text, slice_of(data, size));
    buf_add(&text, SLICE_LIT("\0\0"));
    check_signed(&set, (const char *)text.p);
    jwk_set_fini(&set);
    buf_fini(&text);
    buf_fini(&b);
    json_doc_fini(&doc);
    return 0;
}
