/* The commands that set something, and what other devices hear of it. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define SET(fields) "'type':'settings.set'," fields
#define CONV(fields) "'type':'conv.set','conv':'0000000000010'," fields
#define PROFILE(fields) "'type':'profile.set'," fields
#define OK "{'type':'ok'}"

static void group_of_mine(struct commands *w, struct client *c) {
    (void)c;
    fake_directory_group(w->directory, (struct conv_id){32}, 1, 3);
}

static const struct command_row rows[] = {
    {"as by default", "'type':'settings'",
     "{'type':'settings','reach':'anybody','seen':'anybody','notify':'all'}",
     NULL, RC_OK},
    {"the directory is away", "'type':'settings'", "unavailable +1000",
     "entries_of", RC_AGAIN},
    {"reach", SET("'reach':'friends'"), OK, NULL, RC_OK},
    {"all of them", SET("'reach':'nobody','seen':'nobody','notify':'none'"), OK,
     NULL, RC_OK},
    {"none", "'type':'settings.set'", "bad_value reach", NULL, RC_OK},
    {"one unknown", SET("'reach':'nobody','colour':'red'"),
     "bad_value settings", NULL, RC_OK},
    {"another word", SET("'reach':'everybody'"), "bad_value reach", NULL,
     RC_OK},
    {"an empty word", SET("'seen':''"), "bad_value seen", NULL, RC_OK},
    {"a number", SET("'seen':1"), "bad_value seen", NULL, RC_OK},
    {"null", SET("'seen':null"), "bad_value seen", NULL, RC_OK},
    {"a word of the other", SET("'notify':'default'"), "bad_value notify", NULL,
     RC_OK},
    {"the directory is away, to set", SET("'seen':'nobody'"),
     "unavailable +1000", "settings_set", RC_TIMEOUT},
    {"mute", CONV("'muted_until':9007199254740991"), OK, NULL, RC_OK},
    {"all of a conversation",
     CONV("'muted_until':0,'pinned':true,'notify':'default'"), OK, NULL, RC_OK},
    {"mute by words", CONV("'muted_until':'forever'"), "bad_value muted_until",
     NULL, RC_OK},
    {"pinned by a number", CONV("'pinned':1"), "bad_value pinned", NULL, RC_OK},
    {"nothing of it", "'type':'conv.set','conv':'0000000000010'",
     "bad_value muted_until", NULL, RC_OK},
    {"of none", "'type':'conv.set','pinned':true", "bad_value conv", NULL,
     RC_OK},
    {"where one is not",
     "'type':'conv.set','conv':'0000000000011','pinned':true", "not_found",
     NULL, RC_OK},
    {"a conversation, the directory away", CONV("'pinned':true"),
     "unavailable +1000", "conv_set", RC_BACKEND},
    {"avatar", PROFILE("'avatar':'https://a.example/1.png'"), OK, NULL, RC_OK},
    {"no avatar any more", PROFILE("'avatar':''"), OK, NULL, RC_OK},
    {"another name", PROFILE("'name':'One.1'"), OK, NULL, RC_OK},
    {"the same in capitals", PROFILE("'name':'USER1'"), OK, NULL, RC_OK},
    {"somebody's", PROFILE("'name':'User2'"), "taken", NULL, RC_OK},
    {"one that may not be", PROFILE("'name':'admin'"), "bad_value name", NULL,
     RC_OK},
    {"an empty name", PROFILE("'name':''"), "bad_value name", NULL, RC_OK},
    {"nothing", "'type':'profile.set'", "bad_value name", NULL, RC_OK},
    {"a profile, the directory away", PROFILE("'avatar':'a'"),
     "unavailable +1000", "profile_set", RC_AGAIN},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), group_of_mine);
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

static void make_friends(void) {
    client_ask(one, "'type':'friend.ask','user':'" USER2 "'");
    client_ask(two, "'type':'friend.ask','user':'" USER1 "'");
    forget();
}

/* Both devices of the user hear it, nobody else does. */
static void test_own_devices(void **state) {
    static const char want[] = "{'type':'list','list':'settings','version':1,"
                               "'reach':'friends','seen':'anybody',"
                               "'notify':'all'}";

    (void)state;
    client_ask(one, SET("'reach':'friends'"));
    assert_true(client_heard(one, want));
    assert_true(client_heard(one_too, want));
    assert_int_equal(two->heard.n, 0);
    client_ask(one_too, "'type':'settings'");
    assert_true(client_answered(one_too, "{'type':'settings','reach':'friends',"
                                         "'seen':'anybody','notify':'all'}"));
}

static void test_conversation(void **state) {
    (void)state;
    client_ask(one, "'type':'direct.open','user':'" USER2 "'");
    forget();
    client_ask(one, "'type':'conv.set','conv':'%s','pinned':true",
               client_field(one, "conv").s);
    assert_true(client_heard(one_too,
                             "{'type':'list','list':'conversations',"
                             "'version':2,*'title':'user2','role':'member',"
                             "'pinned':true}"));
    assert_int_equal(two->heard.n, 0);
    client_ask(one_too, "'type':'conversations'");
    assert_true(client_answered(one_too, "*'pinned':true}]}"));
}

/* A new conversation shows up at both without asking; looking for it again
 * tells nobody anything. */
static void test_opened(void **state) {
    (void)state;
    client_ask(one, "'type':'direct.open','user':'" USER2 "'");
    assert_true(client_heard(two, "{'type':'list','list':'conversations',"
                                  "'version':1,*'kind':'direct',"
                                  "'peer':'" USER1 "','title':'user1',"
                                  "'role':'member'}"));
    assert_true(client_heard(one_too, "{'type':'list',*'title':'user2',*}"));
    forget();
    client_ask(one, "'type':'direct.open','user':'" USER2 "'");
    assert_int_equal(one->heard.n + one_too->heard.n + two->heard.n, 0);
}

static void test_group(void **state) {
    struct field conv;

    (void)state;
    client_ask(one, "'type':'group.create','title':'all','members':[]");
    conv = client_field(one, "conv");
    assert_true(client_heard(one_too, "{'type':'list',*'title':'all',"
                                      "'role':'owner'}"));
    client_ask(one, "'type':'group.add','conv':'%s','user':'" USER2 "'",
               conv.s);
    assert_true(client_heard(two, "{'type':'list',*'role':'member'}"));
    forget();
    client_ask(one, "'type':'group.leave','conv':'%s'", conv.s);
    assert_true(client_heard(one_too, "{'type':'list',*'role':'none'}"));
    assert_true(client_heard(two, "{'type':'list',*'role':'owner'}"));
}

static void test_profile(void **state) {
    (void)state;
    make_friends();
    client_ask(one, PROFILE("'name':'First','avatar':'a.png'"));
    assert_true(client_heard(one_too, "{'type':'list','list':'profile',*"
                                      "'name':'First','avatar':'a.png'}"));
    assert_true(client_heard(
        two, "{'type':'list','list':'friends','version':3,'user':'" USER1
             "','name':'First','avatar':'a.png','state':'friend'}"));
    client_ask(two, "'type':'user.find','name':'first'");
    assert_true(client_answered(two, "{'type':'user','user':'" USER1
                                     "','name':'First','avatar':'a.png'}"));
    client_ask(one, "'type':'me'");
    assert_true(client_answered(one, "{'type':'me',*'avatar':'a.png',*"));
}

static void test_profile_too_often(void **state) {
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        client_ask(one, PROFILE("'avatar':'%u'"), i);
        assert_true(client_answered(one, OK));
    }
    client_ask(one, PROFILE("'avatar':'x'"));
    assert_true(client_answered(one, "{*'code':'rate_limited',*"));
}

/* Who hides is unknown to those who watched him; a friend may look again. */
static void test_hides(void **state) {
    static const struct {
        const char *name;
        const char *seen;
        bool friend_sees;
        bool stranger_sees;
    } levels[] = {
        {"anybody", "anybody", true, true},
        {"friends", "friends", true, false},
        {"nobody", "nobody", false, false},
    };
    struct client *three = client_login(&w, 3);

    (void)state;
    fake_presence_set(&w.presence,
                      &(struct presence_known){{1}, PRESENCE_ONLINE, 1});
    make_friends();
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        client_ask(one, SET("'seen':'anybody'"));
        client_ask(two, "'type':'presence.watch','users':['" USER1 "']");
        client_ask(three, "'type':'presence.watch','users':['" USER1 "']");
        client_forget(two);
        client_forget(three);
        client_ask(one, SET("'seen':'%s'"), levels[i].seen);
        assert_row(levels[i].name,
                   client_heard(two, "{'type':'presence',*'unknown'}]}") !=
                       levels[i].friend_sees);
        assert_row(levels[i].name,
                   client_heard(three, "{'type':'presence',*'unknown'}]}") !=
                       levels[i].stranger_sees);
        client_ask(two, "'type':'presence.query','users':['" USER1 "']");
        assert_row(levels[i].name, (strstr(two->answer, "unknown") == NULL) ==
                                       levels[i].friend_sees);
    }
    client_ask(one, SET("'seen':'friends'"));
    client_ask(two, "'type':'presence.watch','users':['" USER1 "']");
    client_forget(two);
    client_ask(two, "'type':'friend.drop','user':'" USER1 "'");
    assert_true(client_heard(two, "{'type':'presence',*'unknown'}]}"));
}

/* When nobody can say who may see him, nobody does. */
static void test_hides_without_directory(void **state) {
    (void)state;
    client_ask(two, "'type':'presence.watch','users':['" USER1 "']");
    client_forget(two);
    commands_refuse(&w, "hidden_from", RC_TIMEOUT);
    client_ask(one, SET("'seen':'anybody'"));
    assert_true(client_heard(two, "{'type':'presence',*'unknown'}]}"));
}

/* Who may begin to write to user 1. */
static void test_reach(void **state) {
    struct client *three = client_login(&w, 3);

    (void)state;
    make_friends();
    client_ask(one, SET("'reach':'friends'"));
    client_ask(three, "'type':'direct.open','user':'" USER1 "'");
    assert_true(client_answered(three, "{*'code':'forbidden',*"));
    client_ask(three,
               "'type':'group.create','title':'t','members':['" USER1 "']");
    assert_true(client_answered(three, "{*'code':'forbidden',*"));
    client_ask(three, "'type':'group.create','title':'t','members':[]");
    client_ask(three, "'type':'group.add','conv':'%s','user':'" USER1 "'",
               client_field(three, "conv").s);
    assert_true(client_answered(three, "{*'code':'forbidden',*"));
    client_ask(two, "'type':'direct.open','user':'" USER1 "'");
    assert_true(client_answered(two, "{'type':'ok',*"));
    client_ask(one, SET("'reach':'nobody'"));
    client_ask(two,
               "'type':'group.create','title':'t','members':['" USER1 "']");
    assert_true(client_answered(two, "{*'code':'forbidden',*"));
    client_ask(two, "'type':'direct.open','user':'" USER1 "'");
    assert_true(client_answered(two, "{'type':'ok',*")); /* it is there */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        TEST(test_own_devices),
        TEST(test_conversation),
        TEST(test_opened),
        TEST(test_group),
        TEST(test_profile),
        TEST(test_profile_too_often),
        TEST(test_hides),
        TEST(test_hides_without_directory),
        TEST(test_reach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
