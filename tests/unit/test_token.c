/* Tokens: what is signed verifies, anything else does not. */
#include "tests/unit/assert_row.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/base64.h"
#include "proto/base/macros.h"
#include "proto/wire/token.h"

#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* 32 bytes */
#define NO_MAC "v1.k1." ZEROS "."
#define WRONG_MAC NO_MAC ZEROS
#define SECRET_A "0123456789abcdef0123456789abcdef"
#define SECRET_B "fedcba9876543210fedcba9876543210"

static const struct token_claims sample = {
    .user = {0x1122334455667788},
    .device = {7},
    .issued_ms = 1000000,
    .expires_ms = 1600000,
};

static void add_key(struct token_keys *k, const char *id, const char *secret) {
    assert_int_equal(token_keys_add(k, slice_str(id), slice_str(secret)),
                     RC_OK);
}

static void test_keys(void **state) {
    char long_secret[TOKEN_SECRET_MAX + 1] = {0};
    const struct {
        const char *name;
        struct slice id;
        struct slice secret;
        enum rc want;
    } rows[] = {
        {"good", SLICE_LIT("k1"), SLICE_LIT(SECRET_A), RC_OK},
        {"same id", SLICE_LIT("k1"), SLICE_LIT(SECRET_B), RC_CONFLICT},
        {"short secret", SLICE_LIT("k2"), slice_of(SECRET_A, 31), RC_BAD_INPUT},
        {"long secret", SLICE_LIT("k2"),
         slice_of(long_secret, sizeof(long_secret)), RC_BAD_INPUT},
        {"empty id", SLICE_LIT(""), SLICE_LIT(SECRET_A), RC_BAD_INPUT},
        {"id with a dot", SLICE_LIT("k.2"), SLICE_LIT(SECRET_A), RC_BAD_INPUT},
        {"id with a NUL", SLICE_LIT("k\0"), SLICE_LIT(SECRET_A), RC_BAD_INPUT},
        {"id with a path", SLICE_LIT("../../x"), SLICE_LIT(SECRET_A),
         RC_BAD_INPUT},
        {"id of 17", SLICE_LIT("0123456789abcdefg"), SLICE_LIT(SECRET_A),
         RC_BAD_INPUT},
        {"id of 16", SLICE_LIT("0123456789abcdef"),
         slice_of(long_secret, TOKEN_SECRET_MAX), RC_OK},
        {"all letters", SLICE_LIT("aAzZ09_-"), SLICE_LIT(SECRET_B), RC_OK},
        {"fourth", SLICE_LIT("k4"), SLICE_LIT(SECRET_B), RC_OK},
        {"fifth", SLICE_LIT("k5"), SLICE_LIT(SECRET_B), RC_LIMIT},
    };
    struct token_keys k;

    (void)state;
    token_keys_init(&k);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   token_keys_add(&k, rows[i].id, rows[i].secret) ==
                       rows[i].want);
    }
    token_keys_fini(&k);
    assert_int_equal(k.count, 0);
    assert_memory_equal(k.keys[0].secret, long_secret, TOKEN_SECRET_MAX);
}

static void test_times(void **state) {
    static const struct {
        const char *name;
        uint64_t now_ms;
        enum rc want;
    } rows[] = {
        {"as issued", 1000000, RC_OK},
        {"a little before: clocks differ", 999999, RC_OK},
        {"a minute before", 940000, RC_OK},
        {"more than a minute before", 939999, RC_DENIED},
        {"long before", 0, RC_DENIED},
        {"just before the end", 1599999, RC_OK},
        {"at the end", 1600000, RC_TIMEOUT},
        {"long after", UINT64_MAX, RC_TIMEOUT},
    };
    struct token_keys k;
    struct buf b;

    (void)state;
    token_keys_init(&k);
    add_key(&k, "k1", SECRET_A);
    buf_init(&b);
    token_sign(&k, &sample, &b);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct token_claims c = {.user = {0}};
        enum rc rc = token_verify(&k, buf_slice(&b), rows[i].now_ms, &c);

        assert_row(rows[i].name, rc == rows[i].want);
        assert_row(rows[i].name, c.user.v == (rc == RC_OK ? sample.user.v : 0));
    }
    buf_fini(&b);
    token_keys_fini(&k);
}

static void test_reads_back(void **state) {
    struct token_keys k;
    struct token_claims c;
    struct buf b;

    (void)state;
    token_keys_init(&k);
    add_key(&k, "0123456789abcdef", SECRET_A);
    buf_init(&b);
    buf_add_str(&b, "Bearer ");
    token_sign(&k, &sample, &b);
    buf_consume(&b, 7);
    assert_int_equal(b.n, TOKEN_TEXT_MAX);
    assert_int_equal(token_verify(&k, buf_slice(&b), 1000001, &c), RC_OK);
    assert_true(c.user.v == sample.user.v && c.device.v == sample.device.v);
    assert_true(c.issued_ms == sample.issued_ms &&
                c.expires_ms == sample.expires_ms);
    buf_fini(&b);
    token_keys_fini(&k);
}

/* Whatever one byte is changed to, wherever it is cut, whatever follows. */
static void test_every_byte(void **state) {
    struct token_keys k;
    struct token_claims c;
    struct buf b;

    (void)state;
    token_keys_init(&k);
    add_key(&k, "k1", SECRET_A);
    add_key(&k, "k2", SECRET_B);
    buf_init(&b);
    token_sign(&k, &sample, &b);
    for (size_t i = 0; i < b.n; i++) {
        uint8_t was = b.p[i];

        for (unsigned v = 0; v < 256; v++) {
            b.p[i] = (uint8_t)v;
            assert_int_equal(token_verify(&k, buf_slice(&b), 1000000, &c),
                             v == was ? RC_OK : RC_DENIED);
        }
        b.p[i] = was;
        assert_int_equal(
            token_verify(&k, slice_take(buf_slice(&b), i), 1000000, &c),
            RC_DENIED);
    }
    for (unsigned v = 0; v < 256; v++) {
        buf_add_byte(&b, (uint8_t)v);
        assert_int_equal(token_verify(&k, buf_slice(&b), 1000000, &c),
                         RC_DENIED);
        b.n--;
    }
    buf_fini(&b);
    token_keys_fini(&k);
}

static void test_rotation(void **state) {
    struct token_keys old;
    struct token_keys both;
    struct token_keys new;
    struct token_keys renamed;
    struct token_claims c;
    struct buf b;

    (void)state;
    token_keys_init(&old);
    token_keys_init(&both);
    token_keys_init(&new);
    token_keys_init(&renamed);
    add_key(&old, "a", SECRET_A);
    add_key(&both, "b", SECRET_B);
    add_key(&both, "a", SECRET_A);
    add_key(&new, "b", SECRET_B);
    add_key(&renamed, "a", SECRET_B);
    buf_init(&b);
    token_sign(&old, &sample, &b);
    assert_int_equal(token_verify(&both, buf_slice(&b), 1000000, &c), RC_OK);
    assert_int_equal(token_verify(&new, buf_slice(&b), 1000000, &c), RC_DENIED);
    assert_int_equal(token_verify(&renamed, buf_slice(&b), 1000000, &c),
                     RC_DENIED);
    buf_clear(&b);
    token_sign(&both, &sample, &b);
    assert_true(slice_starts(buf_slice(&b), "v1.b."));
    assert_int_equal(token_verify(&new, buf_slice(&b), 1000000, &c), RC_OK);
    assert_int_equal(token_verify(&old, buf_slice(&b), 1000000, &c), RC_DENIED);
    buf_fini(&b);
}

static void add_base64url(struct buf *b, const uint8_t *bytes, size_t n) {
    uint8_t *at = buf_room(b, BASE64URL_LEN(n) + 1);

    b->n += base64url_encode(slice_of(bytes, n), (char *)at);
}

/* The format, written a second time by hand: 32 bytes of claims. */
static void forge(const uint64_t claims[4], struct buf *b) {
    uint8_t bytes[32];
    uint8_t mac[32];
    unsigned n;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(claims[i / 8] >> (8 * (7 - i % 8)));
    }
    buf_clear(b);
    buf_add_str(b, "v1.k1.");
    add_base64url(b, bytes, sizeof(bytes));
    HMAC(EVP_sha256(), SECRET_A, 32, b->p, b->n, mac, &n);
    buf_add_byte(b, '.');
    add_base64url(b, mac, sizeof(mac));
}

/* Signed with our key, and still no claims we would have made. */
static void test_claims(void **state) {
    static const struct {
        const char *name;
        uint64_t claims[4];
        enum rc want;
    } rows[] = {
        {"good", {1, 2, 1000000, 1600000}, RC_OK},
        {"largest ids", {INT64_MAX, INT64_MAX, 1000000, 1600000}, RC_OK},
        {"no user", {0, 2, 1000000, 1600000}, RC_DENIED},
        {"no device", {1, 0, 1000000, 1600000}, RC_DENIED},
        {"user 2^63", {UINT64_C(1) << 63, 2, 1000000, 1600000}, RC_DENIED},
        {"device 2^63", {1, UINT64_C(1) << 63, 1000000, 1600000}, RC_DENIED},
        {"ends before it begins", {1, 2, 1000000, 999999}, RC_DENIED},
        {"lasts no time", {1, 2, 1000000, 1000000}, RC_DENIED},
        {"issued at the end of time",
         {1, 2, UINT64_MAX - 1, UINT64_MAX},
         RC_DENIED},
    };
    struct token_keys k;
    struct buf b;

    (void)state;
    token_keys_init(&k);
    add_key(&k, "k1", SECRET_A);
    buf_init(&b);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct token_claims c;

        forge(rows[i].claims, &b);
        assert_row(rows[i].name, token_verify(&k, buf_slice(&b), 1000000, &c) ==
                                     rows[i].want);
    }
    buf_fini(&b);
    token_keys_fini(&k);
}

static void test_malformed(void **state) {
    static const char *const rows[] = {
        "",
        ".",
        "...",
        "v1",
        "v1.",
        "v1..",
        "v1...",
        "v1.k1..",
        "v1.k1.AAAA.AAAA",
        "v2.k1.AAAA.AAAA",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "v1.../../x.AAAA.AAAA",
        (NO_MAC),
        (WRONG_MAC),
    };
    struct token_keys k;
    struct token_claims c;

    (void)state;
    token_keys_init(&k);
    add_key(&k, "k1", SECRET_A);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i], token_verify(&k, slice_str(rows[i]), 1000000, &c) ==
                                RC_DENIED);
    }
    token_keys_fini(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_times),
        cmocka_unit_test(test_reads_back), cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_rotation),   cmocka_unit_test(test_claims),
        cmocka_unit_test(test_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
