/* Accounts: sign-up, login, and the signing keys. */
#include "gateway/accounts.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define PASSWORD "correct horse battery staple"
#define NAME32 "0123456789abcdef0123456789abcdef"
#define SIGNUP(name, password)                                                 \
    "'type':'signup','name':" name ",'password':" password
#define LOGIN(name, password)                                                  \
    "'type':'login','name':" name ",'password':" password

static void settings_of_a_test(struct commands *w, struct client *c) {
    (void)c;
    w->settings.password_min = 8;
}

/* Without a hash being made: who is refused before. */
static const struct command_row rows[] = {
    {"no name", "'type':'signup','password':'" PASSWORD "'", "bad_value name",
     NULL, RC_OK},
    {"an empty name", SIGNUP("''", "'" PASSWORD "'"), "bad_value name", NULL,
     RC_OK},
    {"a name that may not be", SIGNUP("'two words'", "'" PASSWORD "'"),
     "bad_value name", NULL, RC_OK},
    {"a name of ours", SIGNUP("'Admin'", "'" PASSWORD "'"), "bad_value name",
     NULL, RC_OK},
    {"33 letters", SIGNUP("'" NAME32 "x'", "'" PASSWORD "'"), "bad_value name",
     NULL, RC_OK},
    {"65 bytes", SIGNUP("'" NAME32 NAME32 "x'", "'" PASSWORD "'"),
     "too_large name", NULL, RC_OK},
    {"no password", "'type':'signup','name':'dave'", "bad_value password", NULL,
     RC_OK},
    {"a number", SIGNUP("'dave'", "12345678"), "bad_value password", NULL,
     RC_OK},
    {"129 letters", SIGNUP("'dave'", "'" NAME32 NAME32 NAME32 NAME32 "x'"),
     "too_large password", NULL, RC_OK},
    {"a short password", SIGNUP("'dave'", "'1234567'"), "weak_password", NULL,
     RC_OK},
    {"seven letters of three bytes", SIGNUP("'dave'", "'가나다라마바사'"),
     "weak_password", NULL, RC_OK},
    {"the name", SIGNUP("'dave.dave'", "'dave.dave'"), "weak_password", NULL,
     RC_OK},
    {"a long name of the device",
     SIGNUP("'dave'", "'" PASSWORD "'") ",'device':'" NAME32 NAME32 "x'",
     "too_large device", NULL, RC_OK},
    {"a device that is none", SIGNUP("'dave'", "'" PASSWORD "'") ",'device':1",
     "bad_value device", NULL, RC_OK},
    {"the directory is away", SIGNUP("'dave'", "'" PASSWORD "'"),
     "unavailable +1000", "directory", RC_AGAIN},
    {"login: no name", "'type':'login','password':'x'", "bad_value name", NULL,
     RC_OK},
    {"login: no password", "'type':'login','name':'user2'",
     "bad_value password", NULL, RC_OK},
    {"login: an empty password", LOGIN("'user2'", "''"), "bad_value password",
     NULL, RC_OK},
    {"login: the directory is away", LOGIN("'user2'", "'" PASSWORD "'"),
     "unavailable +1000", "user_by_name", RC_BACKEND},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), settings_of_a_test);
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

#define ACCOUNT(name)                                                          \
    "{'type':'account','user':'*','name':'" name                               \
    "','device':'*','token':'v1.k.*','expires':*}"

/* A user is made, is found by any spelling of the name, and gets a device and
 * a token at each login; the name is given back as it was first written. */
static void test_enter(void **state) {
    struct client *c = client_new(&w);
    struct field user;

    (void)state;
    client_ask(c, SIGNUP("'Dave'", "'" PASSWORD "'") ",'device':'phone'");
    assert_true(client_answered(c, ACCOUNT("Dave")));
    user = client_field(c, "user");
    client_ask(c, SIGNUP("'DAVE'", "'another long password'"));
    assert_true(client_answered(c, "{*'code':'taken',*}"));
    client_ask(c, LOGIN("'ｄａｖｅ'", "'" PASSWORD "'"));
    assert_true(client_answered(c, ACCOUNT("Dave")));
    assert_string_equal(client_field(c, "user").s, user.s);
    client_ask(c, LOGIN("'dave'", "'correct horse battery stapl3'"));
    assert_true(client_answered(c, "{*'code':'wrong_login',*}"));
    client_ask(c, LOGIN("'nobody'", "'" PASSWORD "'"));
    assert_true(client_answered(c, "{*'code':'wrong_login',*}"));
    assert_int_equal(w.server.stats.auth_failures, 2);
}

/* The longest there may be: nothing of it is cut off. */
static void test_long_passwords(void **state) {
    struct client *c = client_new(&w);
    struct buf long_one;
    struct slice shorter;

    (void)state;
    buf_init(&long_one);
    for (size_t i = 0; i < PASSWORD_CHARS_MAX; i++) {
        buf_add_str(&long_one, i == 5 || i == 127 ? "임" : "모");
    }
    shorter = slice_take(buf_slice(&long_one), long_one.n - 3);
    buf_add_byte(&long_one, '\0');
    client_ask(c, SIGNUP("'dave'", "'%s'"), (const char *)long_one.p);
    assert_true(client_answered(c, ACCOUNT("dave")));
    client_ask(c, LOGIN("'dave'", "'%.*s'"), (int)shorter.n,
               (const char *)shorter.p);
    assert_true(client_answered(c, "{*'code':'wrong_login',*}"));
    client_ask(c, LOGIN("'dave'", "'%s'"), (const char *)long_one.p);
    assert_true(client_answered(c, ACCOUNT("dave")));
    buf_fini(&long_one);
}

/* The token that is handed out is that of the user and the device. */
static void test_token(void **state) {
    struct client *c = client_new(&w);
    struct token_claims claims = {.user = {0}};
    char *start;

    (void)state;
    client_ask(c, SIGNUP("'dave'", "'" PASSWORD "'"));
    start = strstr(c->answer, "v1.k.");
    assert_non_null(start);
    assert_int_equal(token_verify(&w.server.keys,
                                  slice_of(start, strcspn(start, "\"")),
                                  w.loop.clock.wall_ms, &claims),
                     RC_OK);
    assert_string_equal(client_field(c, "user").s, id_text(claims.user.v).s);
    assert_string_equal(client_field(c, "device").s,
                        id_text(claims.device.v).s);
    assert_int_equal(claims.expires_ms - claims.issued_ms, w.settings.token_ms);
}

/* What fails after the hash: nothing was made that could be found. */
static void test_store_fails(void **state) {
    struct client *c = client_new(&w);

    (void)state;
    commands_refuse(&w, "user_create", RC_TIMEOUT);
    client_ask(c, SIGNUP("'dave'", "'" PASSWORD "'"));
    assert_true(client_answered(c, "{*'code':'unavailable',*}"));
    commands_refuse(&w, "device_create", RC_AGAIN);
    client_ask(c, SIGNUP("'dave'", "'" PASSWORD "'"));
    assert_true(client_answered(c, "{*'code':'unavailable',*}"));
    commands_refuse(&w, NULL, RC_OK);
    client_ask(c, LOGIN("'dave'", "'" PASSWORD "'"));
    assert_true(client_answered(c, ACCOUNT("dave")));
}

static void test_signup_closed(void **state) {
    struct client *c = client_new(&w);

    (void)state;
    w.settings.signup = false;
    client_ask(c, SIGNUP("'dave'", "'" PASSWORD "'"));
    assert_true(client_answered(c, "{*'code':'forbidden',*}"));
}

/* A flood is told when to come back, and costs neither a hash nor a question
 * to the directory. */
static void test_account_throttled(void **state) {
    struct client *c = client_new(&w);

    (void)state;
    commands_refuse(&w, "user_by_name", RC_AGAIN);
    for (uint64_t i = 0; i < w.settings.logins_per_account; i++) {
        client_ask(c, LOGIN("'user2'", "'wrong'"));
        assert_true(client_answered(c, "{*'code':'unavailable',*}"));
    }
    client_ask(c, LOGIN("'USER2'", "'wrong'"));
    assert_true(
        client_answered(c, "{*'code':'rate_limited',*,'retry_after_ms':*}"));
    client_ask(c, LOGIN("'user3'", "'wrong'"));
    assert_true(client_answered(c, "{*'code':'unavailable',*}"));
}

/* An address is the same over every transport, and its whole network when it
 * is of IPv6; others are not hurt. */
static void test_address_throttled(void **state) {
    static const struct {
        const char *peer;
        const char *code;
    } cases[] = {
        {"2001:db8::1", "rate_limited"},
        {"2001:db8::2:3:4:5", "rate_limited"},
        {"2001:db8:0:1::1", "weak_password"},
        {"192.0.2.1", "weak_password"},
    };
    struct client *c = client_from(&w, cases[0].peer);

    (void)state;
    for (uint64_t i = 0; i < w.settings.logins_per_address; i++) {
        client_ask(c, SIGNUP("'dave'", "'short'"));
        assert_true(client_answered(c, "{*'code':'weak_password',*}"));
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        c = client_from(&w, cases[i].peer);
        client_ask(c, SIGNUP("'dave'", "'short'"));
        assert_row(cases[i].peer,
                   client_answered(c, "{*'code':'%s',*}", cases[i].code));
    }
    c = client_from(&w, cases[0].peer);
    client_ask(c, LOGIN("'user4'", "'wrong'"));
    assert_true(
        client_answered(c, "{*'code':'rate_limited',*,'retry_after_ms':*}"));
    commands_pass(&w, (uint64_t)60 * 1000);
    c = client_from(&w, cases[0].peer);
    client_ask(c, SIGNUP("'dave'", "'short'"));
    assert_true(client_answered(c, "{*'code':'weak_password',*}"));
}

/* A queue of one, and its thread at work: who comes now is told when to come
 * back, and what is being done is done. */
static void test_busy(void **state) {
    struct client *c[4];
    size_t busy = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(c); i++) {
        c[i] = client_new(&w);
    }
    hasher_close(&w.server.hasher);
    assert_int_equal(hasher_open(&w.server.hasher, &w.loop, 1, 1), RC_OK);
    for (size_t i = 0; i < COUNT_OF(c); i++) {
        char text[256];

        snprintf(text, sizeof(text),
                 "{\"type\":\"signup\",\"id\":\"q\",\"name\":\"dave%zu\","
                 "\"password\":\"" PASSWORD "\"}",
                 i);
        client_say(c[i], text);
    }
    for (size_t i = 0; i < COUNT_OF(c); i++) {
        busy += strstr(c[i]->answer, "\"code\":\"busy\"") != NULL &&
                strstr(c[i]->answer, "\"retry_after_ms\":5000") != NULL;
    }
    assert_in_range(busy, 2, 3); /* the thread may have taken one already */
    for (size_t i = 0; i < COUNT_OF(c); i++) {
        client_wait(c[i]);
        assert_true(c[i]->answer[0] != '\0');
    }
}

/* ---- without a gateway ---- */

#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void test_keys(void **state) {
    static const struct {
        const char *name;
        const char *text;
        size_t count; /* 0: refused */
    } cases[] = {
        {"one", "k1 " HEX64, 1},
        {"with a newline", "k1 " HEX64 "\n", 1},
        {"two, and what is said about them",
         "# new\nk2 " HEX64 "\n\n# old\nk1 " HEX64 "\n", 2},
        {"capital letters",
         "k1 "
         "000102030405060708090A0B0C0D0E0F"
         "101112131415161718191A1B1C1D1E1F",
         1},
        {"none", "", 0},
        {"only comments", "# k1 " HEX64 "\n", 0},
        {"no id", HEX64 "\n", 0},
        {"an empty id", " " HEX64 "\n", 0},
        {"no key", "k1 \n", 0},
        {"a short key", "k1 0001020304050607\n", 0},
        {"half a byte", "k1 " HEX64 "0\n", 0},
        {"no hex", "k1 x" HEX64 "\n", 0},
        {"the same id twice", "k1 " HEX64 "\nk1 " HEX64 "\n", 0},
        {"the second is wrong", "k1 " HEX64 "\nk2\n", 0},
        {"two spaces", "k1  " HEX64 "\n", 0},
        {"something behind it", "k1 " HEX64 " x\n", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct token_keys keys;
        enum rc rc;

        token_keys_init(&keys);
        rc = accounts_keys_read(&keys, cases[i].text);
        assert_row(cases[i].name,
                   rc == (cases[i].count > 0 ? RC_OK : RC_BAD_INPUT));
        assert_row(cases[i].name,
                   cases[i].count == 0 || keys.count == cases[i].count);
        token_keys_fini(&keys);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_enter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_passwords, setup, teardown),
        cmocka_unit_test_setup_teardown(test_token, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signup_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_account_throttled, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_address_throttled, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
        cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
