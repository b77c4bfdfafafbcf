/* The commands that change what a group is: title, roles, who is muted, how
 * long it is kept; and the list of its members. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define MINE "000000000000a"   /* user 1 owns it; 2 and 3 are in it */
#define ADMIN "000000000000b"  /* user 1 is an admin of user 2's; 3 is in it */
#define MEMBER "000000000000c" /* user 1 is a member of user 4's */
#define THEIRS "000000000000d" /* user 1 is none */
#define NOWHERE "000000000000z"
#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define USER3 "0000000000003"
#define USER4 "0000000000004"
#define USER5 "0000000000005"

static void role(struct commands *w, uint64_t conv, uint64_t owner,
                 const char *fields) {
    struct client *c = client_login(w, owner);

    (void)conv;
    client_ask(c, "%s", fields);
    assert_true(client_answered(c, "{'type':'ok',*"));
}

static void join(struct commands *w, uint64_t conv, uint64_t user) {
    struct conv_id id = {conv};
    struct user_id who = {user};

    (void)fake_directory_add(w->directory, id, who);
    fake_directory_bound(w->directory, id, who, 1, true);
}

static void groups(struct commands *w, struct client *c) {
    (void)c;
    fake_directory_group(w->directory, (struct conv_id){10}, 1, 3);
    fake_directory_group(w->directory, (struct conv_id){11}, 2, 2);
    join(w, 11, 1);
    role(w, 11, 2,
         "'type':'group.role','conv':'" ADMIN "','user':'" USER1
         "','role':'admin'");
    fake_directory_group(w->directory, (struct conv_id){12}, 4, 2);
    join(w, 12, 1);
    fake_directory_group(w->directory, (struct conv_id){13}, 4, 2);
}

#define OK_AT(conv, seq) "{'type':'ok','conv':'" conv "','seq':" seq "}"

#define TITLE(conv, title)                                                     \
    "'type':'group.title','conv':'" conv "','title':'" title "'"

static const struct command_row title_rows[] = {
    {"as the owner", TITLE(MINE, "new"), OK_AT(MINE, "1"), NULL, RC_OK},
    {"as an admin", TITLE(ADMIN, "new"), OK_AT(ADMIN, "2"), NULL, RC_OK},
    {"as it is", TITLE(MINE, "group"), OK_AT(MINE, "0"), NULL, RC_OK},
    {"as a member", TITLE(MEMBER, "new"), "forbidden", NULL, RC_OK},
    {"as none", TITLE(THEIRS, "new"), "not_found", NULL, RC_OK},
    {"nowhere", TITLE(NOWHERE, "new"), "not_found", NULL, RC_OK},
    {"no title", "'type':'group.title','conv':'" MINE "'", "bad_value title",
     NULL, RC_OK},
    {"an empty one", TITLE(MINE, ""), "bad_value title", NULL, RC_OK},
    {"no conversation", "'type':'group.title','title':'x'", "bad_value conv",
     NULL, RC_OK},
    {"the directory is away", TITLE(MINE, "new"), "unavailable +1000",
     "group_change", RC_AGAIN},
    {"history is away", TITLE(MINE, "new"), "unavailable +1000", "append",
     RC_TIMEOUT},
    {"the directory goes away", TITLE(MINE, "new"), "unavailable +1000",
     "group_logged", RC_BACKEND},
};

#define ROLE(conv, user, role)                                                 \
    "'type':'group.role','conv':'" conv "','user':'" user "','role':'" role "'"

static const struct command_row role_rows[] = {
    {"an admin", ROLE(MINE, USER2, "admin"), OK_AT(MINE, "1"), NULL, RC_OK},
    {"what he is", ROLE(MINE, USER2, "member"), OK_AT(MINE, "0"), NULL, RC_OK},
    {"the owner", ROLE(MINE, USER2, "owner"), OK_AT(MINE, "1"), NULL, RC_OK},
    {"what the owner is", ROLE(MINE, USER1, "owner"), OK_AT(MINE, "0"), NULL,
     RC_OK},
    {"the owner gives up", ROLE(MINE, USER1, "admin"), "conflict", NULL, RC_OK},
    {"as an admin", ROLE(ADMIN, USER3, "admin"), "forbidden", NULL, RC_OK},
    {"of himself", ROLE(ADMIN, USER1, "owner"), "forbidden", NULL, RC_OK},
    {"as a member", ROLE(MEMBER, USER1, "admin"), "forbidden", NULL, RC_OK},
    {"as none", ROLE(THEIRS, USER4, "member"), "not_found", NULL, RC_OK},
    {"of no member", ROLE(MINE, USER5, "admin"), "not_found", NULL, RC_OK},
    {"none", ROLE(MINE, USER2, "none"), "bad_value role", NULL, RC_OK},
    {"no such role", ROLE(MINE, USER2, "king"), "bad_value role", NULL, RC_OK},
    {"no role", "'type':'group.role','conv':'" MINE "','user':'" USER2 "'",
     "bad_value role", NULL, RC_OK},
};

#define MUTE(conv, user, until)                                                \
    "'type':'group.mute','conv':'" conv "','user':'" user "'" until
#define UNMUTE(conv, user)                                                     \
    "'type':'group.unmute','conv':'" conv "','user':'" user "'"

static const struct command_row mute_rows[] = {
    {"for ever", MUTE(MINE, USER2, ""), OK_AT(MINE, "1"), NULL, RC_OK},
    {"for a while", MUTE(MINE, USER2, ",'until':5000"), OK_AT(MINE, "1"), NULL,
     RC_OK},
    {"as an admin", MUTE(ADMIN, USER3, ""), OK_AT(ADMIN, "2"), NULL, RC_OK},
    {"one above", MUTE(ADMIN, USER2, ""), "forbidden", NULL, RC_OK},
    {"oneself", MUTE(MINE, USER1, ""), "forbidden", NULL, RC_OK},
    {"as a member", MUTE(MEMBER, USER5, ""), "forbidden", NULL, RC_OK},
    {"until no number", MUTE(MINE, USER2, ",'until':'x'"), "bad_value until",
     NULL, RC_OK},
    {"until 0", MUTE(MINE, USER2, ",'until':0"), "bad_value until", NULL,
     RC_OK},
    {"back", UNMUTE(MINE, USER2), OK_AT(MINE, "0"), NULL, RC_OK},
    {"back, of nobody", UNMUTE(MINE, USER4), "not_found", NULL, RC_OK},
    {"back, no user", "'type':'group.unmute','conv':'" MINE "'",
     "bad_value user", NULL, RC_OK},
};

#define KEEP(conv, ms)                                                         \
    "'type':'group.retention','conv':'" conv "','keep_ms':" ms

static const struct command_row keep_rows[] = {
    {"a minute", KEEP(MINE, "60000"), OK_AT(MINE, "1"), NULL, RC_OK},
    {"as it is", KEEP(MINE, "0"), OK_AT(MINE, "0"), NULL, RC_OK},
    {"a second", KEEP(MINE, "1000"), "bad_value keep_ms", NULL, RC_OK},
    {"too long", KEEP(MINE, "3155760000001"), "bad_value keep_ms", NULL, RC_OK},
    {"nothing", "'type':'group.retention','conv':'" MINE "'",
     "bad_value keep_ms", NULL, RC_OK},
    {"as an admin", KEEP(ADMIN, "60000"), "forbidden", NULL, RC_OK},
};

#define MEMBERS(conv, more) "'type':'group.members','conv':'" conv "'" more
#define M(id, n, role)                                                         \
    "{'user':'" id "','name':'user" n "','role':'" role "','joined':0}"

static const struct command_row members_rows[] = {
    {"all", MEMBERS(MINE, ""),
     "{'type':'members','total':3,'members':[" M(USER1, "1", "owner") "," M(
         USER2, "2", "member") "," M(USER3, "3", "member") "]}",
     NULL, RC_OK},
    {"the first", MEMBERS(MINE, ",'limit':1"),
     "{'type':'members','total':3,'members':[" M(
         USER1, "1", "owner") "],'next':'" USER1 "'}",
     NULL, RC_OK},
    {"the next", MEMBERS(MINE, ",'limit':2,'after':'" USER1 "'"),
     "{'type':'members','total':3,'members':[" M(USER2, "2", "member") "," M(
         USER3, "3", "member") "],'next':'" USER3 "'}",
     NULL, RC_OK},
    {"behind the last", MEMBERS(MINE, ",'after':'" USER3 "'"),
     "{'type':'members','total':3,'members':[]}", NULL, RC_OK},
    {"as a member", MEMBERS(MEMBER, ""), "{'type':'members','total':3,*", NULL,
     RC_OK},
    {"as none", MEMBERS(THEIRS, ""), "not_found", NULL, RC_OK},
    {"nowhere", MEMBERS(NOWHERE, ""), "not_found", NULL, RC_OK},
    {"none", MEMBERS(MINE, ",'limit':0"), "bad_value limit", NULL, RC_OK},
    {"behind nobody", MEMBERS(MINE, ",'after':'x'"), "bad_value after", NULL,
     RC_OK},
    {"the directory is away", MEMBERS(MINE, ""), "unavailable +1000",
     "group_members", RC_AGAIN},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(title_rows, COUNT_OF(title_rows), groups);
    commands_check(role_rows, COUNT_OF(role_rows), groups);
    commands_check(mute_rows, COUNT_OF(mute_rows), groups);
    commands_check(keep_rows, COUNT_OF(keep_rows), groups);
    commands_check(members_rows, COUNT_OF(members_rows), groups);
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

/* The members hear of each change, with what it says. */
static void test_heard(void **state) {
    static const struct {
        const char *fields;
        const char *kind;
        const char *body;
    } rows[] = {
        {TITLE(MINE, "new"), "group.title", "{'title':'new'}"},
        {ROLE(MINE, USER2, "admin"), "member.role",
         "{'user':'" USER2 "','role':'admin'}"},
        {MUTE(MINE, USER3, ",'until':5000"), "member.muted",
         "{'user':'" USER3 "','until':5000}"},
        {UNMUTE(MINE, USER3), "member.muted", "{'user':'" USER3 "','until':0}"},
        {KEEP(MINE, "86400000"), "group.retention", "{'keep_ms':86400000}"},
        {ROLE(MINE, USER2, "owner"), "member.role",
         "{'user':'" USER2 "','role':'owner'}"},
    };
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct client *four = client_login(&w, 4);

    (void)state;
    fake_directory_group(w.directory, (struct conv_id){10}, 1, 3);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        client_ask(one, "%s", rows[i].fields);
        assert_row(rows[i].kind,
                   client_answered(one, OK_AT(MINE, "%zu"), i + 1));
        assert_row(rows[i].kind,
                   client_heard(two,
                                "{*'seq':%zu,*'from':'" USER1
                                "','kind':'%s',*'body':%s}",
                                i + 1, rows[i].kind, rows[i].body));
    }
    assert_int_equal(four->heard.n, 0);
}

#define SAY                                                                    \
    "'type':'send','conv':'" MINE "','msg':'0123456789abcdef','text':'may I?'"

/* Muted he reads and does not write, from the answer on, also when his gateway
 * had known better; until the time has come, or he is allowed again. */
static void test_muted(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);

    (void)state;
    fake_directory_group(w.directory, (struct conv_id){10}, 1, 3);
    client_ask(two, SAY);
    assert_true(client_answered(two, "{'type':'ack',*"));
    client_ask(one, MUTE(MINE, USER2, ",'until':%llu"),
               (unsigned long long)w.loop.clock.wall_ms + 1000);
    client_ask(two, "'type':'send','conv':'" MINE
                    "','msg':'1123456789abcdef','text':'may I?'");
    assert_true(client_answered(two, "{*'code':'forbidden',*"));
    client_ask(two, "'type':'typing','conv':'" MINE "'");
    assert_true(client_answered(two, "{*'code':'forbidden',*"));
    client_ask(two, "'type':'history','conv':'" MINE "'");
    assert_true(client_answered(two, "{'type':'history',*'head':2,*"));
    client_ask(one, MEMBERS(MINE, ",'after':'" USER1 "'"));
    assert_true(client_answered(one, "{*'user':'" USER2 "',*'muted':*"));
    commands_pass(&w, 1001);
    client_ask(two, "'type':'send','conv':'" MINE
                    "','msg':'1123456789abcdef','text':'may I?'");
    assert_true(client_answered(two, "{'type':'ack',*"));
    client_ask(one, MEMBERS(MINE, ",'after':'" USER1 "'"));
    assert_true(client_answered(one, "{*," M(USER3, "3", "member") "]}"));
    client_ask(one, MUTE(MINE, USER2, ""));
    client_ask(two, "'type':'send','conv':'" MINE
                    "','msg':'2123456789abcdef','text':'may I?'");
    assert_true(client_answered(two, "{*'code':'forbidden',*"));
    client_ask(one, UNMUTE(MINE, USER2));
    client_ask(two, "'type':'send','conv':'" MINE
                    "','msg':'2123456789abcdef','text':'may I?'");
    assert_true(client_answered(two, "{'type':'ack',*"));
}

/* A change whose event could not be written is completed by asking again, and
 * its event stands there once; also when the change has taken the right to
 * make it, and when the answer to the append was lost. */
static void test_again(void **state) {
    static const struct {
        const char *name;
        const char *refused;
    } rows[] = {
        {"nothing was appended", "append"},
        {"appended, and not known", "group_logged"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct client *one = client_login(&w, 1);
        struct conv_id conv = {20 + i};
        struct id_text id = id_text(conv.v);

        fake_directory_group(w.directory, conv, 1, 3);
        commands_refuse(&w, rows[i].refused, RC_AGAIN);
        client_ask(one, ROLE("%s", USER2, "owner"), id.s);
        assert_row(rows[i].name,
                   client_answered(one, "{*'code':'unavailable',*"));
        commands_refuse(&w, NULL, RC_OK);
        client_ask(one, ROLE("%s", USER2, "owner"), id.s);
        assert_row(rows[i].name, client_answered(one, OK_AT("%s", "1"), id.s));
        client_ask(one, ROLE("%s", USER3, "owner"), id.s);
        assert_row(rows[i].name,
                   client_answered(one, "{*'code':'forbidden',*"));
        client_ask(one, "'type':'history','conv':'%s'", id.s);
        assert_row(rows[i].name, client_answered(one, "{*'head':1,*"));
    }
}

/* The owner who leaves is followed by the oldest admin, and all are told. */
static void test_heir(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);

    (void)state;
    fake_directory_group(w.directory, (struct conv_id){10}, 1, 3);
    client_ask(one, ROLE(MINE, USER3, "admin"));
    client_ask(one, "'type':'group.leave','conv':'" MINE "'");
    assert_true(client_answered(one, OK_AT(MINE, "2")));
    assert_true(client_heard(two,
                             "{*'kind':'member.left',*'body':{'user':'" USER1
                             "','owner':'" USER3 "'}}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_muted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_heir, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
