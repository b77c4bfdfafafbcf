/* What a notification is about, by its name, and whether that is old. */
#include "hooks/recall.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

#define CONV "0000000000007"
#define USER "0000000000009"

static void test_names(void **state) {
    static const struct {
        const char *name;
        bool ok;
    } rows[] = {
        {CONV "-12-" USER, true},
        {CONV "-1-" USER, true},
        {"", false},
        {CONV "--" USER, false},
        {CONV "-" USER, false},
        {CONV "-x-" USER, false},
        {CONV "-1-2-" USER, false},
        {CONV ".1-" USER, false},
        {CONV "-1." USER, false},
        {"0000000000000-1-" USER, false},
        {CONV "-1-0000000000000", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct notice_of of;
        bool ok = notice_name_parse(slice_str(rows[i].name), &of);

        assert_row(rows[i].name, ok == rows[i].ok);
        assert_row(rows[i].name, !ok || (of.conv.v == 7 && of.user.v == 9));
        assert_row(rows[i].name, !ok || slice_is(slice_str(rows[i].name),
                                                 notice_name(&of).s));
    }
}

static void test_every_cut(void **state) {
    const struct slice whole = SLICE_LIT(CONV "-12-" USER);
    struct notice_of of;

    (void)state;
    for (size_t n = 0; n < whole.n; n++) {
        assert_false(notice_name_parse(slice_take(whole, n), &of));
    }
}

static void test_old(void **state) {
    static const struct {
        const char *name;
        struct history_mark mark;
        bool old;
    } rows[] = {
        {"nothing", {{9}, {0}, {0}}, false},
        {"some", {{9}, {11}, {11}}, false},
        {"read", {{9}, {12}, {0}}, true},
        {"got", {{9}, {3}, {13}}, true},
        {"another one", {{8}, {12}, {12}}, false},
    };
    const struct notice_of of = {{7}, {12}, {9}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   notice_is_old(&of, &rows[i].mark, 1) == rows[i].old);
    }
    assert_false(notice_is_old(&of, NULL, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
