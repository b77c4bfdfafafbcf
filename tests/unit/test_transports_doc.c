/* The table and the picture of docs/transports.md, from made-up figures. */
#include "tests/unit/assert_row.h"

#include "bench/transports_doc.h"
#include "proto/base/macros.h"

static size_t count_of(struct slice text, const char *mark) {
    size_t n = 0;

    while ((text = slice_after(text, mark)).p != NULL) {
        n++;
    }
    return n;
}

static struct transports_result made_up(void) {
    struct transports_result r = {0};

    r.cells[TRANSPORT_LONG][1] =
        (struct transports_cell){818, 1.004, 99.6, 11.04, 27.36};
    return r;
}

static void test_table(void **state) {
    struct transports_result r = made_up();
    struct buf b;

    (void)state;
    buf_init(&b);
    transports_table(&r, &b);
    assert_int_equal(count_of(buf_slice(&b), "\n"),
                     2 + TRANSPORTS_WAYS * TRANSPORTS_RATES);
    assert_int_equal(
        count_of(buf_slice(&b),
                 "| 1 | long poll | 818 | 1.00 | 100 | 11.0 | 27.4 |\n"),
        1);
    buf_fini(&b);
}

/* A bar for each figure, none below its ground or above its panel. */
static void test_picture(void **state) {
    struct transports_result r = made_up();
    struct buf b;

    (void)state;
    buf_init(&b);
    r.cells[TRANSPORT_POLL][0].bytes = 1e12; /* beyond every scale */
    transports_picture(&r, &b);
    assert_int_equal(count_of(buf_slice(&b), "<rect "),
                     1 + 4 * TRANSPORTS_WAYS * TRANSPORTS_RATES +
                         TRANSPORTS_WAYS);
    assert_int_equal(count_of(buf_slice(&b), "height=\"-"), 0);
    assert_int_equal(count_of(buf_slice(&b), "height=\"140.0\""), 1);
    assert_int_equal(count_of(buf_slice(&b), "nan"), 0);
    assert_int_equal(count_of(buf_slice(&b), "</svg>"), 1);
    buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
