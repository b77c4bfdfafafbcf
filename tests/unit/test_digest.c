/* Marks of texts: the standard's own vectors. */
#include "proto/wire/digest.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

/* FIPS 180-4, as NIST's examples have them. */
static void test_vectors(void **state) {
    static const struct {
        const char *text;
        uint8_t want[DIGEST_MAX];
        size_t n;
    } rows[] = {
        {"", {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14}, 8},
        {"abc",
         {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
          0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
          0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad},
         DIGEST_MAX},
        {"abc", {0xba}, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t got[DIGEST_MAX] = {0};

        digest_put(got, rows[i].n, slice_str(rows[i].text));
        assert_row(rows[i].text, memcmp(got, rows[i].want, sizeof(got)) == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
