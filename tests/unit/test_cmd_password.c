/* The commands that change a password. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define OLD "correct horse battery staple"
#define FRESH "battery staple correct horse"
#define LETTERS32 "0123456789abcdef0123456789abcdef"
#define CHANGE(old, fresh) "'type':'password.change','old':" old ",'new':" fresh

/* Without a hash being made: who is refused before. */
static const struct command_row rows[] = {
    {"no old one", "'type':'password.change','new':'" FRESH "'",
     "bad_value old", NULL, RC_OK},
    {"no new one", "'type':'password.change','old':'" OLD "'", "bad_value new",
     NULL, RC_OK},
    {"an empty old one", CHANGE("''", "'" FRESH "'"), "bad_value old", NULL,
     RC_OK},
    {"a number", CHANGE("'" OLD "'", "123456789012345"), "bad_value new", NULL,
     RC_OK},
    {"129 letters",
     CHANGE("'" OLD "'", "'" LETTERS32 LETTERS32 LETTERS32 LETTERS32 "x'"),
     "too_large new", NULL, RC_OK},
    {"14 letters", CHANGE("'" OLD "'", "'12345678901234'"), "weak_password",
     NULL, RC_OK},
    {"the directory is away", CHANGE("'" OLD "'", "'" FRESH "'"),
     "unavailable +1000", "user_by_id", RC_TIMEOUT},
    {"the user is gone", CHANGE("'" OLD "'", "'" FRESH "'"), "not_found",
     "user_by_id", RC_NOT_FOUND},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), NULL);
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

/* A session of a user who has just signed up, on the device that he got. */
static struct client *sign_up(const char *name) {
    struct client *c = client_new(&w);
    struct token_claims claims = {.issued_ms = w.loop.clock.wall_ms};

    client_ask(c, "'type':'signup','name':'%s','password':'" OLD "'", name);
    assert_true(client_answered(c, "{'type':'account',*}"));
    assert_true(id_parse(slice_str(client_field(c, "user").s), &claims.user.v));
    assert_true(
        id_parse(slice_str(client_field(c, "device").s), &claims.device.v));
    claims.expires_ms = claims.issued_ms + w.settings.token_ms;
    session_become(&c->session, &claims);
    commands_settle(&w);
    return c;
}

/* The new one logs in, the old one does not, and all other devices are logged
 * out. */
static void test_change(void **state) {
    struct client *c = sign_up("dave");
    struct client *other = client_login(&w, c->session.user.v);
    struct client *fresh = client_new(&w);

    (void)state;
    client_ask(c, CHANGE("'" OLD "'", "'" FRESH "'"));
    assert_true(client_answered(c, "{'type':'ok','revoked':1}"));
    assert_int_equal(c->close_code, 0);
    assert_int_equal(other->close_code, CLOSE_REVOKED);
    client_ask(fresh, "'type':'login','name':'dave','password':'" OLD "'");
    assert_true(client_answered(fresh, "{*'code':'wrong_login',*}"));
    client_ask(fresh, "'type':'login','name':'dave','password':'" FRESH "'");
    assert_true(client_answered(fresh, "{'type':'account',*}"));
    client_ask(c, CHANGE("'" OLD "'", "'" FRESH "'"));
    assert_true(client_answered(c, "{*'code':'wrong_login',*}"));
}

/* A wrong old one changes nothing, and is a failed login. */
static void test_wrong(void **state) {
    struct client *c = sign_up("dave");

    (void)state;
    client_ask(c, CHANGE("'correct horse battery stapl3'", "'" FRESH "'"));
    assert_true(client_answered(c, "{*'code':'wrong_login',*}"));
    assert_int_equal(w.server.stats.auth_failures, 1);
    client_ask(c, CHANGE("'" OLD "'", "'" FRESH "'"));
    assert_true(client_answered(c, "{'type':'ok','revoked':0}"));
}

/* Not the user's name, whatever the setting. */
static void test_name(void **state) {
    struct client *c = sign_up("a.name.of.twenty.one");

    (void)state;
    client_ask(c, CHANGE("'" OLD "'", "'a.name.of.twenty.one'"));
    assert_true(client_answered(c, "{*'code':'weak_password',*}"));
}

/* Somebody else changed it between the check and the writing; or the store
 * did not answer. */
static void test_store(void **state) {
    static const struct {
        const char *name;
        enum rc rc;
        const char *code;
    } cases[] = {
        {"changed meanwhile", RC_CONFLICT, "wrong_login"},
        {"no answer", RC_TIMEOUT, "unavailable"},
    };
    struct client *c = sign_up("dave");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        commands_refuse(&w, "password_set", cases[i].rc);
        client_ask(c, CHANGE("'" OLD "'", "'" FRESH "'"));
        assert_row(cases[i].name,
                   client_answered(c, "{*'code':'%s',*}", cases[i].code));
    }
}

/* Its tries count with those to log in, and are forgotten when one was
 * right. */
static void test_throttled(void **state) {
    static const char weak[] = CHANGE("'" OLD "'", "'short'");
    struct client *c = sign_up("dave");
    struct client *stranger = client_new(&w);

    (void)state;
    throttle_fini(&w.server.accounts);
    throttle_init(&w.server.accounts, 3, 900000);
    for (unsigned i = 0; i < 2; i++) {
        client_ask(c, weak);
        assert_true(client_answered(c, "{*'code':'weak_password',*}"));
    }
    client_ask(c, CHANGE("'" OLD "'", "'" FRESH "'"));
    assert_true(client_answered(c, "{'type':'ok',*}"));
    for (unsigned i = 0; i < 3; i++) {
        client_ask(c, weak);
        assert_true(client_answered(c, "{*'code':'weak_password',*}"));
    }
    client_ask(c, weak);
    assert_true(
        client_answered(c, "{*'code':'rate_limited',*,'retry_after_ms':*}"));
    client_ask(stranger, "'type':'login','name':'DAVE','password':'" FRESH "'");
    assert_true(client_answered(stranger, "{*'code':'rate_limited',*}"));
}

/* A team's server does it for who forgot his: no old one is asked for. */
static void test_reset(void **state) {
    static const struct {
        const char *name;
        const char *body;
        const char *like;
    } cases[] = {
        {"no password", "{}", "{*'bad_value',*'field':'new'}"},
        {"a weak one", "{'new':'password'}", "{*'weak_password',*}"},
        {"129 letters",
         "{'new':'" LETTERS32 LETTERS32 LETTERS32 LETTERS32 "x'}",
         "{*'too_large',*}"},
        {"another one", "{'new':'" FRESH "'}", "{'type':'ok','revoked':1}"},
    };
    struct client *c = sign_up("dave");
    struct client *server = client_new(&w);
    struct client *other = client_new(&w);
    struct api_key_text key =
        fake_directory_key(w.directory, "passwords:reset users:write", 0);
    struct id_text dave = id_text(c->session.user.v);
    struct field bot;

    (void)state;
    commands_pass(&w, 2000);
    server->bearer = key.s;
    server->acts_as = dave.s;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        (void)client_http(server, "POST /v1/password/reset", cases[i].body);
        assert_row(cases[i].name, client_answered(server, "%s", cases[i].like));
    }
    assert_int_equal(c->close_code, CLOSE_REVOKED);
    client_ask(other, "'type':'login','name':'dave','password':'" FRESH "'");
    assert_true(client_answered(other, "{'type':'account',*}"));
    commands_refuse(&w, "password_set", RC_CONFLICT); /* at the same time */
    (void)client_http(server, "POST /v1/password/reset", "{'new':'" OLD "'}");
    assert_true(client_answered(server, "{*'unavailable',*}"));
    commands_refuse(&w, NULL, RC_OK);
    (void)client_http(server, "POST /v1/users", "{'name':'b','bot':true}");
    bot = client_field(server, "user");
    server->acts_as = bot.s;
    assert_int_equal(
        client_http(server, "POST /v1/password/reset", "{'new':'" FRESH "'}"),
        403);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_throttled, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
