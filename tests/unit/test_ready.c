/* The body of /readyz. */
#include "proto/wire/ready.h"

#include "tests/unit/assert_row.h"

#include "proto/base/slice.h"

static void test_bodies(void **state) {
    static const struct {
        const char *name;
        bool ready;
        size_t n;
        struct ready_check checks[2];
        const char *body;
    } cases[] = {
        {"none", true, 0, {{0}}, "{\"status\":\"ready\",\"checks\":[]}"},
        {"one that holds",
         true,
         1,
         {{"drain", true, "serving"}},
         "{\"status\":\"ready\",\"checks\":[{\"name\":\"drain\",\"ok\":true,"
         "\"detail\":\"serving\"}]}"},
        {"one that does not",
         false,
         2,
         {{"bus", false, "\"gone\""}, {"dir", true, "here"}},
         "{\"status\":\"not ready\",\"checks\":[{\"name\":\"bus\",\"ok\":"
         "false,\"detail\":\"\\\"gone\\\"\"},{\"name\":\"dir\",\"ok\":true,"
         "\"detail\":\"here\"}]}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b;

        buf_init(&b);
        ready_put(&b, cases[i].ready, cases[i].checks, cases[i].n);
        assert_row(cases[i].name, slice_is(buf_slice(&b), cases[i].body));
        buf_fini(&b);
    }
}

static void test_stores(void **state) {
    struct ready_check up = ready_store("bus", true);
    struct ready_check down = ready_store("bus", false);

    (void)state;
    assert_string_equal(up.name, "bus");
    assert_true(up.ok);
    assert_string_equal(up.detail, "connected");
    assert_false(down.ok);
    assert_string_equal(down.detail, "not connected; trying again");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_stores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
