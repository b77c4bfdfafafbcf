/* Logging in with tokens of an identity provider. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <unistd.h>

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"
#include "tests/unit/jwt_keys.h"

#define USER1 "0000000000001"

static struct commands w;
static struct client *c;
static char path[128];
static struct settings mine; /* as those of the world, and a provider */

static void put_keys(const char *more) {
    FILE *f = fopen(path, "w");
    struct buf b;

    assert_non_null(f);
    buf_init(&b);
    buf_add_str(&b, "{\"keys\":[");
    jwt_put_jwk(&b, JWK_HS256, NULL, more);
    buf_add_str(&b, "]}\n");
    assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
    assert_int_equal(fclose(f), 0);
    buf_fini(&b);
}

static int setup(void **state) {
    static char issuer[] = "https://id.example";
    static char audience[] = "moim";

    (void)state;
    commands_open(&w);
    (void)snprintf(path, sizeof(path), "/tmp/moim-test-keys.%d", (int)getpid());
    put_keys(",\"kid\":\"a\"");
    mine = w.settings;
    mine.identity_keys = path;
    mine.identity_issuer = issuer;
    mine.identity_audience = audience;
    mine.identity_alg = JWK_HS256;
    assert_int_equal(identity_open(&w.server.identity, &w.loop, &mine), RC_OK);
    c = client_new(&w);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    assert_int_equal(unlink(path), 0);
    commands_close(&w);
    return 0;
}

/* A token for these, with `more` claims; valid for `seconds`. */
static struct buf token(const char *kid, const char *subject, const char *more,
                        int seconds) {
    char head[128];
    char claims[512];
    struct buf b;

    (void)snprintf(head, sizeof(head), "{\"alg\":\"HS256\",\"kid\":\"%s\"}",
                   kid);
    (void)snprintf(claims, sizeof(claims),
                   "{\"iss\":\"https://id.example\",\"aud\":\"moim\","
                   "\"sub\":\"%s\",\"exp\":%lld%s}",
                   subject, (long long)(w.loop.clock.wall_ms / 1000) + seconds,
                   more);
    buf_init(&b);
    jwt_make(&b, JWK_HS256, NULL, head, claims);
    buf_add_byte(&b, '\0');
    return b;
}

static void login(struct client *who, const char *kid, const char *subject,
                  const char *more) {
    struct buf b = token(kid, subject, more, 300);

    client_ask(who, "'type':'login.token','token':'%s','device':'phone'",
               (const char *)b.p);
    buf_fini(&b);
}

static bool account(const char *name) {
    return client_answered(c,
                           "{'type':'account','user':'*','name':'%s',"
                           "'device':'*','token':'v1.*','expires':*}",
                           name);
}

/* A user is made at first sight, and is the same one ever after. */
static void test_first_sight(void **state) {
    struct field user;

    (void)state;
    login(c, "a", "u-1", ",\"preferred_username\":\"Jimin\"");
    assert_true(account("Jimin"));
    user = client_field(c, "user");
    login(c, "a", "u-1", ",\"preferred_username\":\"Another\"");
    assert_true(account("Jimin"));
    assert_string_equal(client_field(c, "user").s, user.s);
    login(c, "a", "u-2", ",\"preferred_username\":\"Another\"");
    assert_true(account("Another"));
    assert_string_not_equal(client_field(c, "user").s, user.s);
}

/* A name that is taken, is none, or may not be one here. */
static void test_names(void **state) {
    static const struct {
        const char *name;
        const char *more;
    } rows[] = {
        {"taken", ",\"preferred_username\":\"USER1\""},
        {"none", ""},
        {"reserved", ",\"preferred_username\":\"admin\""},
        {"not one", ",\"preferred_username\":\"two words\""},
        {"a number", ",\"preferred_username\":7"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char subject[16];

        (void)snprintf(subject, sizeof(subject), "s%zu", i);
        login(c, "a", subject, rows[i].more);
        assert_row(rows[i].name, account("user.*"));
    }
}

static void test_refused(void **state) {
    struct buf b = token("a", "u-1", "", -61);

    (void)state;
    client_ask(c, "'type':'login.token','token':'%s'", (const char *)b.p);
    assert_true(client_answered(c, "{*'code':'unauthorized',*"));
    buf_fini(&b);
    login(c, "b", "u-1", "");
    assert_true(client_answered(c, "{*'code':'unauthorized',*"));
    client_ask(c, "'type':'login.token','token':'x'");
    assert_true(client_answered(c, "{*'code':'unauthorized',*"));
    client_ask(c, "'type':'login.token'");
    assert_true(client_answered(c, "{*'code':'bad_value',*'field':'token'}"));
    commands_refuse(&w, "identity_login", RC_AGAIN);
    login(c, "a", "u-1", "");
    assert_true(client_answered(c, "{*'code':'unavailable',*"));
    for (unsigned i = 0; i < 40; i++) {
        client_ask(c, "'type':'login.token','token':'x'");
    }
    assert_true(client_answered(c, "{*'code':'rate_limited',*"));
}

/* The keys change when their file does; a wrong file changes nothing. */
static void test_reload(void **state) {
    FILE *f;

    (void)state;
    put_keys(",\"kid\":\"new one\"");
    commands_pass(&w, 2500);
    login(c, "a", "u-1", "");
    assert_true(client_answered(c, "{*'code':'unauthorized',*"));
    login(c, "new one", "u-1", "");
    assert_true(account("*"));
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("{\"keys\":", f) >= 0);
    assert_int_equal(fclose(f), 0);
    commands_pass(&w, 2500);
    login(c, "new one", "u-1", "");
    assert_true(account("*"));
}

/* Our token ends with theirs, and only theirs prolongs it. */
static void test_refresh(void **state) {
    struct token_claims claims = {.user = {0}};
    struct client *s = client_new(&w);
    struct buf b;
    struct field text;

    (void)state;
    login(c, "a", "u-1", "");
    text = client_field(c, "device");
    assert_true(id_parse(slice_str(text.s), &claims.device.v) &&
                id_parse(slice_str(client_field(c, "user").s), &claims.user.v));
    claims.issued_ms = w.loop.clock.wall_ms;
    claims.expires_ms = claims.issued_ms + 360000;
    session_become(&s->session, &claims);
    commands_settle(&w);
    client_ask(s, "'type':'token.refresh'");
    assert_true(client_answered(s, "{*'code':'unauthorized',*"));
    b = token("a", "u-1", "", 900);
    client_ask(s, "'type':'token.refresh','identity':'%s'", (const char *)b.p);
    buf_fini(&b);
    assert_true(client_answered(s, "{'type':'token','token':'v1.*"));
    assert_true(s->session.expires_ms > w.loop.clock.wall_ms + 900000);
    assert_true(s->session.expires_ms <= w.loop.clock.wall_ms + 960000);
    b = token("a", "u-2", "", 900); /* somebody else's */
    client_ask(s, "'type':'token.refresh','identity':'%s'", (const char *)b.p);
    buf_fini(&b);
    assert_true(client_answered(s, "{*'code':'unauthorized',*"));
    b = token("a", "u-1", "", 900);
    client_ask(s, "'type':'device.revoke','device':'%s'", text.s);
    s = client_login(&w, 1); /* who came with a password */
    client_ask(s, "'type':'token.refresh','identity':'%s'", (const char *)b.p);
    assert_true(client_answered(s, "{*'code':'unauthorized',*"));
    buf_fini(&b);
}

/* Passwords can be switched off, and the provider be missing. */
static void test_switched_off(void **state) {
    static const char *const asks[] = {
        "'type':'signup','name':'x','password':'a password that is long'",
        "'type':'login','name':'user1','password':'a password that is long'",
        "'type':'password.change','old':'hash','new':'a password that is long'",
    };
    struct client *one = client_login(&w, 1);

    (void)state;
    w.settings.passwords = false;
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        client_ask(one, "%s", asks[i]);
        assert_row(asks[i], client_answered(one, "{*'code':'forbidden',*"));
    }
    identity_close(&w.server.identity);
    login(c, "a", "u-1", "");
    assert_true(client_answered(c, "{*'code':'forbidden',*"));
}

static void test_settings(void **state) {
    static char none[] = "";
    struct identity_provider p = {.loop = NULL};
    struct settings s = mine;

    (void)state;
    s.identity_issuer = none;
    assert_int_equal(identity_open(&p, &w.loop, &s), RC_BAD_INPUT);
    s = mine;
    s.identity_alg = JWK_RS256; /* which is not in the file */
    assert_int_equal(identity_open(&p, &w.loop, &s), RC_BAD_INPUT);
    s.identity_keys = none;
    assert_int_equal(identity_open(&p, &w.loop, &s), RC_OK);
    identity_close(&p);
    s.passwords = false;
    assert_int_equal(identity_open(&p, &w.loop, &s), RC_BAD_INPUT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_first_sight), TEST(test_names),   TEST(test_refused),
        TEST(test_reload),      TEST(test_refresh), TEST(test_switched_off),
        TEST(test_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
