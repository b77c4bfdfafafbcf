/* Result codes, as people read them in logs. */
#include "proto/base/rc.h"

#include "tests/unit/assert_row.h"

#include <string.h>

static void test_texts(void **state) {
    static const enum rc all[] = {
#define RC_ITEM(name, text) RC_##name,
        RC_MAP(RC_ITEM)
#undef RC_ITEM
    };
    enum {
        COUNT = sizeof(all) / sizeof(all[0]),
    };

    (void)state;
    assert_int_equal(RC_OK, 0); /* zeroed memory is a success */
    assert_string_equal(rc_str(RC_OK), "success");
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < i; j++) {
            assert_row(rc_str(all[i]),
                       strcmp(rc_str(all[i]), rc_str(all[j])) != 0);
        }
        assert_row(rc_str(all[i]), strlen(rc_str(all[i])) > 5);
    }
    assert_string_equal(rc_str((enum rc)COUNT), "unknown result");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
