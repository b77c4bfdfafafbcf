/* The settings of a presence service: the defaults stand on their own, and
 * values that would make presence lie are refused. */
#include "presence/settings.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/macros.h"

static enum rc load(struct presence_settings *s, struct conf **conf,
                    const char *flag) {
    const char *args[] = {flag, NULL};
    struct conf_sources from = {NULL, NULL, args};
    FILE *errors = fopen("/dev/null", "w");
    enum rc rc;

    assert_non_null(errors);
    rc = conf_load(conf, &presence_settings_table, s, &from, errors);
    (void)fclose(errors);
    return rc;
}

static void test_defaults(void **state) {
    struct presence_settings s;
    struct conf *conf;

    (void)state;
    assert_int_equal(load(&s, &conf, NULL), RC_OK);
    assert_string_equal(s.name, "presence");
    assert_int_equal(s.lease_ms, 6000);
    assert_int_equal(s.grace_ms, 5000);
    assert_int_equal(s.settle_ms, 3000);
    assert_string_equal(s.redis_password, "");
    conf_free(&conf);
}

static void test_values(void **state) {
    static const struct {
        const char *flag;
        enum rc want;
    } rows[] = {
        {"--presence.lease=10s", RC_OK},
        {"--presence.lease=2s", RC_BAD_INPUT},
        {"--presence.grace=0ms", RC_BAD_INPUT},
        {"--presence.settle=2s", RC_BAD_INPUT},
        {"--presence.seen_queue=0", RC_BAD_INPUT},
        {"--presence.name=", RC_BAD_INPUT},
        {"--redis.history=unix:/x", RC_OK},
        {"--redis.password=secret", RC_BAD_INPUT},
        {"--log.level=loud", RC_BAD_INPUT},
        {"--gateway.listen=x", RC_BAD_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct presence_settings s;
        struct conf *conf = NULL;

        assert_row(rows[i].flag, load(&s, &conf, rows[i].flag) == rows[i].want);
        conf_free(&conf);
    }
}

/* The example file is a file of ours. */
static void test_example(void **state) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    (void)state;
    assert_non_null(to);
    conf_print_example(&presence_settings_table, to);
    (void)fclose(to);
    assert_non_null(strstr(text, "[presence]"));
    assert_non_null(strstr(text, "grace"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_example),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
