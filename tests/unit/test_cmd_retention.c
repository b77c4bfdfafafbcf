/* What is too old: no part of history and sync, said to be missing, and not
 * unread. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define GROUP "000000000000a"

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

static void say(struct client *c, const char *name) {
    client_ask(c,
               "'type':'send','conv':'" GROUP
               "','msg':'0123456789abcde%s','text':'hi'",
               name);
    assert_row(name, client_answered(c, "{'type':'ack',*}"));
}

/* Three messages, a minute passes, and two more. */
static void three_and_two(struct client *c) {
    client_ask(c,
               "'type':'group.retention','conv':'" GROUP "','keep_ms':60000");
    say(c, "1");
    say(c, "2");
    commands_pass(&w, 50000);
    say(c, "3");
    say(c, "4");
    commands_pass(&w, 10001);
}

static void test_history(void **state) {
    static const struct {
        const char *name;
        const char *fields;
        const char *want;
    } rows[] = {
        {"the newest", "", "*'events':[{*'seq':4,*},{*'seq':5,*}]}"},
        {"after none", ",'after':0", "*'events':[{*'seq':4,*},{*'seq':5,*}]}"},
        {"after one that is gone", ",'after':2",
         "*'events':[{*'seq':4,*},{*'seq':5,*}]}"},
        {"before", ",'before':5", "*'events':[{*'seq':4,*}]}"},
        {"before the gap", ",'before':2", "*'events':[]}"},
    };
    struct client *two = client_login(&w, 2);

    (void)state;
    three_and_two(client_login(&w, 1));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        client_ask(two, "'type':'history','conv':'" GROUP "'%s",
                   rows[i].fields);
        assert_row(rows[i].name,
                   client_answered(two,
                                   "{'type':'history','conv':'" GROUP
                                   "','from':1,'head':5,'gap':{'from':1,'to':3,"
                                   "'reason':'retention'},%s",
                                   rows[i].want));
    }
}

#define SYNC "'type':'sync','convs':[{'conv':'" GROUP "','seq':%d}]"
#define SYNCED(gap)                                                            \
    "{'type':'synced','convs':[{'conv':'" GROUP                                \
    "','state':'complete','head':5,'hidden':0" gap "}]}"

static void test_sync(void **state) {
    static const struct {
        const char *name;
        int have;
        const char *want;
    } rows[] = {
        {"nothing", 0, SYNCED(",'gap':{'from':1,'to':3,'reason':'retention'}")},
        {"a part of it", 1,
         SYNCED(",'gap':{'from':2,'to':3,'reason':'retention'}")},
        {"all of it", 3, SYNCED("")},
        {"everything", 5, SYNCED("")},
    };
    struct client *two = client_login(&w, 2);

    (void)state;
    three_and_two(client_login(&w, 1));
    client_ask(two, SYNC, 6);
    assert_true(client_answered(two,
                                "{*'state':'resync','head':5,'hidden':0,"
                                "'gap':{'from':6,'to':6,'reason':'lost'}}]}"));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        client_ask(two, SYNC, rows[i].have);
        assert_row(rows[i].name, client_answered(two, "%s", rows[i].want));
    }
}

/* Also before anybody has read, and when all of it has gone. */
static void test_unread(void **state) {
    struct client *two = client_login(&w, 2);

    (void)state;
    three_and_two(client_login(&w, 1));
    client_ask(two, "'type':'conversations'");
    assert_true(client_answered(two, "{*'head':5,'read':3,'unread':2,*}"));
    commands_pass(&w, 60000);
    commands_refuse(&w, "trim", RC_TIMEOUT);
    client_ask(two, "'type':'conversations'");
    assert_true(client_answered(two, "{*'code':'unavailable',*}"));
    client_ask(two, "'type':'history','conv':'" GROUP "'");
    assert_true(client_answered(two, "{*'code':'unavailable',*}"));
    commands_refuse(&w, NULL, RC_OK);
    client_ask(two, "'type':'conversations'");
    assert_true(client_answered(two, "{*'head':5,'read':5,'unread':0,*}"));
}

/* What the operator has set holds where a group does not say it. */
static void test_default(void **state) {
    struct client *one = client_login(&w, 1);

    (void)state;
    w.server.core.keep_ms = 1000;
    say(one, "1");
    commands_pass(&w, 1001);
    client_ask(one, "'type':'history','conv':'" GROUP "'");
    assert_true(client_answered(
        one, "{*'gap':{'from':1,'to':1,'reason':'retention'},'events':[]}"));
    client_ask(one,
               "'type':'group.retention','conv':'" GROUP "','keep_ms':60000");
    say(one, "2");
    commands_pass(&w, 1001);
    client_ask(one, "'type':'history','conv':'" GROUP "'");
    assert_true(
        client_answered(one, "{*'events':[{*'seq':2,*},{*'seq':3,*}]}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_history, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unread, setup, teardown),
        cmocka_unit_test_setup_teardown(test_default, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
