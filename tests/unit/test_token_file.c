/* The text of a key file, line by line. */
#include "proto/wire/token_file.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static void test_lines(void **state) {
    static const struct {
        const char *name;
        const char *text;
        size_t keys;   /* read before it ended */
        unsigned line; /* the last one read */
        enum rc rc;
    } rows[] = {
        {"one", "k " HEX32, 1, 1, RC_OK},
        {"ended", "k " HEX32 "\n", 1, 1, RC_OK},
        {"two", "a " HEX32 "\nb " HEX32 "\n", 2, 2, RC_OK},
        {"of Windows", "a " HEX32 "\r\nb " HEX32 "\r\n", 2, 2, RC_OK},
        {"remarks", "# mine\n\na " HEX32 "\n# k 00\n", 1, 4, RC_OK},
        {"nothing", "", 0, 0, RC_NOT_FOUND},
        {"only remarks", "# a\n#b\n", 0, 2, RC_NOT_FOUND},
        {"no secret", "k", 0, 1, RC_BAD_INPUT},
        {"an empty secret", "k ", 0, 1, RC_BAD_INPUT},
        {"short", "k 0011", 0, 1, RC_BAD_INPUT},
        {"half a byte", "k " HEX32 "0", 0, 1, RC_BAD_INPUT},
        {"not hexadecimal", "k " HEX32 "0g", 0, 1, RC_BAD_INPUT},
        {"something behind", "k " HEX32 " x", 0, 1, RC_BAD_INPUT},
        {"longest", "k " HEX32 HEX32 HEX32 HEX32, 1, 1, RC_OK},
        {"too long", "k " HEX32 HEX32 HEX32 HEX32 "00", 0, 1, RC_BAD_INPUT},
        {"a bad id", "k! " HEX32, 0, 1, RC_BAD_INPUT},
        {"the second is bad", "a " HEX32 "\nb 00\nc " HEX32, 1, 2,
         RC_BAD_INPUT},
        {"one twice", "a " HEX32 "\n\na " HEX32, 1, 3, RC_CONFLICT},
        {"too many",
         "a " HEX32 "\nb " HEX32 "\nc " HEX32 "\nd " HEX32 "\ne " HEX32, 4, 5,
         RC_LIMIT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct token_keys keys;
        unsigned line = 99;

        token_keys_init(&keys);
        assert_row(rows[i].name, token_file_parse(slice_str(rows[i].text),
                                                  &keys, &line) == rows[i].rc);
        assert_row(rows[i].name, keys.count == rows[i].keys);
        assert_row(rows[i].name, line == rows[i].line);
        token_keys_fini(&keys);
    }
}

/* Both cases of the digits; the order of the lines is that of the keys. */
static void test_bytes(void **state) {
    struct token_keys keys;
    unsigned line;

    (void)state;
    token_keys_init(&keys);
    assert_int_equal(
        token_file_parse(SLICE_LIT("new " HEX32 "\nold " HEX32), &keys, &line),
        RC_OK);
    assert_string_equal(keys.keys[0].id, "new");
    assert_string_equal(keys.keys[1].id, "old");
    assert_int_equal(keys.keys[0].secret_len, 32);
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(keys.keys[0].secret[i], i);
    }
    token_keys_fini(&keys);
}

/* Half a byte stays one, whatever stands behind the text. */
static void test_cut_in_a_byte(void **state) {
    static const char text[] = "k " HEX32 HEX32;
    struct token_keys keys;
    unsigned line;

    (void)state;
    token_keys_init(&keys);
    for (size_t n = sizeof("k " HEX32); n < sizeof(text) - 1; n += 2) {
        assert_int_equal(token_file_parse(slice_of(text, n), &keys, &line),
                         RC_BAD_INPUT);
    }
    assert_int_equal(keys.count, 0);
    token_keys_fini(&keys);
}

/* A prefix is never taken for more than it says. */
static void test_every_cut(void **state) {
    static const char text[] = "a " HEX32 "\nb " HEX32 "\n";

    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        size_t first = sizeof("a " HEX32) - 1;
        size_t second = 2 * first + 1;
        struct token_keys keys;
        unsigned line;
        enum rc rc;

        token_keys_init(&keys);
        rc = token_file_parse(slice_of(text, n), &keys, &line);
        assert_int_equal(keys.count, n < first ? 0 : n < second ? 1 : 2);
        assert_int_equal(rc, n == 0 ? RC_NOT_FOUND
                             : n == first || n == first + 1 || n >= second
                                 ? RC_OK
                                 : RC_BAD_INPUT);
        token_keys_fini(&keys);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_cut_in_a_byte),
        cmocka_unit_test(test_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
