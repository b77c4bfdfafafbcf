/* Base64 and base64url: the vectors of RFC 4648, and all that is refused. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/base64.h"

struct vector {
    const char *bytes;
    const char *standard;
    const char *for_urls;
};

static const struct vector vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+", "-__-"},
    {"the sample nonce", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"},
};

static void test_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct slice bytes = slice_str(v->bytes);
        char text[64];
        uint8_t back[64];
        size_t n = 99;

        assert_row(v->standard,
                   base64_encode(bytes, text) == BASE64_LEN(bytes.n));
        assert_row(v->standard, strcmp(text, v->standard) == 0);
        assert_row(v->standard, base64_decode(slice_str(text), back,
                                              sizeof(back), &n) == RC_OK);
        assert_row(v->standard, slice_eq(slice_of(back, n), bytes));
        assert_row(v->for_urls,
                   base64url_encode(bytes, text) == BASE64URL_LEN(bytes.n));
        assert_row(v->for_urls, strcmp(text, v->for_urls) == 0);
        assert_row(v->for_urls, base64url_decode(slice_str(text), back,
                                                 sizeof(back), &n) == RC_OK);
        assert_row(v->for_urls, slice_eq(slice_of(back, n), bytes));
    }
}

static void test_refused(void **state) {
    static const struct {
        const char *name;
        const char *text;
        enum rc standard;
        enum rc for_urls;
    } rows[] = {
        {"one letter", "Z", RC_BAD_INPUT, RC_BAD_INPUT},
        {"one letter without bits", "A", RC_BAD_INPUT, RC_BAD_INPUT},
        {"one letter, padded", "A===", RC_BAD_INPUT, RC_BAD_INPUT},
        {"five letters", "Zm9vY", RC_BAD_INPUT, RC_BAD_INPUT},
        {"no padding", "Zg", RC_BAD_INPUT, RC_OK},
        {"half the padding", "Zg=", RC_BAD_INPUT, RC_BAD_INPUT},
        {"padding", "Zg==", RC_OK, RC_BAD_INPUT},
        {"too much padding", "Zm8==", RC_BAD_INPUT, RC_BAD_INPUT},
        {"three of padding", "Z===", RC_BAD_INPUT, RC_BAD_INPUT},
        {"nothing but padding", "====", RC_BAD_INPUT, RC_BAD_INPUT},
        {"padding in the middle", "Zg==Zg==", RC_BAD_INPUT, RC_BAD_INPUT},
        {"padding before a letter", "Zg=A", RC_BAD_INPUT, RC_BAD_INPUT},
        {"stray bits, one byte", "Zh==", RC_BAD_INPUT, RC_BAD_INPUT},
        {"stray bits, two bytes", "Zm9=", RC_BAD_INPUT, RC_BAD_INPUT},
        {"stray bits, no padding", "Zh", RC_BAD_INPUT, RC_BAD_INPUT},
        {"stray bits, no padding", "Zm9", RC_BAD_INPUT, RC_BAD_INPUT},
        {"space", "Zm 9", RC_BAD_INPUT, RC_BAD_INPUT},
        {"line break", "Zm9v\r\n\r\n", RC_BAD_INPUT, RC_BAD_INPUT},
        {"plus and slash", "+//+", RC_OK, RC_BAD_INPUT},
        {"minus and underscore", "-__-", RC_BAD_INPUT, RC_OK},
        {"high byte", "Zm9\xe9", RC_BAD_INPUT, RC_BAD_INPUT},
        {"exactly the room", "Zm9vYmFy", RC_OK, RC_OK},
        {"over the room", "Zm9vYmFyZg==", RC_LIMIT, RC_LIMIT},
        {"over the room", "Zm9vYmFyZg", RC_BAD_INPUT, RC_LIMIT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice in = slice_str(rows[i].text);
        uint8_t out[6];
        size_t n = 99;

        assert_row(rows[i].name,
                   base64_decode(in, out, sizeof(out), &n) == rows[i].standard);
        assert_row(rows[i].name, base64url_decode(in, out, sizeof(out), &n) ==
                                     rows[i].for_urls);
    }
}

/* Of all texts of two letters, exactly one decodes to each byte. */
static void test_one_text_each(void **state) {
    size_t texts = 0;

    (void)state;
    for (unsigned v = 0; v < 65536; v++) {
        uint8_t text[2] = {(uint8_t)(v >> 8), (uint8_t)v};
        uint8_t out[1];
        size_t n;

        if (base64url_decode(slice_of(text, 2), out, 1, &n) == RC_OK) {
            texts++;
        }
    }
    assert_int_equal(texts, 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_one_text_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
