/* Counting those of one address who have not said who they are. */
#include "tests/unit/assert_row.h"

#include "gateway/strangers.h"
#include "proto/base/macros.h"

static void test_keys(void **state) {
    static const struct {
        const char *name;
        const char *a;
        const char *b;
        bool same;
    } rows[] = {
        {"same IPv4", "10.0.0.1", "10.0.0.1", true},
        {"other IPv4", "10.0.0.1", "10.0.0.2", false},
        {"IPv6 of one network", "2001:db8::1", "2001:db8:0:0:ffff::2", true},
        {"IPv6 of two networks", "2001:db8::1", "2001:db8:0:1::1", false},
        {"Unix sockets", "unix", "unix", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool same = strangers_key(rows[i].a) == strangers_key(rows[i].b);

        assert_row(rows[i].name, same == rows[i].same);
    }
}

static void test_counts(void **state) {
    struct strangers s;

    (void)state;
    strangers_init(&s);
    assert_int_equal(strangers_count(&s, 1), 0);
    strangers_enter(&s, 1);
    strangers_enter(&s, 1);
    strangers_enter(&s, 2);
    assert_int_equal(strangers_count(&s, 1), 2);
    assert_int_equal(strangers_count(&s, 2), 1);
    strangers_leave(&s, 1);
    strangers_leave(&s, 2);
    assert_int_equal(strangers_count(&s, 1), 1);
    assert_int_equal(strangers_count(&s, 2), 0);
    strangers_leave(&s, 1);
    strangers_fini(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
