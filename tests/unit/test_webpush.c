/* Web Push: the example of RFC 8291 to the byte, and which subscriptions are
 * some. */
#include "proto/wire/webpush.h"

#include "tests/unit/assert_row.h"

#include <openssl/evp.h>

#include "proto/base/mem.h"

/* RFC 8291, appendix A. */
#define TEXT "When I grow up, I want to be a watermelon"
#define P256DH                                                                 \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZ" \
    "GH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define BODY                                                                   \
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg" \
    "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVB" \
    "St2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
#define KEY "oIhVW04MRdy2XN9CiKLxTg"
#define NONCE "4h_95klXJ5E_qnoN"
#define ENDPOINT                                                               \
    "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"

static size_t bytes_of(const char *text, uint8_t *out, size_t cap) {
    size_t n = 0;

    assert_int_equal(base64url_decode(slice_str(text), out, cap, &n), RC_OK);
    return n;
}

static struct webpush_sub example(void) {
    const struct webpush_text text = {SLICE_LIT(ENDPOINT), SLICE_LIT(P256DH),
                                      SLICE_LIT(AUTH)};
    struct webpush_sub sub;

    assert_int_equal(webpush_read(&text, &sub), WEBPUSH_RIGHT);
    return sub;
}

static struct webpush_once chance(void) {
    struct webpush_once once = {.salt = {0}};

    (void)bytes_of(PRIVATE, once.private, sizeof(once.private));
    (void)bytes_of(SALT, once.salt, sizeof(once.salt));
    return once;
}

static void test_example(void **state) {
    const struct webpush_sub sub = example();
    const struct webpush_once once = chance();
    uint8_t want[256];
    size_t n = bytes_of(BODY, want, sizeof(want));
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(webpush_encrypt(&out, &sub, &once, SLICE_LIT(TEXT)),
                     RC_OK);
    assert_int_equal(out.n, n);
    assert_memory_equal(out.p, want, n);
    buf_fini(&out);
}

/* The example's key and nonce depend on nothing but what it is made for, so
 * that a longer text under them can be read back with OpenSSL. */
static void assert_says(struct slice body, struct slice text) {
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t key[16];
    uint8_t nonce[12];
    uint8_t said[WEBPUSH_BODY_MAX];
    uint8_t tag[16];
    size_t n = body.n - WEBPUSH_HEAD - sizeof(tag);
    int done = 0;

    (void)bytes_of(KEY, key, sizeof(key));
    (void)bytes_of(NONCE, nonce, sizeof(nonce));
    memcpy(tag, body.p + body.n - sizeof(tag), sizeof(tag));
    assert_int_equal(EVP_DecryptInit_ex(c, EVP_aes_128_gcm(), NULL, key, nonce),
                     1);
    assert_int_equal(
        EVP_DecryptUpdate(c, said, &done, body.p + WEBPUSH_HEAD, (int)n), 1);
    assert_int_equal(
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, sizeof(tag), tag), 1);
    assert_int_equal(EVP_DecryptFinal_ex(c, said + done, &done), 1);
    assert_int_equal(n, text.n + 1);
    assert_true(text.n == 0 || memcmp(said, text.p, text.n) == 0);
    assert_int_equal(said[text.n], 2);
    EVP_CIPHER_CTX_free(c);
}

static void test_lengths(void **state) {
    static const size_t lengths[] = {0, 1, 15, 16, 17, WEBPUSH_TEXT_MAX};
    const struct webpush_sub sub = example();
    const struct webpush_once once = chance();
    uint8_t text[WEBPUSH_TEXT_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct slice say = slice_of(text, lengths[i]);
        struct buf out;

        buf_init(&out);
        buf_add_str(&out, "before");
        assert_int_equal(webpush_encrypt(&out, &sub, &once, say), RC_OK);
        assert_true(out.n <= WEBPUSH_BODY_MAX + 6);
        assert_says(slice_drop(buf_slice(&out), 6), say);
        buf_fini(&out);
    }
}

static void test_refused(void **state) {
    const struct webpush_sub sub = example();
    struct webpush_once once = chance();
    uint8_t text[WEBPUSH_TEXT_MAX + 1] = {0};
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(
        webpush_encrypt(&out, &sub, &once, slice_of(text, sizeof(text))),
        RC_LIMIT);
    memset(once.private, 0, sizeof(once.private));
    assert_int_equal(webpush_encrypt(&out, &sub, &once, SLICE_LIT(TEXT)),
                     RC_BAD_INPUT);
    assert_int_equal(out.n, 0);
    buf_fini(&out);
}

/* ---- subscriptions ---- */

static const struct row {
    const char *name;
    const char *endpoint;
    const char *p256dh;
    const char *auth;
    enum webpush_wrong want;
} rows[] = {
    {"the example", ENDPOINT, P256DH, AUTH, WEBPUSH_RIGHT},
    {"a port and a query", "https://p.example:8443/a?b=c", P256DH, AUTH,
     WEBPUSH_RIGHT},
    {"a number", "https://127.0.0.1/", P256DH, AUTH, WEBPUSH_RIGHT},
    {"nothing", "", P256DH, AUTH, WEBPUSH_BAD_ENDPOINT},
    {"plain", "http://p.example/a", P256DH, AUTH, WEBPUSH_BAD_ENDPOINT},
    {"another scheme", "ftp://p.example/a", P256DH, AUTH, WEBPUSH_BAD_ENDPOINT},
    {"no host", "https:///a", P256DH, AUTH, WEBPUSH_BAD_ENDPOINT},
    {"a user in it", "https://u@p.example/a", P256DH, AUTH,
     WEBPUSH_BAD_ENDPOINT},
    {"a header in it", "https://p.example/a\r\nX: y", P256DH, AUTH,
     WEBPUSH_BAD_ENDPOINT},
    {"a space in it", "https://p.example/a b", P256DH, AUTH,
     WEBPUSH_BAD_ENDPOINT},
    {"no key", ENDPOINT, "", AUTH, WEBPUSH_BAD_P256DH},
    {"half a key", ENDPOINT, AUTH, AUTH, WEBPUSH_BAD_P256DH},
    {"a key that is padded", ENDPOINT, P256DH "=", AUTH, WEBPUSH_BAD_P256DH},
    {"another first letter", ENDPOINT,
     "C" /* 0x08 */
     "CVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZ"
     "GH6SRpkNtoIAiw4",
     AUTH, WEBPUSH_BAD_P256DH},
    {"beside the curve", ENDPOINT,
     "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZ"
     "GH6SRpkNtoIAiw8",
     AUTH, WEBPUSH_BAD_P256DH},
    {"no auth", ENDPOINT, P256DH, "", WEBPUSH_BAD_AUTH},
    {"a short auth", ENDPOINT, P256DH, "BTBZMqHH6r4Tts7J_aSI",
     WEBPUSH_BAD_AUTH},
    {"a long auth", ENDPOINT, P256DH, AUTH "AA", WEBPUSH_BAD_AUTH},
    {"auth in the other alphabet", ENDPOINT, P256DH, "BTBZMqHH6r4Tts7J/aSIgg",
     WEBPUSH_BAD_AUTH},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];
        const struct webpush_text text = {
            slice_str(r->endpoint), slice_str(r->p256dh), slice_str(r->auth)};
        struct webpush_sub sub;

        assert_row(r->name, webpush_read(&text, &sub) == r->want);
    }
}

/* No shorter key is one, and every endpoint has an end of its own: what was cut
 * off is not found behind it. */
static void test_cut(void **state) {
    struct webpush_text text = {SLICE_LIT(ENDPOINT), SLICE_LIT(P256DH),
                                SLICE_LIT(AUTH)};
    struct webpush_sub sub;

    (void)state;
    for (size_t n = 0; n < WEBPUSH_P256DH_LEN; n++) {
        text.p256dh.n = n;
        assert_int_equal(webpush_read(&text, &sub), WEBPUSH_BAD_P256DH);
    }
    text.p256dh.n = WEBPUSH_P256DH_LEN;
    for (size_t n = 0; n < WEBPUSH_AUTH_LEN; n++) {
        text.auth.n = n;
        assert_int_equal(webpush_read(&text, &sub), WEBPUSH_BAD_AUTH);
    }
    text.auth.n = WEBPUSH_AUTH_LEN;
    for (size_t n = 0; n < sizeof(ENDPOINT); n++) {
        char *copy = mem_dup(ENDPOINT, n); /* so that reading on is noticed */
        bool right;

        text.endpoint = slice_of(copy, n);
        right = webpush_read(&text, &sub) == WEBPUSH_RIGHT;
        assert_int_equal(right, n > sizeof("https://") - 1);
        mem_free(copy);
    }
}

static void test_long(void **state) {
    char endpoint[WEBPUSH_ENDPOINT_MAX + 2];
    struct webpush_text text = {SLICE_LIT(""), SLICE_LIT(P256DH),
                                SLICE_LIT(AUTH)};
    struct webpush_sub sub;

    (void)state;
    memset(endpoint, 'x', sizeof(endpoint));
    memcpy(endpoint, "https://p.example/", 18);
    text.endpoint = slice_of(endpoint, WEBPUSH_ENDPOINT_MAX);
    assert_int_equal(webpush_read(&text, &sub), WEBPUSH_RIGHT);
    assert_string_equal(sub.url.host, "p.example");
    text.endpoint.n++;
    assert_int_equal(webpush_read(&text, &sub), WEBPUSH_LONG_ENDPOINT);
    endpoint[20] = '\0';
    text.endpoint.n--;
    assert_int_equal(webpush_read(&text, &sub), WEBPUSH_BAD_ENDPOINT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
