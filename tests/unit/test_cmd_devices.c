/* The commands about one's own devices: list, name, log out, a new token. */
#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/wire/token.h"
#include "tests/fakes/commands.h"

#define MINE "0000000000034"   /* 100: the first client's, of user 1 */
#define OTHER "0000000000035"  /* 101: user 1's second */
#define THEIRS "0000000000036" /* 102: user 2's */
#define LABEL64                                                                \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void three_devices(struct commands *w, struct client *c) {
    (void)c;
    (void)client_login(w, 1);
    (void)client_login(w, 2);
}

#define RENAME(device, label)                                                  \
    "'type':'device.rename','device':" device ",'label':" label
#define REVOKE(device) "'type':'device.revoke','device':" device

static const struct command_row rows[] = {
    {"this one", "'type':'devices'",
     "{'type':'devices','devices':[*{'device':'" MINE "','label':'a test',"
     "'created':*,'used':*,'current':true}*]}",
     NULL, RC_OK},
    {"and another", "'type':'devices'",
     "{'type':'devices','devices':[*{'device':'" OTHER "','label':'a test',"
     "'created':*,'used':*,'current':false}*]}",
     NULL, RC_OK},
    {"the directory is away", "'type':'devices'", "unavailable +1000",
     "devices_of", RC_AGAIN},
    {"a name", RENAME("'" OTHER "'", "'old laptop'"), "{'type':'ok'}", NULL,
     RC_OK},
    {"a name of 64 bytes", RENAME("'" OTHER "'", "'" LABEL64 "'"),
     "{'type':'ok'}", NULL, RC_OK},
    {"a longer one", RENAME("'" OTHER "'", "'" LABEL64 "0'"), "too_large label",
     NULL, RC_OK},
    {"an empty one", RENAME("'" OTHER "'", "''"), "bad_value label", NULL,
     RC_OK},
    {"none", "'type':'device.rename','device':'" OTHER "'", "bad_value label",
     NULL, RC_OK},
    {"no device", "'type':'device.rename','label':'x'", "bad_value device",
     NULL, RC_OK},
    {"another's device", RENAME("'" THEIRS "'", "'mine now'"), "not_found",
     NULL, RC_OK},
    {"the directory is away, for the name", RENAME("'" OTHER "'", "'x'"),
     "unavailable +1000", "device_rename", RC_TIMEOUT},
    {"log another out", REVOKE("'" OTHER "'"), "{'type':'ok','revoked':1}",
     NULL, RC_OK},
    {"log another's out", REVOKE("'" THEIRS "'"), "not_found", NULL, RC_OK},
    {"log none out", "'type':'device.revoke'", "bad_value device", NULL, RC_OK},
    {"log a bad one out", REVOKE("101"), "bad_value device", NULL, RC_OK},
    {"the directory is away, for logging out", REVOKE("'" OTHER "'"),
     "unavailable +1000", "devices_revoke", RC_BACKEND},
    {"log all others out", "'type':'device.revoke_all'",
     "{'type':'ok','revoked':1}", NULL, RC_OK},
    {"the directory is away, for all", "'type':'device.revoke_all'",
     "unavailable +1000", "directory", RC_AGAIN},
    {"a token", "'type':'token.refresh'",
     "{'type':'token','token':'v1.k.*','expires':*}", NULL, RC_OK},
    {"the directory is away, for a token", "'type':'token.refresh'",
     "unavailable +1000", "device_use", RC_AGAIN},
    {"the device is gone meanwhile", "'type':'token.refresh'", "unauthorized",
     "device_use", RC_NOT_FOUND},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), three_devices);
}

static struct commands w;

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

/* A new name is in the list; what is logged out is not. */
static void test_list(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    three_devices(&w, c);
    client_ask(c, RENAME("'" OTHER "'", "'old laptop'"));
    client_ask(c, "'type':'devices'");
    assert_true(client_answered(c, "{*{'device':'" OTHER
                                   "','label':'old laptop',*}*}"));
    client_ask(c, REVOKE("'" OTHER "'"));
    client_ask(c, "'type':'devices'");
    assert_true(client_answered(
        c, "{'type':'devices','devices':[{'device':'" MINE "',*'current':true}"
           "]}"));
}

/* A device whose last token has expired is logged out as well; one with a new
 * token is not. */
static void test_expired(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 1);

    (void)state;
    commands_pass(&w, w.settings.token_ms / 2);
    client_ask(two, "'type':'token.refresh'");
    commands_pass(&w, w.settings.token_ms / 2 + 1);
    client_ask(two, "'type':'devices'");
    assert_true(client_answered(two,
                                "{'type':'devices','devices':[{'device':'" OTHER
                                "',*'current':true}]}"));
    (void)one;
}

/* Its sockets are closed and its token is refused, at once; the others go
 * on. */
static void test_revoked(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 1);
    struct client *three = client_login(&w, 2);

    (void)state;
    client_ask(one, REVOKE("'" OTHER "'"));
    assert_int_equal(two->close_code, CLOSE_REVOKED);
    assert_int_equal(one->close_code, 0);
    assert_int_equal(three->close_code, 0);
    assert_int_equal(client_http(two, "GET /v1/me", ""), 401);
    assert_int_equal(client_http(one, "GET /v1/me", ""), 200);
    client_ask(one, REVOKE("'" OTHER "'"));
    assert_true(client_answered(one, "{'type':'ok','revoked':1}"));
}

/* The answer comes before one's own close. */
static void test_oneself(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    client_ask(c, REVOKE("'" MINE "'"));
    assert_true(client_answered(c, "{'type':'ok','revoked':1}"));
    assert_int_equal(c->close_code, CLOSE_REVOKED);
}

static void test_all_others(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 1);
    struct client *three = client_login(&w, 1);

    (void)state;
    client_ask(two, "'type':'device.revoke_all'");
    assert_true(client_answered(two, "{'type':'ok','revoked':2}"));
    assert_int_equal(one->close_code, CLOSE_REVOKED);
    assert_int_equal(two->close_code, 0);
    assert_int_equal(three->close_code, CLOSE_REVOKED);
}

/* A new token is one of this user and device, and the session lives as long
 * as it. */
static void test_token(void **state) {
    struct client *c = client_login(&w, 1);
    struct token_claims claims = {.user = {0}};
    uint64_t before = c->session.expires_ms;
    char *start;
    char *end;

    (void)state;
    commands_pass(&w, 5000);
    client_ask(c, "'type':'token.refresh'");
    assert_int_equal(c->session.expires_ms, before + 5000);
    start = strstr(c->answer, "v1.");
    assert_non_null(start);
    end = strchr(start, '"');
    assert_non_null(end);
    assert_int_equal(token_verify(&w.server.keys,
                                  slice_of(start, (size_t)(end - start)),
                                  w.loop.clock.wall_ms, &claims),
                     RC_OK);
    assert_int_equal(claims.user.v, 1);
    assert_int_equal(claims.device.v, 100);
    assert_int_equal(claims.expires_ms, c->session.expires_ms);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expired, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_oneself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_token, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
