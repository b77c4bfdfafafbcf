/* Invites: who makes them, what they are worth, joining by one. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define MINE "000000000000a"   /* user 1 owns it; 2 and 3 are in it */
#define MEMBER "000000000000b" /* user 1 is a member */
#define THEIRS "000000000000c" /* user 1 is none */
#define USER1 "0000000000001"
#define USER4 "0000000000004"

static void groups(struct commands *w, struct client *c) {
    struct conv_id member = {11};

    (void)c;
    fake_directory_group(w->directory, (struct conv_id){10}, 1, 3);
    fake_directory_group(w->directory, member, 2, 3);
    (void)fake_directory_add(w->directory, member, (struct user_id){1});
    fake_directory_bound(w->directory, member, (struct user_id){1}, 1, true);
    fake_directory_group(w->directory, (struct conv_id){12}, 4, 3);
}

#define INVITE(conv, more) "'type':'group.invite','conv':'" conv "'" more
#define UNINVITE(conv, id)                                                     \
    "'type':'group.uninvite','conv':'" conv "','invite':'" id "'"

static const struct command_row rows[] = {
    {"one", INVITE(MINE, ""),
     "{'type':'invite','conv':'" MINE
     "','invite':'*','code':'*','expires':*,'uses_max':100000}",
     NULL, RC_OK},
    {"for one", INVITE(MINE, ",'uses_max':1"), "{*'uses_max':1}", NULL, RC_OK},
    {"for none", INVITE(MINE, ",'uses_max':0"), "bad_value uses_max", NULL,
     RC_OK},
    {"for too many", INVITE(MINE, ",'uses_max':100001"), "bad_value uses_max",
     NULL, RC_OK},
    {"that has expired", INVITE(MINE, ",'expires':1"), "bad_value expires",
     NULL, RC_OK},
    {"for ever", INVITE(MINE, ",'expires':9007199254740991"),
     "bad_value expires", NULL, RC_OK},
    {"as a member", INVITE(MEMBER, ""), "forbidden", NULL, RC_OK},
    {"as none", INVITE(THEIRS, ""), "not_found", NULL, RC_OK},
    {"no conversation", "'type':'group.invite'", "bad_value conv", NULL, RC_OK},
    {"the directory is away", INVITE(MINE, ""), "unavailable +1000",
     "invite_make", RC_AGAIN},
    {"list", "'type':'group.invites','conv':'" MINE "'",
     "{'type':'invites','invites':[]}", NULL, RC_OK},
    {"list as a member", "'type':'group.invites','conv':'" MEMBER "'",
     "forbidden", NULL, RC_OK},
    {"list as none", "'type':'group.invites','conv':'" THEIRS "'", "not_found",
     NULL, RC_OK},
    {"list nothing", "'type':'group.invites'", "bad_value conv", NULL, RC_OK},
    {"take back", UNINVITE(MINE, USER1), "not_found", NULL, RC_OK},
    {"take back as a member", UNINVITE(MEMBER, USER1), "forbidden", NULL,
     RC_OK},
    {"take back nothing", "'type':'group.uninvite','conv':'" MINE "'",
     "bad_value invite", NULL, RC_OK},
    {"join", "'type':'group.join','code':'00000000000000000000000000000000'",
     "not_found", NULL, RC_OK},
    {"join by nothing", "'type':'group.join'", "bad_value code", NULL, RC_OK},
    {"join by too much",
     "'type':'group.join','code':'000000000000000000000000000000000'",
     "too_large code", NULL, RC_OK},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), groups);
}

static struct commands w;

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    fake_directory_group(w.directory, (struct conv_id){10}, 1, 3);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

static void join_by(struct client *c, const struct field *code) {
    client_ask(c, "'type':'group.join','code':'%s'", code->s);
}

/* Who joins is told to all as one who added himself, and may do it again; the
 * list counts him once. */
static void test_join(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct client *four = client_login(&w, 4);
    struct field code;

    (void)state;
    client_ask(one, INVITE(MINE, ",'uses_max':2"));
    code = client_field(one, "code");
    assert_int_equal(strlen(code.s), 32);
    for (int i = 0; i < 2; i++) {
        join_by(four, &code);
        assert_true(client_answered(
            four, "{'type':'ok','conv':'" MINE "','seq':%d}", i == 0 ? 1 : 0));
    }
    assert_true(client_heard(
        two, "{*'seq':1,*'from':'" USER4
             "','kind':'member.added',*'body':{'user':'" USER4 "'}}"));
    client_ask(one, "'type':'group.invites','conv':'" MINE "'");
    assert_true(client_answered(one,
                                "{'type':'invites','invites':[{'invite':'*',"
                                "'by':'" USER1 "','created':*,'expires':*,"
                                "'uses_max':2,'uses':1}]}"));
}

/* What ends an invite; and each has a code of its own. */
static void test_ends(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *four = client_login(&w, 4);
    struct client *five = client_login(&w, 5);
    struct field code;
    struct field invite;
    struct field old;

    (void)state;
    client_ask(one, INVITE(MINE, ",'uses_max':1"));
    code = client_field(one, "code");
    join_by(four, &code);
    join_by(five, &code);
    assert_true(client_answered(five, "{*'code':'not_found',*"));
    old = code;
    client_ask(one, INVITE(MINE, ""));
    code = client_field(one, "code");
    invite = client_field(one, "invite");
    assert_string_not_equal(old.s, code.s);
    for (int i = 0; i < 2; i++) {
        client_ask(one, UNINVITE(MINE, "%s"), invite.s);
        assert_true(client_answered(one, "{'type':'ok'}"));
    }
    join_by(five, &code);
    assert_true(client_answered(five, "{*'code':'not_found',*"));
    client_ask(one, INVITE(MINE, ",'expires':%llu"),
               (unsigned long long)w.loop.clock.wall_ms + 1000);
    code = client_field(one, "code");
    commands_pass(&w, 1001);
    join_by(five, &code);
    assert_true(client_answered(five, "{*'code':'not_found',*"));
}

/* Who was removed does not come back by himself, unless he is added; who left
 * does. */
static void test_removed(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct field code;

    (void)state;
    client_ask(one, INVITE(MINE, ""));
    code = client_field(one, "code");
    client_ask(two, "'type':'group.leave','conv':'" MINE "'");
    join_by(two, &code);
    assert_true(client_answered(two, "{'type':'ok',*"));
    client_ask(one, "'type':'group.remove','conv':'" MINE
                    "','user':'0000000000002'");
    join_by(two, &code);
    assert_true(client_answered(two, "{*'code':'forbidden',*"));
    client_ask(one,
               "'type':'group.add','conv':'" MINE "','user':'0000000000002'");
    client_ask(two, "'type':'group.leave','conv':'" MINE "'");
    join_by(two, &code);
    assert_true(client_answered(two, "{'type':'ok',*"));
}

/* A joining that stopped half way is completed by asking again, by an invite
 * that is used up too. */
static void test_again(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *four = client_login(&w, 4);
    struct field code;

    (void)state;
    client_ask(one, INVITE(MINE, ",'uses_max':1"));
    code = client_field(one, "code");
    commands_refuse(&w, "append", RC_AGAIN);
    join_by(four, &code);
    assert_true(client_answered(four, "{*'code':'unavailable',*"));
    commands_refuse(&w, NULL, RC_OK);
    join_by(four, &code);
    assert_true(client_answered(four, "{'type':'ok',*'seq':1}"));
}

/* A hundred that let somebody in, and not one more. */
static void test_limit(void **state) {
    struct client *one = client_login(&w, 1);

    (void)state;
    for (int i = 0; i < GROUP_MAX_INVITES; i++) {
        commands_pass(&w, 100);
        client_ask(one, INVITE(MINE, ",'uses_max':1"));
        assert_true(client_answered(one, "{'type':'invite',*"));
    }
    commands_pass(&w, 100);
    client_ask(one, INVITE(MINE, ""));
    assert_true(client_answered(one, "{*'code':'too_many',*"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_join, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
