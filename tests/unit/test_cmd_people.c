/* The commands about people: me, finding somebody, friends. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define USER3 "0000000000003"
#define USER4 "0000000000004"
#define NOBODY "000000000000y"
#define NAME64                                                                 \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ONE(id, name) "{'user':'" id "','name':'" name "'}"
#define USERS(list) "{'type':'users','users':[" list "]}"

static const struct command_row me_rows[] = {
    {"me", "'type':'me'",
     "{'type':'me','user':'" USER1 "','name':'user1','device':'*'}", NULL,
     RC_OK},
    {"the directory is away", "'type':'me'", "unavailable +1000", "directory",
     RC_AGAIN},
};

static const struct command_row find_rows[] = {
    {"somebody", "'type':'user.find','name':'user2'",
     "{'type':'user','user':'" USER2 "','name':'user2'}", NULL, RC_OK},
    {"oneself", "'type':'user.find','name':'user1'",
     "{'type':'user','user':'" USER1 "','name':'user1'}", NULL, RC_OK},
    {"another case", "'type':'user.find','name':'USER2'",
     "{'type':'user','user':'" USER2 "','name':'user2'}", NULL, RC_OK},
    {"wide letters", "'type':'user.find','name':'ｕｓｅｒ２'",
     "{'type':'user','user':'" USER2 "','name':'user2'}", NULL, RC_OK},
    {"nobody", "'type':'user.find','name':'user99'", "not_found", NULL, RC_OK},
    {"no name", "'type':'user.find'", "bad_value name", NULL, RC_OK},
    {"an empty one", "'type':'user.find','name':''", "bad_value name", NULL,
     RC_OK},
    {"none that may be", "'type':'user.find','name':'two words'",
     "bad_value name", NULL, RC_OK},
    {"one of ours", "'type':'user.find','name':'admin'", "bad_value name", NULL,
     RC_OK},
    {"a number", "'type':'user.find','name':2", "bad_value name", NULL, RC_OK},
    {"more than 64 bytes", "'type':'user.find','name':'" NAME64 "0'",
     "too_large name", NULL, RC_OK},
    {"the directory is away", "'type':'user.find','name':'user2'",
     "unavailable +1000", "user_by_name", RC_BACKEND},
};

static const struct command_row names_rows[] = {
    {"two of them", "'type':'user.names','users':['" USER2 "','" USER3 "']",
     USERS("*" ONE(USER2, "user2") "*"), NULL, RC_OK},
    {"both of them", "'type':'user.names','users':['" USER2 "','" USER3 "']",
     USERS("*" ONE(USER3, "user3") "*"), NULL, RC_OK},
    {"one who is nobody",
     "'type':'user.names','users':['" NOBODY "','" USER2 "']",
     USERS(ONE(USER2, "user2")), NULL, RC_OK},
    {"nobody", "'type':'user.names','users':['" NOBODY "']", USERS(""), NULL,
     RC_OK},
    {"no list", "'type':'user.names'", "bad_value users", NULL, RC_OK},
    {"an empty list", "'type':'user.names','users':[]", "bad_value users", NULL,
     RC_OK},
    {"names", "'type':'user.names','users':['user2']", "bad_value users", NULL,
     RC_OK},
    {"the directory is away", "'type':'user.names','users':['" USER2 "']",
     "unavailable +1000", "users_by_id", RC_TIMEOUT},
};

static const struct command_row search_rows[] = {
    {"one", "'type':'user.search','prefix':'user3'", USERS(ONE(USER3, "user3")),
     NULL, RC_OK},
    {"another spelling", "'type':'user.search','prefix':'ＵSER3'",
     USERS(ONE(USER3, "user3")), NULL, RC_OK},
    {"oneself", "'type':'user.search','prefix':'user1'",
     USERS(ONE(USER1, "user1")), NULL, RC_OK},
    {"nobody", "'type':'user.search','prefix':'nobody'", USERS(""), NULL,
     RC_OK},
    {"one of ours, of which nobody begins so",
     "'type':'user.search','prefix':'admin'", USERS(""), NULL, RC_OK},
    {"no prefix", "'type':'user.search'", "bad_value prefix", NULL, RC_OK},
    {"an empty one", "'type':'user.search','prefix':''", "bad_value prefix",
     NULL, RC_OK},
    {"none that may be", "'type':'user.search','prefix':'a%'",
     "bad_value prefix", NULL, RC_OK},
    {"more than 64 bytes", "'type':'user.search','prefix':'" NAME64 "0'",
     "too_large prefix", NULL, RC_OK},
    {"the directory is away", "'type':'user.search','prefix':'user'",
     "unavailable +1000", "users_by_prefix", RC_AGAIN},
};

/* User 2 is a friend, user 3 asks, user 4 has been asked, user 5 blocks. */
static void some_friends(struct commands *w, struct client *c) {
    struct client *two = client_login(w, 2);
    struct client *three = client_login(w, 3);
    struct client *five = client_login(w, 5);

    client_ask(c, "'type':'friend.ask','user':'" USER2 "'");
    client_ask(two, "'type':'friend.ask','user':'" USER1 "'");
    assert_true(client_answered(two, "{'type':'ok','state':'friend'}"));
    client_ask(three, "'type':'friend.ask','user':'" USER1 "'");
    client_ask(c, "'type':'friend.ask','user':'" USER4 "'");
    client_ask(five, "'type':'block','user':'" USER1 "'");
}

#define ASK(user) "'type':'friend.ask','user':" user
#define DROP(user) "'type':'friend.drop','user':" user
#define STATE(word) "{'type':'ok','state':'" word "'}"
#define FRIEND(id, name, state)                                                \
    "*{'user':'" id "','name':'" name "','state':'" state "'}*"
#define FRIENDS(one) "{'type':'friends','friends':[" one "]}"

static const struct command_row friend_rows[] = {
    {"a friend", "'type':'friends'", FRIENDS(FRIEND(USER2, "user2", "friend")),
     NULL, RC_OK},
    {"one who asks", "'type':'friends'",
     FRIENDS(FRIEND(USER3, "user3", "asks_me")), NULL, RC_OK},
    {"one who was asked", "'type':'friends'",
     FRIENDS(FRIEND(USER4, "user4", "asked")), NULL, RC_OK},
    {"the directory is away for the list", "'type':'friends'",
     "unavailable +1000", "friends_of", RC_AGAIN},
    {"ask somebody", ASK("'0000000000006'"), STATE("asked"), NULL, RC_OK},
    {"ask again", ASK("'" USER4 "'"), STATE("asked"), NULL, RC_OK},
    {"say yes", ASK("'" USER3 "'"), STATE("friend"), NULL, RC_OK},
    {"ask a friend", ASK("'" USER2 "'"), STATE("friend"), NULL, RC_OK},
    {"ask one who blocks", ASK("'0000000000005'"), "forbidden", NULL, RC_OK},
    {"ask oneself", ASK("'" USER1 "'"), "bad_value user", NULL, RC_OK},
    {"ask nobody", ASK("'" NOBODY "'"), "not_found", NULL, RC_OK},
    {"ask by name", ASK("'user2'"), "bad_value user", NULL, RC_OK},
    {"ask without a user", "'type':'friend.ask'", "bad_value user", NULL,
     RC_OK},
    {"the directory is away for asking", ASK("'" USER2 "'"),
     "unavailable +1000", "friend_ask", RC_TIMEOUT},
    {"end it", DROP("'" USER2 "'"), STATE("none"), NULL, RC_OK},
    {"say no", DROP("'" USER3 "'"), STATE("none"), NULL, RC_OK},
    {"take it back", DROP("'" USER4 "'"), STATE("none"), NULL, RC_OK},
    {"end what is not", DROP("'0000000000006'"), STATE("none"), NULL, RC_OK},
    {"end oneself", DROP("'" USER1 "'"), "bad_value user", NULL, RC_OK},
    {"end without a user", "'type':'friend.drop'", "bad_value user", NULL,
     RC_OK},
    {"the directory is away for ending", DROP("'" USER2 "'"),
     "unavailable +1000", "friend_drop", RC_AGAIN},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(me_rows, COUNT_OF(me_rows), NULL);
    commands_check(find_rows, COUNT_OF(find_rows), NULL);
    commands_check(names_rows, COUNT_OF(names_rows), NULL);
    commands_check(search_rows, COUNT_OF(search_rows), NULL);
    commands_check(friend_rows, COUNT_OF(friend_rows), some_friends);
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

static size_t count_of(const char *text, char c) {
    size_t n = 0;

    for (; *text != '\0'; text++) {
        n += *text == c;
    }
    return n;
}

/* 500 may be asked for, and not one more. */
static void test_names_limit(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    for (size_t count = 500; count <= 501; count++) {
        struct buf b;

        buf_init(&b);
        for (size_t i = 0; i < count; i++) {
            buf_add_str(&b, i == 0 ? "'" USER2 "'" : ",'" USER2 "'");
        }
        buf_add_byte(&b, '\0');
        client_ask(c, "'type':'user.names','users':[%s]", (const char *)b.p);
        assert_true(client_answered(
            c, "%s",
            count == 500 ? USERS(ONE(USER2, "user2") "*")
                         : "{*'code':'too_many',*'field':'users'}"));
        buf_fini(&b);
    }
}

/* 20 of them are told, of however many. */
static void test_search_limit(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    fake_directory_users(w.directory, 10, 15);
    client_ask(c, "'type':'user.search','prefix':'user'");
    assert_int_equal(count_of(c->answer, '{'), 1 + 20);
    client_ask(c, "'type':'user.search','prefix':'user1'");
    assert_int_equal(count_of(c->answer, '{'), 1 + 11);
    assert_true(client_answered(
        c, USERS(ONE(USER1, "user1") ",{*'name':'user10'},*'user19'}")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_names_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_search_limit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
