/* The settings of a gateway: the defaults stand on their own, what would not
 * fit where it is counted is refused. */
#include "gateway/settings.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "gateway/session.h"
#include "proto/base/macros.h"
#include "proto/wire/bus_msg.h"

static enum rc load(struct settings *s, struct conf **conf, const char *flag) {
    static const char *const env[] = {"MOIM_AUTH__TOKEN_KEY=k 00", NULL};
    const char *args[] = {flag, NULL};
    struct conf_sources from = {NULL, env, args};
    FILE *errors = fopen("/dev/null", "w");
    enum rc rc;

    assert_non_null(errors);
    rc = conf_load(conf, &settings_table, s, &from, errors);
    (void)fclose(errors);
    return rc;
}

static void test_defaults(void **state) {
    struct settings s;
    struct conf *conf;

    (void)state;
    assert_int_equal(load(&s, &conf, NULL), RC_OK);
    assert_string_equal(s.listen, "127.0.0.1:8080");
    assert_string_equal(s.internal, "127.0.0.1:9080"); /* nobody from outside */
    assert_string_equal(s.origins, "");
    assert_string_equal(s.trusted_proxies, "");
    assert_string_equal(s.token_keys, "k 00");
    assert_int_equal(s.proxy_protocol, PROXY_PROTOCOL_OFF);
    assert_int_equal(s.queue_bytes, 256 * 1024);
    assert_int_equal(s.ping_ms, 25000);
    assert_int_equal(s.pong_ms, 10000);
    assert_int_equal(s.auth_ms, 10000);
    assert_int_equal(s.detached_ms, 60000);
    assert_int_equal(s.password_min, 15);
    assert_int_equal(s.tier, 1);
    conf_free(&conf);
}

static void test_no_key_no_start(void **state) {
    struct conf_sources nothing = {NULL, NULL, NULL};
    FILE *errors = fopen("/dev/null", "w");
    struct conf *conf = NULL;
    struct settings s;

    (void)state;
    assert_non_null(errors);
    assert_int_equal(conf_load(&conf, &settings_table, &s, &nothing, errors),
                     RC_BAD_INPUT);
    (void)fclose(errors);
    conf_free(&conf);
}

static void test_values(void **state) {
    static const struct {
        const char *flag;
        enum rc want;
    } rows[] = {
        {"--gateway.listen=unix:/x", RC_OK},
        {"--gateway.listen=", RC_BAD_INPUT},
        {"--gateway.proxy_protocol=required", RC_OK},
        {"--gateway.proxy_protocol=always", RC_BAD_INPUT},
        {"--gateway.web_root=", RC_OK},
        {"--auth.token_key=k 00", RC_BAD_INPUT}, /* ps would show it */
        {"--auth.password_min=7", RC_BAD_INPUT},
        {"--auth.token_lifetime=91d", RC_BAD_INPUT},
        {"--redis.tier=t0", RC_OK},
        {"--redis.tier=t2", RC_OK},
        {"--redis.tier=t3", RC_BAD_INPUT},
        {"--redis.copies=2", RC_OK},
        {"--redis.copies=0", RC_BAD_INPUT},
        {"--limits.queue=16KiB", RC_OK},
        {"--limits.queue=16383", RC_BAD_INPUT},
        {"--limits.sessions_per_user=0", RC_BAD_INPUT},
        {"--limits.ping=25", RC_BAD_INPUT}, /* of what? */
        {"--limits.sessions=0", RC_OK},
        {"--presence.lease=6s", RC_BAD_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct settings s;
        struct conf *conf = NULL;

        assert_row(rows[i].flag, load(&s, &conf, rows[i].flag) == rows[i].want);
        conf_free(&conf);
    }
}

static const struct conf_key *key_at(size_t offset) {
    for (size_t i = 0; i < settings_table.count; i++) {
        if (settings_table.keys[i].offset == offset) {
            return &settings_table.keys[i];
        }
    }
    return NULL;
}

/* A limit must not be more than what counts towards it can hold. */
static void test_limits_fit_their_counters(void **state) {
    static const struct session s;
    static const struct {
        const char *name;
        size_t offset;
        size_t counter_bytes;
    } rows[] = {
        {"pending", offsetof(struct settings, pending), sizeof(s.pending)},
        {"watches", offsetof(struct settings, watches), sizeof(s.watch_count)},
        {"sends", offsetof(struct settings, sends_burst), sizeof(uint32_t)},
        {"commands", offsetof(struct settings, commands_burst),
         sizeof(uint32_t)},
        {"connects", offsetof(struct settings, connects_burst),
         sizeof(uint32_t)},
        {"sessions of a user", offsetof(struct settings, sessions_per_user),
         sizeof(((struct presence_item *)NULL)->sessions)},
        {"backlog", offsetof(struct settings, backlog), sizeof(uint16_t)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct conf_key *key = key_at(rows[i].offset);

        assert_non_null(key);
        assert_row(rows[i].name,
                   key->max < (uint64_t)1 << (8 * rows[i].counter_bytes));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_no_key_no_start),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_limits_fit_their_counters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
