/* Who a request comes from: the authorization matrix of keys, every command of
 * the table by each kind of key; and whom a key acts as. */
#include "gateway/caller.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/assert_row.h"

#include "gateway/command.h"
#include "proto/base/macros.h"
#include "proto/wire/api_key.h"
#include "tests/fakes/commands.h"

#define USER1 "0000000000001"
#define BOT "0000000000009"

static struct commands w;
static struct client *c; /* nobody, over HTTP */

/* Time is what commands_pass makes of it. */
static void stand_still(struct clock *clock) {
    *clock = w.loop.clock;
}

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    w.loop.read_clock = stand_still;
    w.settings.key_burst = 4000000; /* for the matrix, in no time */
    w.server.api_keys.rule.burst = 4000000;
    fake_directory_bot(w.directory, (struct user_id){9});
    c = client_new(&w);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

/* Known to the gateway, too. */
static struct api_key_text make(const char *scopes) {
    struct api_key_text key = fake_directory_key(w.directory, scopes, 0);

    commands_pass(&w, 2000);
    return key;
}

static unsigned ask(const char *bearer, const char *acts_as,
                    const char *fields) {
    char body[512];

    snprintf(body, sizeof(body), "{%s,'id':'q'}", fields);
    c->bearer = bearer;
    c->acts_as = acts_as;
    return client_http(c, "POST /v1/cmd", body);
}

static unsigned ask_type(const char *bearer, const char *acts_as,
                         const char *type) {
    char fields[128];

    snprintf(fields, sizeof(fields), "'type':'%s'", type);
    return ask(bearer, acts_as, fields);
}

static bool is_refused(const char *code) {
    char text[64];

    snprintf(text, sizeof(text), "\"code\":\"%s\"", code);
    return strstr(c->answer, text) != NULL;
}

/* All scopes of the table but those of `not_these`. */
static struct api_key_text make_but(unsigned not_these) {
    char words[SCOPES_TEXT_MAX + 1] = "";
    size_t n = 0;

    for (unsigned i = 0; scope_word(i) != NULL; i++) {
        if ((BIT(i) & not_these) == 0) {
            n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s",
                                  n > 0 ? " " : "", scope_word(i));
        }
    }
    return make(words);
}

/* With every scope: what the table says of the command. */
static const char *refused_to_all(const struct command *command,
                                  const char *as) {
    if (command->scope == 0) {
        return "missing_scope";
    }
    if ((command->flags & COMMAND_ALONE) != 0) {
        return NULL;
    }
    if (as == NULL ||
        ((command->flags & COMMAND_BOT) != 0 && strcmp(as, BOT) != 0)) {
        return "act_as";
    }
    return NULL;
}

static void check_refused(const char *bearer, const char *as, const char *type,
                          const char *code) {
    (void)ask_type(bearer, as, type);
    assert_row(type, is_refused(code));
}

/* It gets further than the table: it may still say that a field is missing. */
static void check_let_in(const char *bearer, const char *as, const char *type) {
    (void)ask_type(bearer, as, type);
    assert_row(type, !is_refused("missing_scope") && !is_refused("act_as") &&
                         !is_refused("unauthorized") &&
                         !is_refused("forbidden"));
}

/* Every command x (no scope, every other scope, every scope) x (nobody, a
 * user, a bot). */
static void check_command(const struct command *command,
                          const struct api_key_text *every,
                          const struct api_key_text *none) {
    static const char *const all_as[] = {NULL, USER1, BOT};
    struct api_key_text but = make_but(command->scope);

    for (size_t j = 0; j < COUNT_OF(all_as); j++) {
        const char *refused = refused_to_all(command, all_as[j]);

        check_refused(none->s, all_as[j], command->type, "missing_scope");
        check_refused(but.s, all_as[j], command->type, "missing_scope");
        if (refused != NULL) {
            check_refused(every->s, all_as[j], command->type, refused);
        } else {
            check_let_in(every->s, all_as[j], command->type);
        }
    }
}

static void test_matrix(void **state) {
    struct api_key_text every = make_but(0);
    struct api_key_text none = make("");
    const struct command *command;

    (void)state;
    for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
        check_command(command, &every, &none);
    }
}

/* Which commands a key may run at all is known here, so that none is added
 * without a thought; and those that only a key may, a user may not. */
static void test_users_have_no_scopes(void **state) {
    struct client *user = client_login(&w, 1);
    const struct command *command;
    size_t open = 0;
    size_t only = 0;

    (void)state;
    for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
        open += command->scope != 0;
        if ((command->flags & COMMAND_KEY) != 0) {
            client_ask(user, "'type':'%s'", command->type);
            assert_row(command->type,
                       client_answered(user, "{*'code':'forbidden',*"));
            only++;
        }
    }
    assert_int_equal(open, 37);
    assert_int_equal(only, 4);
}

static void test_bad_keys(void **state) {
    struct api_key_text gone = make("users:read");
    struct api_key_text late =
        fake_directory_key(w.directory, "users:read", w.loop.clock.wall_ms + 1);
    struct api_key_text never = gone;

    (void)state;
    assert_int_equal(ask(gone.s, NULL, "'type':'ping'"), 200);
    fake_directory_key_revoke(w.directory, &gone);
    commands_pass(&w, 2000);
    never.s[API_KEY_TEXT_LEN - 2] ^= 1;
    assert_int_equal(ask(gone.s, NULL, "'type':'ping'"), 401);
    assert_int_equal(ask(late.s, NULL, "'type':'ping'"), 401);
    assert_int_equal(ask(never.s, NULL, "'type':'ping'"), 401);
    assert_int_equal(ask("moim_", NULL, "'type':'ping'"), 401);
    assert_true(is_refused("unauthorized"));
    commands_refuse(&w, "api_keys", RC_AGAIN);
    commands_pass(&w, 2500);
    commands_pass(&w, 2500);
    assert_int_equal(ask(gone.s, NULL, "'type':'ping'"), 503);
    assert_true(client_answered(c, "{*'retry_after_ms':1000}"));
}

static void test_acts_as(void **state) {
    static const struct {
        const char *name;
        const char *as;
        unsigned status;
    } rows[] = {
        {"a user", USER1, 200},
        {"a bot", BOT, 200},
        {"nobody there", "000000000zzzz", 403},
        {"no id", "1", 403},
        {"nothing", "", 403},
    };
    struct api_key_text key = make("history:read");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   ask(key.s, rows[i].as, "'type':'conversations'") ==
                       rows[i].status);
    }
    commands_refuse(&w, "user_alive", RC_AGAIN);
    assert_int_equal(ask(key.s, USER1, "'type':'conversations'"), 503);
}

/* It changes nothing for whoever is no key. */
static void test_a_user_acts_as_himself(void **state) {
    struct client *user = client_login(&w, 2);

    (void)state;
    user->acts_as = USER1;
    assert_int_equal(
        client_http(user, "POST /v1/cmd", "{'type':'me','id':'q'}"), 200);
    assert_true(client_answered(user, "{*'name':'user2',*"));
}

static void test_bad_texts(void **state) {
    struct api_key_text key = make("history:read");

    (void)state;
    assert_int_equal(ask(key.s, USER1, "'type':'no.such'"), 400);
    assert_true(is_refused("unknown_type"));
    assert_int_equal(ask(key.s, USER1, "'no':'type'"), 400);
    assert_true(is_refused("bad_envelope"));
}

/* A route is the same command. */
static void test_route(void **state) {
    struct api_key_text key = make("convs:write messages:write history:read");

    (void)state;
    c->bearer = key.s;
    c->acts_as = BOT;
    assert_int_equal(client_http(c, "POST /v1/direct", "{'user':'" USER1 "'}"),
                     200);
    assert_int_equal(client_http(c, "GET /v1/conversations", ""), 200);
    assert_true(client_answered(c, "{*'peer':'" USER1 "',*"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_matrix),
        TEST(test_users_have_no_scopes),
        TEST(test_bad_keys),
        TEST(test_acts_as),
        TEST(test_a_user_acts_as_himself),
        TEST(test_bad_texts),
        TEST(test_route),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
