/* A packed file, and what only looks like one. */
#include "proto/wire/gzip.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/mem.h"

/* "abc", and nothing at all, as gzip -9n packs them. */
#define HEAD "\x1f\x8b\x08\0\0\0\0\0\x02\x03"
#define ABC                                                                    \
    HEAD "KLJ\x06\0\xc2"                                                       \
         "A$5\x03\0\0\0"
#define NOTHING HEAD "\x03\0\0\0\0\0\0\0\0\0"

#define BYTES(text) (text), sizeof(text) - 1

static const struct unpack_case {
    const char *name;
    const char *packed;
    size_t packed_len;
    const char *want; /* as many bytes as this are asked for */
    enum rc rc;
} cases[] = {
    {"three bytes", BYTES(ABC), "abc", RC_OK},
    {"nothing", BYTES(NOTHING), "", RC_OK},
    {"fewer", BYTES(ABC), "abcd", RC_BAD_INPUT},
    {"more", BYTES(ABC), "ab", RC_BAD_INPUT},
    {"something behind it", BYTES(ABC "x"), "abc", RC_BAD_INPUT},
    {"two files", BYTES(ABC ABC), "abcabc", RC_BAD_INPUT},
    {"a wrong sum",
     BYTES(HEAD "KLJ\x06\0\xc3"
                "A$5\x03\0\0\0"),
     "abc", RC_BAD_INPUT},
    {"zlib's own format", BYTES("x\xdaKLJ\x06\0\x02M\x01'"), "abc",
     RC_BAD_INPUT},
    {"plain", BYTES("abc"), "abc", RC_BAD_INPUT},
    {"empty", BYTES(""), "", RC_BAD_INPUT},
};

static void test_unpack(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct unpack_case *c = &cases[i];
        size_t len = strlen(c->want);
        uint8_t *out = mem_new(len);
        enum rc rc = gzip_unpack(slice_of(c->packed, c->packed_len), out, len);

        assert_row(c->name, rc == c->rc);
        assert_row(c->name, rc != RC_OK || memcmp(out, c->want, len) == 0);
        mem_free(out);
    }
}

static void test_every_cut(void **state) {
    struct slice whole = SLICE_LIT(ABC);
    uint8_t out[3];

    (void)state;
    for (size_t n = 0; n < whole.n; n++) {
        assert_int_equal(gzip_unpack(slice_take(whole, n), out, sizeof(out)),
                         RC_BAD_INPUT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack),
        cmocka_unit_test(test_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
