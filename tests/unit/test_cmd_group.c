/* The commands that make conversations and change who is in them. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define MINE "000000000000a"   /* user 1 owns it; 2 and 3 are in it */
#define MEMBER "000000000000b" /* user 1 is a member */
#define THEIRS "000000000000c" /* user 1 is none */
#define NOWHERE "000000000000z"
#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define USER4 "0000000000004"
#define USER9 "0000000000009"
#define NOBODY "000000000000y"

static void groups(struct commands *w, struct client *c) {
    struct conv_id member = {11};

    (void)c;
    fake_directory_group(w->directory, (struct conv_id){10}, 1, 3);
    fake_directory_group(w->directory, member, 2, 3);
    (void)fake_directory_add(w->directory, member, (struct user_id){1});
    fake_directory_bound(w->directory, member, (struct user_id){1}, 1, true);
    fake_directory_group(w->directory, (struct conv_id){12}, 4, 3);
}

#define CREATE(title, members)                                                 \
    "'type':'group.create','title':" title ",'members':" members
#define MADE "{'type':'ok','conv':'*','seq':1}"

static const struct command_row create_rows[] = {
    {"of two", CREATE("'moim'", "['" USER2 "']"), MADE, NULL, RC_OK},
    {"of oneself", CREATE("'moim'", "[]"), MADE, NULL, RC_OK},
    {"oneself named, and one twice",
     CREATE("'moim'", "['" USER1 "','" USER2 "','" USER2 "']"), MADE, NULL,
     RC_OK},
    {"any letters", CREATE("'모임 \\\"1\\\"'", "[]"), MADE, NULL, RC_OK},
    {"no title", "'type':'group.create','members':[]", "bad_value title", NULL,
     RC_OK},
    {"an empty title", CREATE("''", "[]"), "bad_value title", NULL, RC_OK},
    {"no members", "'type':'group.create','title':'moim'", "bad_value members",
     NULL, RC_OK},
    {"one member and no list", CREATE("'moim'", "'" USER2 "'"),
     "bad_value members", NULL, RC_OK},
    {"a member that is no id", CREATE("'moim'", "['bob']"), "bad_value members",
     NULL, RC_OK},
    {"nobody", CREATE("'moim'", "['" USER2 "','" NOBODY "']"), "not_found",
     NULL, RC_OK},
    {"the directory is away", CREATE("'moim'", "[]"), "unavailable +1000",
     "directory", RC_AGAIN},
    {"history is away", CREATE("'moim'", "[]"), "unavailable +1000", "append",
     RC_TIMEOUT},
};

#define ADD(conv, user) "'type':'group.add','conv':" conv ",'user':" user

static const struct command_row add_rows[] = {
    {"somebody", ADD("'" MINE "'", "'" USER4 "'"),
     "{'type':'ok','conv':'" MINE "','seq':1}", NULL, RC_OK},
    {"who is in it", ADD("'" MINE "'", "'" USER2 "'"),
     "{'type':'ok','conv':'" MINE "','seq':0}", NULL, RC_OK},
    {"nobody", ADD("'" MINE "'", "'" NOBODY "'"), "not_found", NULL, RC_OK},
    {"as a member", ADD("'" MEMBER "'", "'" USER9 "'"), "forbidden", NULL,
     RC_OK},
    {"as none", ADD("'" THEIRS "'", "'" USER9 "'"), "not_found", NULL, RC_OK},
    {"nowhere", ADD("'" NOWHERE "'", "'" USER9 "'"), "not_found", NULL, RC_OK},
    {"no conversation", "'type':'group.add','user':'" USER4 "'",
     "bad_value conv", NULL, RC_OK},
    {"no user", "'type':'group.add','conv':'" MINE "'", "bad_value user", NULL,
     RC_OK},
    {"a bad user", ADD("'" MINE "'", "4"), "bad_value user", NULL, RC_OK},
    {"the directory is away", ADD("'" MINE "'", "'" USER4 "'"),
     "unavailable +1000", "member_add", RC_BACKEND},
    {"history is away", ADD("'" MINE "'", "'" USER4 "'"), "unavailable +1000",
     "append", RC_AGAIN},
};

#define REMOVE(conv, user) "'type':'group.remove','conv':" conv ",'user':" user

static const struct command_row remove_rows[] = {
    {"a member", REMOVE("'" MINE "'", "'" USER2 "'"),
     "{'type':'ok','conv':'" MINE "','seq':1}", NULL, RC_OK},
    {"oneself, which is leaving", REMOVE("'" MEMBER "'", "'" USER1 "'"),
     "{'type':'ok','conv':'" MEMBER "','seq':1}", NULL, RC_OK},
    {"another, as a member", REMOVE("'" MEMBER "'", "'" USER2 "'"), "forbidden",
     NULL, RC_OK},
    {"as none", REMOVE("'" THEIRS "'", "'" USER4 "'"), "not_found", NULL,
     RC_OK},
    {"nowhere", REMOVE("'" NOWHERE "'", "'" USER4 "'"), "not_found", NULL,
     RC_OK},
    {"no conversation", "'type':'group.remove','user':'" USER2 "'",
     "bad_value conv", NULL, RC_OK},
    {"no user", "'type':'group.remove','conv':'" MINE "'", "bad_value user",
     NULL, RC_OK},
    {"the directory is away", REMOVE("'" MINE "'", "'" USER2 "'"),
     "unavailable +1000", "directory", RC_AGAIN},
    {"the bus is away", REMOVE("'" MINE "'", "'" USER2 "'"),
     "unavailable +1000", "bus", RC_AGAIN},
};

static const struct command_row leave_rows[] = {
    {"a group", "'type':'group.leave','conv':'" MEMBER "'",
     "{'type':'ok','conv':'" MEMBER "','seq':1}", NULL, RC_OK},
    {"one's own", "'type':'group.leave','conv':'" MINE "'",
     "{'type':'ok','conv':'" MINE "','seq':1}", NULL, RC_OK},
    {"another's", "'type':'group.leave','conv':'" THEIRS "'", "not_found", NULL,
     RC_OK},
    {"nowhere", "'type':'group.leave','conv':'" NOWHERE "'", "not_found", NULL,
     RC_OK},
    {"no conversation", "'type':'group.leave'", "bad_value conv", NULL, RC_OK},
    {"the directory is away", "'type':'group.leave','conv':'" MEMBER "'",
     "unavailable +1000", "member_remove", RC_TIMEOUT},
};

static const struct command_row direct_rows[] = {
    {"with somebody", "'type':'direct.open','user':'" USER2 "'",
     "{'type':'ok','conv':'*','seq':0}", NULL, RC_OK},
    {"with oneself", "'type':'direct.open','user':'" USER1 "'",
     "bad_value user", NULL, RC_OK},
    {"with nobody", "'type':'direct.open','user':'" NOBODY "'", "not_found",
     NULL, RC_OK},
    {"no user", "'type':'direct.open'", "bad_value user", NULL, RC_OK},
    {"a bad user", "'type':'direct.open','user':['" USER2 "']",
     "bad_value user", NULL, RC_OK},
    {"the directory is away", "'type':'direct.open','user':'" USER2 "'",
     "unavailable +1000", "direct_open", RC_AGAIN},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(create_rows, COUNT_OF(create_rows), groups);
    commands_check(add_rows, COUNT_OF(add_rows), groups);
    commands_check(remove_rows, COUNT_OF(remove_rows), groups);
    commands_check(leave_rows, COUNT_OF(leave_rows), groups);
    commands_check(direct_rows, COUNT_OF(direct_rows), groups);
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

/* 999 may be named, and the title have 128 bytes; not one more. */
static void test_limits(void **state) {
    static const struct {
        const char *name;
        size_t title;
        size_t members;
        const char *want;
    } cases[] = {
        {"a long title", 128, 0, "{'type':'ok',*}"},
        {"a longer one", 129, 0, "{*'code':'too_large',*'field':'title'}"},
        {"many", 1, 999, "{'type':'ok',*}"},
        {"more", 1, 1000, "{*'code':'too_many',*'field':'members'}"},
    };
    struct client *c = client_login(&w, 1);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b;

        buf_init(&b);
        buf_add_str(&b, "'type':'group.create','title':'");
        for (size_t n = 0; n < cases[i].title; n++) {
            buf_add_byte(&b, 'x');
        }
        buf_add_str(&b, "','members':[");
        for (size_t n = 0; n < cases[i].members; n++) {
            buf_add_str(&b, n == 0 ? "'" USER2 "'" : ",'" USER2 "'");
        }
        buf_add_str(&b, "]");
        buf_add_byte(&b, '\0');
        client_ask(c, "%s", (const char *)b.p);
        assert_row(cases[i].name, client_answered(c, "%s", cases[i].want));
        buf_fini(&b);
    }
}

#define CREATED                                                                \
    "{'type':'event','conv':'%s','seq':1,*'from':'" USER1                      \
    "','kind':'group.created','msg':'.created','body':{'title':'moim',"        \
    "'members':2}}"

/* The members hear of it, with the title and how many they are. */
static void test_created(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct client *four = client_login(&w, 4);
    struct field conv;

    (void)state;
    client_ask(one, CREATE("'moim'", "['" USER2 "']"));
    conv = client_field(one, "conv");
    assert_true(client_heard(one, CREATED, conv.s));
    assert_true(client_heard(two, CREATED, conv.s));
    assert_int_equal(four->heard.n, 0);
}

/* Who was removed hears that, and nothing after it. */
static void test_removed(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);

    (void)state;
    groups(&w, one);
    client_ask(one, REMOVE("'" MINE "'", "'" USER2 "'"));
    assert_true(client_heard(two, "{*'seq':1,*'kind':'member.removed',*'body':{"
                                  "'user':'" USER2 "'}}"));
    client_forget(two);
    client_ask(one, "'type':'send','conv':'" MINE
                    "','msg':'0123456789abcdef','text':'he is out'");
    assert_true(client_answered(one, "{'type':'ack',*'seq':2,*}"));
    assert_int_equal(two->heard.n, 0);
    client_ask(two, "'type':'send','conv':'" MINE
                    "','msg':'0123456789abcdef','text':'let me in'");
    assert_true(client_answered(two, "{*'code':'not_found',*"));
    client_ask(one, REMOVE("'" MINE "'", "'" USER2 "'"));
    assert_true(client_answered(one, "{'type':'ok',*}"));
}

/* Both get the same one, whoever asks first; a block forbids a new one, and
 * leaves an old one where it is. */
static void test_direct(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct field first;

    (void)state;
    client_ask(one, "'type':'direct.open','user':'" USER2 "'");
    first = client_field(one, "conv");
    client_ask(two, "'type':'direct.open','user':'" USER1 "'");
    assert_string_equal(client_field(two, "conv").s, first.s);
    client_ask(one, "'type':'block','user':'" USER2 "'");
    client_ask(two, "'type':'direct.open','user':'" USER1 "'");
    assert_string_equal(client_field(two, "conv").s, first.s);
    client_ask(one, "'type':'block','user':'" USER4 "'");
    client_ask(one, "'type':'direct.open','user':'" USER4 "'");
    assert_true(client_answered(one, "{*'code':'forbidden',*"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_created, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_direct, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
