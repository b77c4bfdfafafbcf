/* Where conversations ended when they were last looked at. */
#include "storage/history_hints.h"

#include "tests/unit/assert_row.h"

static void test_hints(void **state) {
    static struct history_hints h;
    const struct conv_id one = {1};
    const struct conv_id two = {2};
    const struct conv_id place_of_one = {1 + HISTORY_HINTS};

    (void)state;
    assert_int_equal(history_hint(&h, one).v, 0);
    history_hint_set(&h, one, (struct msg_seq){7});
    history_hint_set(&h, two, (struct msg_seq){9});
    assert_int_equal(history_hint(&h, one).v, 7);
    assert_int_equal(history_hint(&h, two).v, 9);
    history_hint_set(&h, one, (struct msg_seq){3});
    assert_int_equal(history_hint(&h, one).v, 3);
    /* Never another one's. */
    assert_int_equal(history_hint(&h, place_of_one).v, 0);
    history_hint_set(&h, place_of_one, (struct msg_seq){5});
    assert_int_equal(history_hint(&h, place_of_one).v, 5);
    assert_int_equal(history_hint(&h, one).v, 0);
    assert_int_equal(history_hint(&h, two).v, 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
