/* The list of a user's conversations: which, in what order, what is unread. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define GROUP "000000000000a"
#define SECOND "000000000000b"
#define USER2 "0000000000002"

static const struct command_row rows[] = {
    {"none", "'type':'conversations'",
     "{'type':'conversations','conversations':[]}", NULL, RC_OK},
    {"the directory is away", "'type':'conversations'", "unavailable +1000",
     "convs_of", RC_AGAIN},
};

static void test_none(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), NULL);
}

static void one_group(struct commands *w, struct client *c) {
    (void)c;
    fake_directory_group(w->directory, (struct conv_id){10}, 1, 3);
}

static const struct command_row one_rows[] = {
    {"history is away", "'type':'conversations'", "unavailable +1000", "heads",
     RC_TIMEOUT},
};

static void test_heads_away(void **state) {
    (void)state;
    commands_check(one_rows, COUNT_OF(one_rows), one_group);
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

static void say(struct client *c, const char *conv, const char *name) {
    client_ask(c,
               "'type':'send','conv':'%s','msg':'0123456789abcde%s',"
               "'text':'hi'",
               conv, name);
    assert_row(name, client_answered(c, "{'type':'ack',*}"));
}

#define LIST(convs) "{'type':'conversations','conversations':[" convs "]}"

static void list(struct client *c) {
    client_ask(c, "'type':'conversations'");
}

/* A direct one has its peer, a group its title; what others said behind
 * the read mark is unread; the latest joined comes first. */
static void test_list(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct field direct;

    (void)state;
    client_ask(one, "'type':'direct.open','user':'" USER2 "'");
    direct = client_field(one, "conv");
    fake_directory_group(w.directory, (struct conv_id){10}, 2, 3);
    list(one);
    assert_true(client_answered(
        one,
        LIST("{'conv':'%s','kind':'direct','peer':'" USER2
             "','title':'user2','role':'member','members':2,'head':0,'read':0,"
             "'unread':0,'hidden':0,'ts':0}"),
        direct.s));
    say(one, direct.s, "0");
    say(one, direct.s, "1");
    say(two, GROUP, "0");
    list(two);
    assert_true(client_answered(
        two,
        LIST("{'conv':'" GROUP "','kind':'group','title':'*','role':'owner',"
             "'members':3,'head':1,'read':0,'unread':0,'hidden':0,'ts':*},"
             "{'conv':'%s','kind':'direct','peer':'0000000000001',"
             "'title':'user1','role':'member','members':2,'head':2,'read':0,"
             "'unread':2,'hidden':0,'ts':*}"),
        direct.s));
    client_ask(two, "'type':'read','conv':'%s','seq':1", direct.s);
    list(two);
    assert_true(client_answered(
        two, LIST("*{'conv':'%s',*'head':2,'read':1,'unread':1,*}"), direct.s));
}

/* One who left sees his own interval only, and one who came late has not
 * missed what was before him. */
static void test_interval(void **state) {
    struct client *owner = client_login(&w, 1);
    struct client *late = client_login(&w, 4);

    (void)state;
    fake_directory_group(w.directory, (struct conv_id){11}, 1, 3);
    say(owner, SECOND, "0");
    say(owner, SECOND, "1");
    client_ask(owner,
               "'type':'group.add','conv':'" SECOND "','user':'0000000000004'");
    assert_true(client_answered(owner, "{'type':'ok',*'seq':3}"));
    list(late);
    assert_true(client_answered(
        late, LIST("{'conv':'" SECOND "','kind':'group','title':'*','role':"
                   "'member','members':4,'head':3,'read':2,'unread':0,'hidden':"
                   "0,'ts':*}")));
    client_ask(late, "'type':'group.leave','conv':'" SECOND "'");
    assert_true(client_answered(late, "{'type':'ok',*'seq':4}"));
    say(owner, SECOND, "2");
    list(late);
    assert_true(client_answered(
        late,
        LIST("{'conv':'" SECOND "','kind':'group','title':'*','role':'none',"
             "'members':3,'head':4,'read':2,'unread':0,'hidden':0,'ts':*}")));
    list(owner);
    assert_true(
        client_answered(owner, LIST("{*'head':5,'read':0,'unread':0,*}")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_heads_away),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interval, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
