/* Users that a key makes: once, with a password or without, as bots. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define PASSWORD "'password':'a good long password'"

static struct commands w;
static struct client *server; /* the team's, over HTTP */
static struct api_key_text key;

static void stand_still(struct clock *clock) {
    *clock = w.loop.clock;
}

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    w.loop.read_clock = stand_still;
    key = fake_directory_key(w.directory, "users:write users:read", 0);
    commands_pass(&w, 2000);
    server = client_new(&w);
    server->bearer = key.s;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

/* In the order of a life. */
static const struct row {
    const char *name;
    const char *fields;
    const char *like;
    unsigned status;
} rows[] = {
    {"a user", "'name':'Ann'",
     "{'type':'user','user':'*','name':'Ann','made':true}", 200},
    {"again", "'name':'Ann'", "{*'name':'Ann','made':false}", 200},
    {"in other letters", "'name':'aNN'", "{*'name':'Ann','made':false}", 200},
    {"a bot of that name", "'name':'Ann','bot':true", "{*'taken',*}", 409},
    {"a bot", "'name':'Weather','bot':true", "{*'name':'Weather','made':true}",
     200},
    {"the bot again", "'name':'Weather','bot':true", "{*'made':false}", 200},
    {"the bot as a user", "'name':'Weather'", "{*'taken',*}", 409},
    {"a bot with a password", "'name':'Rain','bot':true," PASSWORD,
     "{*'bad_value',*'field':'password'}", 400},
    {"a bot with a subject", "'name':'Rain','bot':true,'subject':'u-1'",
     "{*'bad_value',*'field':'subject'}", 400},
    {"by a subject", "'name':'Ben','subject':'u-17'", "{*'made':true}", 200},
    {"the subject again", "'name':'Ben','subject':'u-17'", "{*'made':false}",
     200},
    {"the subject by a new name", "'name':'Benjamin','subject':'u-17'",
     "{*'name':'Ben','made':false}", 200},
    {"another subject of that name", "'name':'Ben','subject':'u-18'",
     "{*'taken',*}", 409},
    {"a password", "'name':'Cat'," PASSWORD, "{*'made':true}", 200},
    {"a weak one", "'name':'Dan','password':'short'", "{*'weak_password',*}",
     400},
    {"no name", "'bot':true", "{*'bad_value',*'field':'name'}", 400},
    {"a bad name", "'name':' x'", "{*'bad_value',*'field':'name'}", 400},
    {"a bad bot", "'name':'Eve','bot':1", "{*'bad_value',*'field':'bot'}", 400},
};

static unsigned create(const char *fields) {
    char body[256];

    snprintf(body, sizeof(body), "{%s}", fields);
    return client_http(server, "POST /v1/users", body);
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name, create(rows[i].fields) == rows[i].status);
        assert_row(rows[i].name, client_answered(server, "%s", rows[i].like));
    }
    assert_int_equal(client_http(server, "GET /v1/users?name=weather", ""),
                     200);
    assert_true(client_answered(server, "{*'name':'Weather','bot':true}"));
}

/* The password is his, and nobody else's idea of it changes it. */
static void test_he_logs_in(void **state) {
    struct client *c = client_new(&w);

    (void)state;
    assert_int_equal(create("'name':'Cat'," PASSWORD), 200);
    assert_int_equal(create("'name':'Cat','password':'a second one, longer'"),
                     200);
    assert_int_equal(
        client_http(c, "POST /v1/login", "{'name':'cat'," PASSWORD "}"), 200);
    assert_int_equal(
        client_http(c, "POST /v1/login",
                    "{'name':'cat','password':'a second one, longer'}"),
        401);
}

static void test_the_directory_is_away(void **state) {
    (void)state;
    commands_refuse(&w, "user_make", RC_TIMEOUT);
    assert_int_equal(create("'name':'Ann'"), 503);
    assert_true(client_answered(server, "{*'retry_after_ms':1000}"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_rows),
        TEST(test_he_logs_in),
        TEST(test_the_directory_is_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
