/* The curve: RFC 8291's numbers, what is not a point of it or a key, and what
 * OpenSSL's own verification says of our signatures. */
#include "proto/wire/p256.h"

#include "tests/unit/assert_row.h"

#include "proto/base/base64.h"
#include "proto/wire/jwk.h"

/* RFC 8291, appendix A: the browser's keys and the server's. */
#define BROWSER_PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define BROWSER_PUBLIC                                                         \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZ" \
    "GH6SRpkNtoIAiw4"
#define SERVER_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define SERVER_PUBLIC                                                          \
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w" \
    "EqKK6PBru3jl7A8"
#define SHARED "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"

static void bytes_of(const char *text, uint8_t *out, size_t n) {
    size_t got = 0;

    assert_int_equal(base64url_decode(slice_str(text), out, n, &got), RC_OK);
    assert_int_equal(got, n);
}

static void test_public(void **state) {
    static const struct {
        const char *private;
        const char *public;
    } rows[] = {
        {BROWSER_PRIVATE, BROWSER_PUBLIC},
        {SERVER_PRIVATE, SERVER_PUBLIC},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t private[P256_LEN];
        uint8_t want[P256_POINT];
        uint8_t have[P256_POINT];

        bytes_of(rows[i].private, private, sizeof(private));
        bytes_of(rows[i].public, want, sizeof(want));
        assert_row(rows[i].private, p256_public(private, have) == RC_OK);
        assert_memory_equal(have, want, sizeof(want));
        assert_row(rows[i].private, p256_is_point(have));
    }
}

/* Both sides come to the same. */
static void test_shared(void **state) {
    static const struct {
        const char *private;
        const char *public;
    } rows[] = {
        {BROWSER_PRIVATE, SERVER_PUBLIC},
        {SERVER_PRIVATE, BROWSER_PUBLIC},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t private[P256_LEN];
        uint8_t public[P256_POINT];
        uint8_t want[P256_LEN];
        uint8_t have[P256_LEN];

        bytes_of(rows[i].private, private, sizeof(private));
        bytes_of(rows[i].public, public, sizeof(public));
        bytes_of(SHARED, want, sizeof(want));
        assert_row(rows[i].private,
                   p256_shared(private, public, have) == RC_OK);
        assert_memory_equal(have, want, sizeof(want));
    }
}

/* Every bit of a point counts: with another one it is not on the curve, or has
 * another form. */
static void test_no_point(void **state) {
    uint8_t private[P256_LEN];
    uint8_t point[P256_POINT];
    uint8_t out[P256_LEN];

    (void)state;
    bytes_of(SERVER_PRIVATE, private, sizeof(private));
    bytes_of(BROWSER_PUBLIC, point, sizeof(point));
    for (size_t i = 0; i < 8 * sizeof(point); i++) {
        point[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_false(p256_is_point(point));
        assert_int_equal(p256_shared(private, point, out), RC_BAD_INPUT);
        point[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    memset(point, 0, sizeof(point));
    assert_false(p256_is_point(point));
}

/* The order of the curve is one too much. */
static void test_no_key(void **state) {
    static const uint8_t order[P256_LEN] = {
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    uint8_t key[P256_LEN] = {0};
    uint8_t point[P256_POINT];
    uint8_t signature[P256_SIGNATURE];

    (void)state;
    assert_int_equal(p256_public(key, point), RC_BAD_INPUT);
    assert_int_equal(p256_sign(key, SLICE_LIT("x"), signature), RC_BAD_INPUT);
    memcpy(key, order, sizeof(key));
    assert_int_equal(p256_public(key, point), RC_BAD_INPUT);
    key[P256_LEN - 1]--;
    assert_int_equal(p256_public(key, point), RC_OK);
}

static void verifier(struct jwk_set *set, const uint8_t point[P256_POINT]) {
    char x[BASE64URL_LEN(P256_LEN) + 1];
    char y[sizeof(x)];
    struct json_doc doc;
    struct buf b;

    (void)base64url_encode(slice_of(point + 1, P256_LEN), x);
    (void)base64url_encode(slice_of(point + 1 + P256_LEN, P256_LEN), y);
    buf_init(&b);
    json_doc_init(&doc);
    buf_addf(&b,
             "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
             "\"y\":\"%s\"}]}",
             x, y);
    jwk_set_init(set, JWK_ES256);
    assert_int_equal(jwk_set_read(set, buf_slice(&b), &doc), RC_OK);
    json_doc_fini(&doc);
    buf_fini(&b);
}

/* Many, so that numbers with a zero in front are among them. */
static void test_signed(void **state) {
    uint8_t private[P256_LEN];
    uint8_t point[P256_POINT];
    struct jwk_set set;

    (void)state;
    bytes_of(SERVER_PRIVATE, private, sizeof(private));
    assert_int_equal(p256_public(private, point), RC_OK);
    verifier(&set, point);
    for (uint32_t i = 0; i < 300; i++) {
        struct slice text = slice_of(&i, sizeof(i));
        uint8_t signature[P256_SIGNATURE];

        assert_int_equal(p256_sign(private, text, signature), RC_OK);
        assert_true(jwk_signed(&set, &set.keys[0], text,
                               slice_of(signature, sizeof(signature))));
        assert_false(jwk_signed(&set, &set.keys[0], SLICE_LIT("another"),
                                slice_of(signature, sizeof(signature))));
    }
    jwk_set_fini(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public),   cmocka_unit_test(test_shared),
        cmocka_unit_test(test_no_point), cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
