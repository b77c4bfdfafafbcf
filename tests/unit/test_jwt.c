/* Tokens of an identity provider: what is believed, and everything that must
 * not be (B125 of the bad-input catalogue). */
#include "tests/unit/assert_row.h"

#include <openssl/pem.h>
#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/wire/jwt.h"
#include "tests/unit/jwt_keys.h"

#define NOW_S 1700000000
#define NOW_MS (UINT64_C(1000) * NOW_S)

static struct json_doc doc;
static EVP_PKEY *pairs[4][2]; /* the right one and another */
static const struct jwt_rule rule = {"https://id.example", "moim",
                                     "preferred_username"};

static int setup(void **state) {
    (void)state;
    json_doc_init(&doc);
    for (unsigned i = 0; i < 8; i++) {
        pairs[i / 2][i % 2] = jwt_pair((enum jwk_alg)(i / 2), 2048);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        EVP_PKEY_free(pairs[i / 2][i % 2]);
    }
    json_doc_fini(&doc);
    return 0;
}

static void open_set(struct jwk_set *set, enum jwk_alg alg, const char *more) {
    struct buf b;

    buf_init(&b);
    buf_add_str(&b, "{\"keys\":[");
    jwt_put_jwk(&b, alg, pairs[alg][0], more);
    buf_add_str(&b, "]}");
    jwk_set_init(set, alg);
    assert_int_equal(jwk_set_read(set, buf_slice(&b), &doc), RC_OK);
    assert_int_equal(set->count, 1);
    buf_fini(&b);
}

/* ---- claims ---- */

#define ISS "\"iss\":\"https://id.example\""
#define AUD ",\"aud\":\"moim\""
#define SUB ",\"sub\":\"u-1\""
#define EXP ",\"exp\":1700000300"
#define GOOD "{" ISS AUD SUB EXP "}"
#define HEAD "{\"alg\":\"%s\",\"kid\":\"k1\"}"

static const struct row {
    const char *name;
    const char *head; /* %s: the algorithm */
    const char *claims;
    enum rc want;
} rows[] = {
    {"good", HEAD, GOOD, RC_OK},
    {"with a type", "{\"typ\":\"JWT\",\"alg\":\"%s\",\"kid\":\"k1\"}", GOOD,
     RC_OK},
    {"without a kid, of the only key", "{\"alg\":\"%s\"}", GOOD, RC_OK},
    {"one of several audiences", HEAD,
     "{" ISS SUB EXP ",\"aud\":[\"x\",\"moim\"]}", RC_OK},
    {"just expired", HEAD, "{" ISS AUD SUB ",\"exp\":1699999941}", RC_OK},
    {"not quite begun", HEAD,
     "{" ISS AUD SUB EXP ",\"nbf\":1700000060,\"iat\":1700000060}", RC_OK},

    {"alg none", "{\"alg\":\"none\",\"kid\":\"k1\"}", GOOD, RC_DENIED},
    {"alg None", "{\"alg\":\"None\"}", GOOD, RC_DENIED},
    {"alg nOnE", "{\"alg\":\"nOnE\"}", GOOD, RC_DENIED},
    {"alg empty", "{\"alg\":\"\"}", GOOD, RC_DENIED},
    {"no alg", "{\"kid\":\"k1\"}", GOOD, RC_DENIED},
    {"alg a number", "{\"alg\":256}", GOOD, RC_DENIED},
    {"alg of more bits", "{\"alg\":\"RS512\",\"kid\":\"k1\"}", GOOD, RC_DENIED},
    {"alg in another case", "{\"alg\":\"hs256\"}", GOOD, RC_DENIED},
    {"alg twice", "{\"alg\":\"%s\",\"alg\":\"none\"}", GOOD, RC_DENIED},
    {"alg twice, escaped", "{\"alg\":\"none\",\"\\u0061lg\":\"%s\"}", GOOD,
     RC_DENIED},
    {"another kid", "{\"alg\":\"%s\",\"kid\":\"k2\"}", GOOD, RC_DENIED},
    {"a path as kid", "{\"alg\":\"%s\",\"kid\":\"../../etc/passwd\"}", GOOD,
     RC_DENIED},
    {"SQL as kid", "{\"alg\":\"%s\",\"kid\":\"k1' OR '1'='1\"}", GOOD,
     RC_DENIED},
    {"kid empty", "{\"alg\":\"%s\",\"kid\":\"\"}", GOOD, RC_DENIED},
    {"kid a number", "{\"alg\":\"%s\",\"kid\":1}", GOOD, RC_DENIED},
    {"kid with a NUL", "{\"alg\":\"%s\",\"kid\":\"k1\\u0000\"}", GOOD,
     RC_DENIED},
    {"crit", "{\"alg\":\"%s\",\"crit\":[\"exp\"]}", GOOD, RC_DENIED},
    {"jku", "{\"alg\":\"%s\",\"jku\":\"https://evil.example\"}", GOOD,
     RC_DENIED},
    {"jwk", "{\"alg\":\"%s\",\"jwk\":{}}", GOOD, RC_DENIED},
    {"x5u", "{\"alg\":\"%s\",\"x5u\":\"https://evil.example\"}", GOOD,
     RC_DENIED},
    {"x5c", "{\"alg\":\"%s\",\"x5c\":[]}", GOOD, RC_DENIED},
    {"head an array", "[\"%s\"]", GOOD, RC_DENIED},
    {"head not JSON", "{alg:%s}", GOOD, RC_DENIED},

    {"no exp", HEAD, "{" ISS AUD SUB "}", RC_DENIED},
    {"exp in the past", HEAD, "{" ISS AUD SUB ",\"exp\":1699999940}",
     RC_TIMEOUT},
    {"exp 0", HEAD, "{" ISS AUD SUB ",\"exp\":0}", RC_DENIED},
    {"exp a text", HEAD, "{" ISS AUD SUB ",\"exp\":\"1700000300\"}", RC_DENIED},
    {"exp null", HEAD, "{" ISS AUD SUB ",\"exp\":null}", RC_DENIED},
    {"exp negative", HEAD, "{" ISS AUD SUB ",\"exp\":-1}", RC_DENIED},
    {"exp too large", HEAD, "{" ISS AUD SUB ",\"exp\":9007199254740991}",
     RC_DENIED},
    {"exp twice", HEAD, "{" ISS AUD SUB EXP ",\"exp\":1}", RC_DENIED},
    {"nbf in the future", HEAD, "{" ISS AUD SUB EXP ",\"nbf\":1700000061}",
     RC_DENIED},
    {"nbf a text", HEAD, "{" ISS AUD SUB EXP ",\"nbf\":\"1\"}", RC_DENIED},
    {"iat in the future", HEAD, "{" ISS AUD SUB EXP ",\"iat\":1700000061}",
     RC_DENIED},
    {"no iss", HEAD, "{\"aud\":\"moim\"" SUB EXP "}", RC_DENIED},
    {"another iss", HEAD, "{\"iss\":\"https://id.example/\"" AUD SUB EXP "}",
     RC_DENIED},
    {"iss in a list", HEAD, "{\"iss\":[\"https://id.example\"]" AUD SUB EXP "}",
     RC_DENIED},
    {"iss twice", HEAD, "{" ISS ",\"iss\":\"x\"" AUD SUB EXP "}", RC_DENIED},
    {"no aud", HEAD, "{" ISS SUB EXP "}", RC_DENIED},
    {"another aud", HEAD, "{" ISS SUB EXP ",\"aud\":\"moim2\"}", RC_DENIED},
    {"others' auds", HEAD, "{" ISS SUB EXP ",\"aud\":[\"a\",[\"moim\"]]}",
     RC_DENIED},
    {"aud an object", HEAD, "{" ISS SUB EXP ",\"aud\":{\"moim\":1}}",
     RC_DENIED},
    {"no sub", HEAD, "{" ISS AUD EXP "}", RC_DENIED},
    {"sub empty", HEAD, "{" ISS AUD EXP ",\"sub\":\"\"}", RC_DENIED},
    {"sub a number", HEAD, "{" ISS AUD EXP ",\"sub\":1}", RC_DENIED},
    {"sub with a NUL", HEAD, "{" ISS AUD EXP ",\"sub\":\"a\\u0000b\"}",
     RC_DENIED},
    {"claims an array", HEAD, "[]", RC_DENIED},
    {"claims not JSON", HEAD, "{" ISS AUD SUB EXP, RC_DENIED},
};

static enum rc check(const struct jwk_set *set, struct slice token,
                     struct jwt_claims *out) {
    return jwt_verify(set, &rule, token, NOW_MS, &doc, out);
}

static void make(struct buf *b, enum jwk_alg alg, EVP_PKEY *key,
                 const struct row *row) {
    char head[256];
    const char *percent = strstr(row->head, "%s");

    if (percent == NULL) {
        (void)snprintf(head, sizeof(head), "%s", row->head);
    } else {
        (void)snprintf(head, sizeof(head), "%.*s%s%s",
                       (int)(percent - row->head), row->head, jwk_alg_str(alg),
                       percent + 2);
    }
    jwt_make(b, alg, key, head, row->claims);
}

static void test_rows(void **state) {
    (void)state;
    for (unsigned alg = 0; alg < 4; alg++) {
        struct jwk_set set;

        open_set(&set, (enum jwk_alg)alg, ",\"kid\":\"k1\"");
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            struct jwt_claims claims;
            struct buf b;

            buf_init(&b);
            make(&b, (enum jwk_alg)alg, pairs[alg][0], &rows[i]);
            assert_row(rows[i].name,
                       check(&set, buf_slice(&b), &claims) == rows[i].want);
            buf_fini(&b);
        }
        jwk_set_fini(&set);
    }
}

/* What it says is what we are told. */
static void test_said(void **state) {
    static const struct {
        const char *name;
        const char *claims;
        const char *said;
    } said[] = {
        {"a name", "{" ISS AUD SUB EXP ",\"preferred_username\":\"지민\"}",
         "지민"},
        {"none", GOOD, ""},
        {"no text", "{" ISS AUD SUB EXP ",\"preferred_username\":7}", ""},
    };
    struct jwk_set set;

    (void)state;
    open_set(&set, JWK_EDDSA, "");
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        struct row row = {"", "{\"alg\":\"%s\"}", said[i].claims, RC_OK};
        struct jwt_claims claims;
        struct buf b;

        buf_init(&b);
        make(&b, JWK_EDDSA, pairs[JWK_EDDSA][0], &row);
        assert_row(said[i].name, check(&set, buf_slice(&b), &claims) == RC_OK);
        assert_row(said[i].name, strcmp(claims.name, said[i].said) == 0);
        assert_row(said[i].name, strcmp(claims.subject, "u-1") == 0);
        assert_row(said[i].name, claims.expires_ms == NOW_MS + 300000);
        buf_fini(&b);
    }
    jwk_set_fini(&set);
}

/* Every cut, every flipped bit and every addition is refused. */
static void test_damaged(void **state) {
    (void)state;
    for (unsigned alg = 0; alg < 4; alg++) {
        struct jwt_claims claims;
        struct jwk_set set;
        struct buf b;

        open_set(&set, (enum jwk_alg)alg, ",\"kid\":\"k1\"");
        buf_init(&b);
        make(&b, (enum jwk_alg)alg, pairs[alg][0], &rows[0]);
        assert_int_equal(check(&set, buf_slice(&b), &claims), RC_OK);
        for (size_t n = 0; n < b.n; n++) {
            assert_int_equal(check(&set, slice_of(b.p, n), &claims), RC_DENIED);
        }
        for (size_t i = 0; i < b.n; i++) {
            b.p[i] ^= 1;
            assert_int_equal(check(&set, buf_slice(&b), &claims), RC_DENIED);
            b.p[i] ^= 1;
        }
        buf_add_str(&b, ".x");
        assert_int_equal(check(&set, buf_slice(&b), &claims), RC_DENIED);
        b.n--;
        assert_int_equal(check(&set, buf_slice(&b), &claims), RC_DENIED);
        buf_fini(&b);
        jwk_set_fini(&set);
    }
}

static void test_texts(void **state) {
    static const char *const texts[] = {
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b.c.d.e",
        "e30.e30.",
        "e30..e30",
        ".e30.e30",
        "e30=.e30=.e30=",
        "e30.e30.e30\n",
        " e30.e30.e30",
    };
    struct jwt_claims claims;
    struct jwk_set set;
    struct buf b;

    (void)state;
    open_set(&set, JWK_HS256, "");
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_row(texts[i],
                   check(&set, slice_str(texts[i]), &claims) == RC_DENIED);
    }
    buf_init(&b);
    memset(buf_room(&b, 20480), 'a', 20480);
    b.n = 20480;
    assert_int_equal(check(&set, buf_slice(&b), &claims), RC_DENIED);
    buf_fini(&b);
    jwk_set_fini(&set);
}

/* The public key of one algorithm is no secret of another; and another's
 * signature is none. */
static void test_confusion(void **state) {
    (void)state;
    for (unsigned alg = 0; alg < 3; alg++) {
        static const char form[] = "{\"alg\":\"HS256\",\"kid\":\"k1\"}";
        struct jwt_claims claims;
        struct jwk_set set;
        char *pem = NULL;
        uint8_t mac[32];
        unsigned n = 0;
        long length;
        struct buf b;
        BIO *out = BIO_new(BIO_s_mem());

        open_set(&set, (enum jwk_alg)alg, ",\"kid\":\"k1\"");
        assert_int_equal(PEM_write_bio_PUBKEY(out, pairs[alg][0]), 1);
        length = BIO_get_mem_data(out, &pem);
        buf_init(&b);
        jwt_put_base64url(&b, slice_str(form));
        buf_add_byte(&b, '.');
        jwt_put_base64url(&b, slice_str(GOOD));
        HMAC(EVP_sha256(), pem, (int)length, b.p, b.n, mac, &n);
        buf_add_byte(&b, '.');
        jwt_put_base64url(&b, slice_of(mac, n));
        assert_int_equal(check(&set, buf_slice(&b), &claims), RC_DENIED);
        buf_clear(&b);
        make(&b, (enum jwk_alg)alg, pairs[alg][1], &rows[0]);
        assert_int_equal(check(&set, buf_slice(&b), &claims), RC_DENIED);
        buf_fini(&b);
        BIO_free(out);
        jwk_set_fini(&set);
    }
}

/* ---- keys ---- */

static enum rc read_text(struct jwk_set *set, enum jwk_alg alg,
                         const char *text) {
    jwk_set_init(set, alg);
    return jwk_set_read(set, slice_str(text), &doc);
}

#define OCT(more)                                                              \
    "{\"kty\":\"oct\",\"k\":"                                                  \
    "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"" more "}"
#define KEYS(list) "{\"keys\":[" list "]}"

static void test_sets(void **state) {
    static const struct {
        const char *name;
        const char *text;
        enum jwk_alg alg;
        enum rc want;
    } sets[] = {
        {"one", KEYS(OCT("")), JWK_HS256, RC_OK},
        {"two", KEYS(OCT(",\"kid\":\"a\"") "," OCT(",\"kid\":\"b\"")),
         JWK_HS256, RC_OK},
        {"twice the same kid",
         KEYS(OCT(",\"kid\":\"a\"") "," OCT(",\"kid\":\"a\"")), JWK_HS256,
         RC_CONFLICT},
        {"one of two without a kid", KEYS(OCT(",\"kid\":\"a\"") "," OCT("")),
         JWK_HS256, RC_CONFLICT},
        {"none", KEYS(""), JWK_HS256, RC_NOT_FOUND},
        {"another algorithm", KEYS(OCT(",\"alg\":\"HS512\"")), JWK_HS256,
         RC_NOT_FOUND},
        {"for encryption", KEYS(OCT(",\"use\":\"enc\"")), JWK_HS256,
         RC_NOT_FOUND},
        {"of another kind", KEYS(OCT("")), JWK_RS256, RC_NOT_FOUND},
        {"a number as kid", KEYS(OCT(",\"kid\":7")), JWK_HS256, RC_BAD_INPUT},
        {"a secret too short",
         KEYS("{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZg\"}"), JWK_HS256,
         RC_BAD_INPUT},
        {"padding", KEYS("{\"kty\":\"oct\",\"k\":\"MDEy=\"}"), JWK_HS256,
         RC_BAD_INPUT},
        {"RSA without numbers", KEYS("{\"kty\":\"RSA\"}"), JWK_RS256,
         RC_BAD_INPUT},
        {"RSA too short",
         KEYS("{\"kty\":\"RSA\",\"n\":\"0123456789abcdef\",\"e\":\"AQAB\"}"),
         JWK_RS256, RC_BAD_INPUT},
        {"another curve", KEYS("{\"kty\":\"EC\",\"crv\":\"P-384\"}"), JWK_ES256,
         RC_NOT_FOUND},
        {"a point that is none",
         KEYS("{\"kty\":\"EC\",\"crv\":\"P-256\","
              "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
              "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"),
         JWK_ES256, RC_BAD_INPUT},
        {"Ed25519 too short",
         KEYS("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}"),
         JWK_EDDSA, RC_BAD_INPUT},
        {"keys no array", "{\"keys\":{}}", JWK_HS256, RC_BAD_INPUT},
        {"an array", "[]", JWK_HS256, RC_BAD_INPUT},
        {"no JSON", "keys", JWK_HS256, RC_BAD_INPUT},
        {"nothing", "", JWK_HS256, RC_BAD_INPUT},
        {"a bad PEM", "-----BEGIN PUBLIC KEY-----\nx\n", JWK_ES256,
         RC_BAD_INPUT},
        {"a PEM for a secret", "-----BEGIN PUBLIC KEY-----\nx\n", JWK_HS256,
         RC_BAD_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        struct jwk_set set;

        assert_row(sets[i].name,
                   read_text(&set, sets[i].alg, sets[i].text) == sets[i].want);
        jwk_set_fini(&set);
    }
}

/* A PEM file is for one algorithm, and for a token of any kid. */
static void test_pem(void **state) {
    (void)state;
    for (unsigned of = 0; of < 3; of++) {
        BIO *out = BIO_new(BIO_s_mem());
        char *pem = NULL;
        long length;

        assert_int_equal(PEM_write_bio_PUBKEY(out, pairs[of][0]), 1);
        length = BIO_get_mem_data(out, &pem);
        for (unsigned alg = 0; alg < 4; alg++) {
            struct jwt_claims claims;
            struct jwk_set set;
            struct buf b;
            enum rc rc;

            jwk_set_init(&set, (enum jwk_alg)alg);
            rc = jwk_set_read(&set, slice_of(pem, (size_t)length), &doc);
            assert_int_equal(rc, alg == of ? RC_OK : RC_BAD_INPUT);
            buf_init(&b);
            make(&b, (enum jwk_alg)of, pairs[of][0], &rows[0]);
            assert_int_equal(check(&set, buf_slice(&b), &claims),
                             alg == of ? RC_OK : RC_DENIED);
            buf_fini(&b);
            jwk_set_fini(&set);
        }
        BIO_free(out);
    }
}

static void test_keys_refused(void **state) {
    static const struct {
        enum jwk_alg alg;
        unsigned bits;
    } weak[] = {{JWK_RS256, 1024}, {JWK_ES256, 384}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(weak); i++) {
        EVP_PKEY *key = jwt_pair(weak[i].alg, weak[i].bits);
        BIO *out = BIO_new(BIO_s_mem());
        struct jwk_set set;
        char *pem = NULL;
        long length;

        assert_int_equal(PEM_write_bio_PUBKEY(out, key), 1);
        length = BIO_get_mem_data(out, &pem);
        jwk_set_init(&set, weak[i].alg);
        assert_int_equal(
            jwk_set_read(&set, slice_of(pem, (size_t)length), &doc),
            RC_BAD_INPUT);
        jwk_set_fini(&set);
        BIO_free(out);
        EVP_PKEY_free(key);
    }
}

/* More keys than a set has room for. */
static void test_many_keys(void **state) {
    struct jwk_set set;
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_add_str(&b, "{\"keys\":[");
    for (unsigned i = 0; i <= JWK_KEYS_MAX; i++) {
        buf_addf(&b, "%s{\"kty\":\"oct\",\"kid\":\"%u\",\"k\":\"", i ? "," : "",
                 i);
        jwt_put_base64url(&b, slice_str(jwt_secret));
        buf_add_str(&b, "\"}");
    }
    buf_add_str(&b, "]}");
    jwk_set_init(&set, JWK_HS256);
    assert_int_equal(jwk_set_read(&set, buf_slice(&b), &doc), RC_LIMIT);
    jwk_set_fini(&set);
    buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_said),
        cmocka_unit_test(test_damaged),   cmocka_unit_test(test_texts),
        cmocka_unit_test(test_confusion), cmocka_unit_test(test_sets),
        cmocka_unit_test(test_pem),       cmocka_unit_test(test_keys_refused),
        cmocka_unit_test(test_many_keys),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
