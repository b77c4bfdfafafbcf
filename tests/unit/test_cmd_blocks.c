/* The commands that block somebody, take it back, and list whom. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define USER3 "0000000000003"
#define NOBODY "000000000000y"

/* User 3 is blocked; with user 2 there is a direct conversation. */
static void one_blocked(struct commands *w, struct client *c) {
    (void)w;
    client_ask(c, "'type':'block','user':'" USER3 "'");
    assert_true(client_answered(c, "{'type':'ok'}"));
    client_ask(c, "'type':'direct.open','user':'" USER2 "'");
    assert_true(client_answered(c, "{'type':'ok',*}"));
}

#define BLOCK(user) "'type':'block','user':" user
#define UNBLOCK(user) "'type':'unblock','user':" user

static const struct command_row rows[] = {
    {"with whom one talks", BLOCK("'" USER2 "'"),
     "{'type':'ok','conv':'*','seq':1}", NULL, RC_OK},
    {"with whom one does not", BLOCK("'0000000000004'"), "{'type':'ok'}", NULL,
     RC_OK},
    {"again", BLOCK("'" USER3 "'"), "{'type':'ok'}", NULL, RC_OK},
    {"oneself", BLOCK("'" USER1 "'"), "bad_value user", NULL, RC_OK},
    {"nobody", BLOCK("'" NOBODY "'"), "not_found", NULL, RC_OK},
    {"no user", "'type':'block'", "bad_value user", NULL, RC_OK},
    {"a bad user", BLOCK("2"), "bad_value user", NULL, RC_OK},
    {"the directory is away", BLOCK("'" USER2 "'"), "unavailable +1000",
     "block", RC_AGAIN},
    {"history is away", BLOCK("'" USER2 "'"), "unavailable +1000", "append",
     RC_TIMEOUT},
    {"take it back", UNBLOCK("'" USER3 "'"), "{'type':'ok'}", NULL, RC_OK},
    {"take back what is not", UNBLOCK("'" USER2 "'"), "{'type':'ok'}", NULL,
     RC_OK},
    {"take back oneself", UNBLOCK("'" USER1 "'"), "bad_value user", NULL,
     RC_OK},
    {"take back no user", "'type':'unblock'", "bad_value user", NULL, RC_OK},
    {"the directory is away, for taking back", UNBLOCK("'" USER3 "'"),
     "unavailable +1000", "unblock", RC_BACKEND},
    {"the list", "'type':'blocks'",
     "{'type':'users','users':[{'user':'" USER3 "','name':'user3'}]}", NULL,
     RC_OK},
    {"the directory is away, for the list", "'type':'blocks'",
     "unavailable +1000", "blocks_of", RC_AGAIN},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), one_blocked);
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

static bool may_send(struct client *c, const struct field *conv,
                     const char *name) {
    client_ask(c,
               "'type':'send','conv':'%s','msg':'0123456789abcde%s',"
               "'text':'hi'",
               conv->s, name);
    return c->answer[0] == '{' && client_heard(c, "{'type':'event',*}");
}

/* Both hear that it is closed, and neither may write there until the one who
 * blocked has taken it back; the place of the block is told again. */
static void test_closed(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct field conv;

    (void)state;
    client_ask(one, "'type':'direct.open','user':'" USER2 "'");
    conv = client_field(one, "conv");
    for (unsigned i = 0; i < 2; i++) {
        client_ask(one, BLOCK("'" USER2 "'"));
        assert_true(
            client_answered(one, "{'type':'ok','conv':'%s','seq':1}", conv.s));
    }
    assert_true(client_heard(
        two, "{'type':'event','conv':'%s','seq':1,*'kind':'direct.closed',*}",
        conv.s));
    client_forget(one);
    client_forget(two);
    assert_false(may_send(one, &conv, "a"));
    assert_true(client_answered(one, "{*'code':'forbidden',*"));
    assert_false(may_send(two, &conv, "b"));
    assert_true(client_answered(two, "{*'code':'forbidden',*"));
    client_ask(two, UNBLOCK("'" USER1 "'")); /* not his to take back */
    assert_false(may_send(two, &conv, "c"));
    client_ask(one, UNBLOCK("'" USER2 "'"));
    assert_true(may_send(two, &conv, "d"));
    assert_true(client_heard(one, "{'type':'event',*'seq':2,*}"));
}

/* Friends no more; and only one's own blocks are in the list. */
static void test_friends(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);

    (void)state;
    client_ask(one, "'type':'friend.ask','user':'" USER2 "'");
    client_ask(two, "'type':'friend.ask','user':'" USER1 "'");
    client_ask(one, BLOCK("'" USER2 "'"));
    client_ask(two, "'type':'friends'");
    assert_true(client_answered(two, "{'type':'friends','friends':[]}"));
    client_ask(two, "'type':'blocks'");
    assert_true(client_answered(two, "{'type':'users','users':[]}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_friends, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
