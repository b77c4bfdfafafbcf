/* Lists with versions: a device gets what has changed, and no more. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define USER3 "0000000000003"
#define LISTS(more) "'type':'lists'" more
#define FRIEND(version, id, name, state)                                       \
    "{'list':'friends','version':" version ",'user':'" id "','name':'" name    \
    "','state':'" state "'}"

/* Version 1: user 2 asks; 2: user 3 is asked; 3: and takes part no more; 4:
 * user 3 is blocked. */
static void some_changes(struct commands *w, struct client *c) {
    struct client *two = client_login(w, 2);

    client_ask(two, "'type':'friend.ask','user':'" USER1 "'");
    client_ask(c, "'type':'friend.ask','user':'" USER3 "'");
    client_ask(c, "'type':'friend.drop','user':'" USER3 "'");
    client_ask(c, "'type':'block','user':'" USER3 "'");
}

#define ASKS FRIEND("1", USER2, "user2", "asks_me")
#define GONE FRIEND("3", USER3, "user3", "none")
#define BLOCK                                                                  \
    "{'list':'blocks','version':4,'user':'" USER3                              \
    "','name':'user3','blocked':true}"

static const struct command_row rows[] = {
    {"from the beginning", LISTS(""),
     "{'type':'lists','version':4,'more':false,'entries':[" ASKS "," BLOCK "]}",
     NULL, RC_OK},
    {"from 0", LISTS(",'since':0"),
     "{'type':'lists','version':4,'more':false,'entries':[" ASKS "," BLOCK "]}",
     NULL, RC_OK},
    {"what is gone, to who had it", LISTS(",'since':1"),
     "{'type':'lists','version':4,'more':false,'entries':[" GONE "," BLOCK "]}",
     NULL, RC_OK},
    {"nothing new", LISTS(",'since':4"),
     "{'type':'lists','version':4,'more':false,'entries':[]}", NULL, RC_OK},
    {"of another database", LISTS(",'since':5"),
     "{'type':'lists','version':4,'more':false,'reset':true,'entries':[*]}",
     NULL, RC_OK},
    {"in parts", LISTS(",'since':0,'limit':1"),
     "{'type':'lists','version':1,'more':true,'entries':[" ASKS "]}", NULL,
     RC_OK},
    {"the last part", LISTS(",'since':3,'limit':1"),
     "{'type':'lists','version':4,'more':false,'entries':[" BLOCK "]}", NULL,
     RC_OK},
    {"no limit of nothing", LISTS(",'limit':0"), "bad_value limit", NULL,
     RC_OK},
    {"a text for a version", LISTS(",'since':'4'"), "bad_value since", NULL,
     RC_OK},
    {"the directory is away", LISTS(""), "unavailable +1000", "entries_after",
     RC_AGAIN},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), some_changes);
}

static struct commands w;
static struct client *one;
static struct client *one_too;
static struct client *two;

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    one = client_login(&w, 1);
    one_too = client_login(&w, 1);
    two = client_login(&w, 2);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

static void forget(void) {
    client_forget(one);
    client_forget(one_too);
    client_forget(two);
}

#define PUSH(version, id, name, state)                                         \
    "{'type':'list','list':'friends','version':" version ",'user':'" id        \
    "','name':'" name "','state':'" state "'}"

/* Every change of a friendship is told to both, to all their devices. */
static void test_friends_are_told(void **state) {
    static const struct {
        const char *name;
        bool by_two;
        const char *command;
        const char *to_one;
        const char *to_two;
    } steps[] = {
        {"asked", false, "friend.ask", "asked", "asks_me"},
        {"taken back", false, "friend.drop", "none", "none"},
        {"asked again", false, "friend.ask", "asked", "asks_me"},
        {"declined", true, "friend.drop", "none", "none"},
        {"asked once more", false, "friend.ask", "asked", "asks_me"},
        {"accepted", true, "friend.accept", "friend", "friend"},
        {"removed", false, "friend.drop", "none", "none"},
        {"asked by the other", true, "friend.ask", "asks_me", "asked"},
        {"answered by asking", false, "friend.ask", "friend", "friend"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        client_ask(steps[i].by_two ? two : one, "'type':'%s','user':'%s'",
                   steps[i].command, steps[i].by_two ? USER1 : USER2);
        assert_row(steps[i].name,
                   client_heard(one_too, PUSH("%zu", USER2, "user2", "%s"),
                                i + 1, steps[i].to_one));
        assert_row(steps[i].name,
                   client_heard(one, PUSH("%zu", USER2, "user2", "%s"), i + 1,
                                steps[i].to_one));
        assert_row(steps[i].name,
                   client_heard(two, PUSH("%zu", USER1, "user1", "%s"), i + 1,
                                steps[i].to_two));
        forget();
    }
}

/* The blocked side does not hear of the block, but of what it ended. */
static void test_blocks_are_told(void **state) {
    (void)state;
    client_ask(one, "'type':'block','user':'" USER2 "'");
    assert_true(client_heard(one_too,
                             "{'type':'list','list':'blocks','version':1,"
                             "'user':'" USER2 "','name':'user2',"
                             "'blocked':true}"));
    assert_int_equal(two->heard.n, 0);
    client_ask(one, "'type':'unblock','user':'" USER2 "'");
    assert_true(client_heard(one_too, "{'type':'list','list':'blocks',*"
                                      "'blocked':false}"));
    assert_int_equal(two->heard.n, 0);
    client_ask(one, "'type':'friend.ask','user':'" USER2 "'");
    forget();
    client_ask(two, "'type':'block','user':'" USER1 "'");
    assert_true(client_heard(one, PUSH("4", USER2, "user2", "none")));
    assert_false(client_heard(one, "{'type':'list','list':'blocks',*"));
}

static void test_remark(void **state) {
    (void)state;
    client_ask(one, "'type':'friend.ask','user':'" USER2 "'");
    forget();
    client_ask(one, "'type':'friend.remark','user':'" USER2 "','remark':'Bo'");
    assert_true(client_answered(one, "{'type':'ok'}"));
    assert_true(client_heard(one_too, "{'type':'list',*'remark':'Bo'}"));
    assert_int_equal(two->heard.n, 0);
    client_ask(one_too, "'type':'friends'");
    assert_true(client_answered(one_too, "*'remark':'Bo'}]}"));
    client_ask(two, "'type':'friends'");
    assert_true(client_answered(two, "*'state':'asks_me'}]}"));
}

/* A change that cannot be told is done all the same. */
static void test_bus_away(void **state) {
    (void)state;
    commands_refuse(&w, "bus", RC_AGAIN);
    client_ask(one, "'type':'friend.ask','user':'" USER2 "'");
    assert_true(client_answered(one, "{'type':'ok','state':'asked'}"));
    commands_refuse(&w, NULL, RC_OK);
    assert_int_equal(two->heard.n, 0);
    client_ask(two, LISTS(",'since':0"));
    assert_true(client_answered(two, "*'state':'asks_me'}]}"));
    commands_refuse(&w, "entries_of", RC_TIMEOUT);
    client_ask(two, "'type':'friend.accept','user':'" USER1 "'");
    assert_true(client_answered(two, "{'type':'ok','state':'friend'}"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), TEST(test_friends_are_told),
        TEST(test_blocks_are_told),  TEST(test_remark),
        TEST(test_bus_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
