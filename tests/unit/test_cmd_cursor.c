/* The commands that move no message: the read cursor, and "is typing". */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define GROUP "000000000000a"
#define WIDE "000000000000b"
#define THEIRS "000000000000c"
#define LEFT "000000000000d"
#define NOWHERE "000000000000z"
#define USER1 "0000000000001"

enum {
    EVENTS = 3,
};

static void say_some(struct client *c) {
    for (unsigned i = 0; i < EVENTS; i++) {
        client_ask(c,
                   "'type':'send','conv':'" GROUP "','msg':'0123456789abcde%u',"
                   "'text':'hi'",
                   i);
        assert_true(client_answered(c, "{'type':'ack',*}"));
    }
}

/* A narrow group with three events, a wide one, one without user 1, and one
 * that he left. */
static void groups(struct commands *w, struct client *c) {
    struct conv_id left = {13};

    fake_directory_users(w->directory, 10, 20);
    fake_directory_group(w->directory, (struct conv_id){10}, 1, 3);
    fake_directory_group(w->directory, (struct conv_id){11}, 1, 20);
    fake_directory_group(w->directory, (struct conv_id){12}, 4, 3);
    fake_directory_group(w->directory, left, 1, 3);
    (void)fake_directory_remove(w->directory, left, (struct user_id){1});
    fake_directory_bound(w->directory, left, (struct user_id){1}, 1, false);
    say_some(c);
}

#define READ(conv, seq) "'type':'read','conv':" conv ",'seq':" seq
#define IS_AT(seq) "{'type':'read','conv':'" GROUP "','seq':" seq "}"

static const struct command_row read_rows[] = {
    {"one event", READ("'" GROUP "'", "1"), IS_AT("1"), NULL, RC_OK},
    {"all of them", READ("'" GROUP "'", "3"), IS_AT("3"), NULL, RC_OK},
    {"not past the last", READ("'" GROUP "'", "4"), IS_AT("3"), NULL, RC_OK},
    {"not far past it", READ("'" GROUP "'", "9007199254740991"), IS_AT("3"),
     NULL, RC_OK},
    {"none", READ("'" GROUP "'", "0"), IS_AT("0"), NULL, RC_OK},
    {"no conversation", "'type':'read','seq':1", "bad_value conv", NULL, RC_OK},
    {"no seq", "'type':'read','conv':'" GROUP "'", "bad_value seq", NULL,
     RC_OK},
    {"a seq of text", READ("'" GROUP "'", "'1'"), "bad_value seq", NULL, RC_OK},
    {"too large for a number", READ("'" GROUP "'", "9007199254740992"),
     "bad_value seq", NULL, RC_OK},
    {"not a member", READ("'" THEIRS "'", "1"), "not_found", NULL, RC_OK},
    {"not any more", READ("'" LEFT "'", "1"), "not_found", NULL, RC_OK},
    {"nowhere", READ("'" NOWHERE "'", "1"), "not_found", NULL, RC_OK},
    {"history is away", READ("'" GROUP "'", "1"), "unavailable +1000", "mark",
     RC_BACKEND},
    {"the directory is away", READ("'" THEIRS "'", "1"), "unavailable +1000",
     "directory", RC_AGAIN},
};

static void test_read(void **state) {
    (void)state;
    commands_check(read_rows, COUNT_OF(read_rows), groups);
}

static struct commands w;

/* It is one mark for all sessions of the user, and only goes forward. */
static void test_read_forward(void **state) {
    struct client *laptop;
    struct client *phone;

    (void)state;
    commands_open(&w);
    laptop = client_login(&w, 1);
    phone = client_login(&w, 1);
    groups(&w, laptop);
    client_ask(laptop, READ("'" GROUP "'", "2"));
    assert_true(client_answered(laptop, IS_AT("2")));
    client_ask(phone, READ("'" GROUP "'", "1"));
    assert_true(client_answered(phone, IS_AT("2")));
    commands_close(&w);
}

/* ---- typing ---- */

static const struct command_row typing_rows[] = {
    {"in a group", "'type':'typing','conv':'" GROUP "'", "{'type':'ok'}", NULL,
     RC_OK},
    {"in a wide one", "'type':'typing','conv':'" WIDE "'", "{'type':'ok'}",
     NULL, RC_OK},
    {"no conversation", "'type':'typing'", "bad_value conv", NULL, RC_OK},
    {"a bad id", "'type':'typing','conv':''", "bad_value conv", NULL, RC_OK},
    {"not a member", "'type':'typing','conv':'" THEIRS "'", "not_found", NULL,
     RC_OK},
    {"not any more", "'type':'typing','conv':'" LEFT "'", "not_found", NULL,
     RC_OK},
    {"nowhere", "'type':'typing','conv':'" NOWHERE "'", "not_found", NULL,
     RC_OK},
    {"the directory is away", "'type':'typing','conv':'" THEIRS "'",
     "unavailable +1000", "directory", RC_TIMEOUT},
    {"the bus is away, which nobody needs to know",
     "'type':'typing','conv':'" GROUP "'", "{'type':'ok'}", "bus", RC_AGAIN},
};

static void test_typing(void **state) {
    (void)state;
    commands_check(typing_rows, COUNT_OF(typing_rows), groups);
}

/* The others hear it, once; neither who types, nor who is no member, nor the
 * history. */
static void test_typing_heard(void **state) {
    static const struct {
        const char *name;
        const char *fields;
        const char *heard;
        struct conv_id conv;
    } cases[] = {
        {"narrow",
         "'type':'typing','conv':'" GROUP "'",
         "{'type':'typing','conv':'" GROUP "','user':'" USER1 "'}",
         {10}},
        {"wide",
         "'type':'typing','conv':'" WIDE "'",
         "{'type':'typing','conv':'" WIDE "','user':'" USER1 "'}",
         {11}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client *one;
        struct client *two;
        struct client *none;
        uint64_t head;

        commands_open(&w);
        one = client_login(&w, 1);
        groups(&w, one);
        two = client_login(&w, 2);
        none = client_login(&w, 25);
        client_forget(one);
        head = fake_history_head(w.history, cases[i].conv);
        client_ask(one, "%s", cases[i].fields);
        assert_row(cases[i].name, client_heard(two, "%s", cases[i].heard));
        assert_row(cases[i].name, one->heard.n == 0);
        assert_row(cases[i].name, none->heard.n == 0);
        client_forget(two);
        client_ask(one, "%s", cases[i].fields);
        assert_row(cases[i].name, client_answered(one, "{'type':'ok'}"));
        assert_row(cases[i].name, two->heard.n == 0); /* they know */
        assert_row(cases[i].name,
                   fake_history_head(w.history, cases[i].conv) == head);
        commands_close(&w);
    }
}

/* In a direct conversation that a block has closed, by either of the two. */
static void test_typing_closed(void **state) {
    struct client *one;
    struct client *two;
    struct field conv;

    (void)state;
    commands_open(&w);
    one = client_login(&w, 1);
    two = client_login(&w, 2);
    client_ask(one, "'type':'direct.open','user':'0000000000002'");
    conv = client_field(one, "conv");
    client_ask(one, "'type':'typing','conv':'%s'", conv.s);
    assert_true(client_answered(one, "{'type':'ok'}"));
    client_ask(two, "'type':'block','user':'" USER1 "'");
    assert_true(client_answered(two, "{'type':'ok',*}"));
    client_ask(one, "'type':'typing','conv':'%s'", conv.s);
    assert_true(client_answered(one, "{*'code':'forbidden',*"));
    client_ask(two, "'type':'typing','conv':'%s'", conv.s);
    assert_true(client_answered(two, "{*'code':'forbidden',*"));
    commands_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_forward),
        cmocka_unit_test(test_typing),
        cmocka_unit_test(test_typing_heard),
        cmocka_unit_test(test_typing_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
