/* Who sends a push: keys, and tokens that RFC 8292's reader believes. */
#include "proto/wire/vapid.h"

#include "tests/unit/assert_row.h"

#include "proto/wire/jwk.h"

/* RFC 8291, appendix A. */
#define PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define PUBLIC                                                                 \
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w" \
    "EqKK6PBru3jl7A8"
/* Its second half as a JWK has it. */
#define JWKS                                                                   \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","                            \
    "\"x\":\"_jP0qw3qcZFNtVgj9ztUlI9BMG2SBzLbuaWaUyhkgiA\","                   \
    "\"y\":\"Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8\"}]}"

static void test_keys(void **state) {
    static const struct {
        const char *text;
        enum rc want;
    } rows[] = {
        {PRIVATE, RC_OK},
        {PRIVATE "\n", RC_OK},
        {" \t" PRIVATE "\r\n\n", RC_OK},
        {"", RC_BAD_INPUT},
        {"\n", RC_BAD_INPUT},
        {PRIVATE "=", RC_BAD_INPUT},
        {PRIVATE "\n" PRIVATE, RC_BAD_INPUT},
        {PUBLIC, RC_BAD_INPUT},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", RC_BAD_INPUT},
        {"yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-o", RC_BAD_INPUT},
        {"-----BEGIN PRIVATE KEY-----", RC_BAD_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct vapid_key key = {.public = ""};

        assert_row(rows[i].text, vapid_key_read(slice_str(rows[i].text),
                                                &key) == rows[i].want);
        assert_row(rows[i].text, rows[i].want != RC_OK ||
                                     slice_is(SLICE_LIT(PUBLIC), key.public));
        vapid_key_wipe(&key);
        assert_row(rows[i].text, key.private[0] == 0 && key.private[31] == 0);
    }
}

static void test_public(void **state) {
    (void)state;
    assert_true(vapid_public_ok(SLICE_LIT(PUBLIC)));
    assert_false(vapid_public_ok(SLICE_LIT(PUBLIC "A")));
    assert_false(vapid_public_ok(SLICE_LIT(PRIVATE)));
    assert_false(vapid_public_ok(SLICE_LIT("")));
    for (size_t n = 0; n < VAPID_PUBLIC_LEN; n++) {
        assert_false(vapid_public_ok(slice_of(PUBLIC, n)));
    }
}

static void test_contact(void **state) {
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"mailto:me@example.org", true},
        {"https://example.org/push", true},
        {"mailto:", false},
        {"https://", false},
        {"", false},
        {"me@example.org", false},
        {"http://example.org", false},
        {"mailto:me@example.org\r\n", false},
        {"mailto:me @example", false},
        {"mailto:m\xc3\xa9@a.example", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].text,
                   vapid_contact_ok(slice_str(rows[i].text)) == rows[i].ok);
    }
}

/* The claims of the token in the header, whose signature fits. */
static void claims_of(struct slice header, struct buf *claims) {
    struct slice token = slice_after(header, "Authorization: vapid t=");
    struct slice rest;
    struct json_doc doc;
    struct jwk_set set;
    uint8_t signature[P256_SIGNATURE];
    size_t n = 0;

    assert_non_null(token.p);
    rest = slice_after(token, ", k=");
    assert_true(slice_is(rest, PUBLIC "\r\n"));
    token = slice_take(token, slice_find(token, ','));
    rest = slice_drop(token, slice_find(token, '.') + 1);
    buf_clear(claims);
    assert_int_equal(base64url_decode(slice_take(rest, slice_find(rest, '.')),
                                      buf_room(claims, token.n), token.n,
                                      &claims->n),
                     RC_OK);
    rest = slice_drop(rest, slice_find(rest, '.') + 1);
    assert_int_equal(base64url_decode(rest, signature, sizeof(signature), &n),
                     RC_OK);
    json_doc_init(&doc);
    jwk_set_init(&set, JWK_ES256);
    assert_int_equal(jwk_set_read(&set, SLICE_LIT(JWKS), &doc), RC_OK);
    assert_true(jwk_signed(&set, &set.keys[0],
                           slice_take(token, token.n - rest.n - 1),
                           slice_of(signature, n)));
    jwk_set_fini(&set);
    json_doc_fini(&doc);
}

static void test_tokens(void **state) {
    static const struct {
        const char *url;
        const char *origin;
    } rows[] = {
        {"https://push.example.net/x?y=z", "https://push.example.net"},
        {"https://push.example.net:443/x", "https://push.example.net"},
        {"https://push.example.net:8443/", "https://push.example.net:8443"},
        {"https://[::1]:443/", "https://[::1]"},
        {"https://[::443]/", "https://[::443]"},
    };
    struct vapid_key key;
    struct buf header;
    struct buf claims;
    struct buf want;

    (void)state;
    buf_init(&header);
    buf_init(&claims);
    buf_init(&want);
    assert_int_equal(vapid_key_read(SLICE_LIT(PRIVATE), &key), RC_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct url url;

        buf_clear(&header);
        buf_clear(&want);
        assert_int_equal(url_parse(rows[i].url, &url), RC_OK);
        assert_int_equal(
            vapid_header(&header, &key, &url, "mailto:a@b.example", 1700000000),
            RC_OK);
        claims_of(buf_slice(&header), &claims);
        buf_addf(&want,
                 "{\"aud\":\"%s\",\"exp\":1700043200,"
                 "\"sub\":\"mailto:a@b.example\"}",
                 rows[i].origin);
        assert_row(rows[i].url, slice_eq(buf_slice(&claims), buf_slice(&want)));
    }
    buf_fini(&header);
    buf_fini(&claims);
    buf_fini(&want);
}

/* Another user, another conversation or another key: another word. */
static void test_topics(void **state) {
    struct vapid_key key;
    char topics[5][VAPID_TOPIC_LEN + 1];

    (void)state;
    assert_int_equal(vapid_key_read(SLICE_LIT(PRIVATE), &key), RC_OK);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(vapid_topic(&key, (struct user_id){1 + i / 2},
                                     (struct conv_id){1 + i % 2}, topics[i]),
                         RC_OK);
    }
    key.private[0]++;
    assert_int_equal(
        vapid_topic(&key, (struct user_id){1}, (struct conv_id){1}, topics[4]),
        RC_OK);
    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        assert_int_equal(strlen(topics[i]), VAPID_TOPIC_LEN);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(topics[i], topics[j]);
        }
    }
    key.private[0]--;
    assert_int_equal(
        vapid_topic(&key, (struct user_id){1}, (struct conv_id){1}, topics[4]),
        RC_OK);
    assert_string_equal(topics[4], topics[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),    cmocka_unit_test(test_public),
        cmocka_unit_test(test_contact), cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_topics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
