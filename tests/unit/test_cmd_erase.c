/* All that is kept about a user, and taking it away. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define GROUP "000000000000a"
#define DIRECT "000000000000b"
#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define USER3 "0000000000003"

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

/* As somebody who holds the key signs a token. */
static struct client *operator_as(uint64_t user) {
    struct client *c = client_login(&w, user);

    c->session.device.v = user;
    return c;
}

static void say(struct client *c, const char *conv, const char *name) {
    client_ask(c,
               "'type':'send','conv':'%s','msg':'0123456789abcde%s',"
               "'text':'secret %s'",
               conv, name, name);
    assert_true(client_answered(c, "{'type':'ack',*"));
}

#define EXPORT(more) "'type':'account.export'" more

/* Himself first, then each conversation with what he has said, and nothing of
 * what others have. */
static void test_export(void **state) {
    static const char *const pages[] = {
        "{'type':'export','records':[{'record':'user','user':'" USER1
        "','name':'user1','last_seen':0},{'record':'device',*},"
        "{'record':'friend','user':'" USER2 "','name':'user2','state':'asked'},"
        "{'record':'block','user':'" USER3 "','name':'user3'}],"
        "'next':'0000000000001:0'}",
        "{'type':'export','records':[{'record':'conversation','conv':'" GROUP
        "','kind':'group','title':'group','role':'owner','from':1},"
        "{'record':'event','event':{*'seq':1,*'text':'secret 1'}}},"
        "{'record':'event','event':{*'seq':3,*'text':'secret 3'}}}],"
        "'next':'" DIRECT ":0'}",
        "{'type':'export','records':[]}",
    };
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    char place[64] = "";

    (void)state;
    say(one, GROUP, "1");
    say(two, GROUP, "2");
    say(one, GROUP, "3");
    client_ask(one, "'type':'friend.ask','user':'" USER2 "'");
    client_ask(one, "'type':'block','user':'" USER3 "'");
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        if (i == 0) {
            client_ask(one, EXPORT(""));
        } else {
            client_ask(one, EXPORT(",'place':'%s'"), place);
        }
        assert_row(pages[i], client_answered(one, "%s", pages[i]));
        if (i + 1 < COUNT_OF(pages)) {
            memcpy(place, client_field(one, "next").s, sizeof(place));
        }
    }
}

static const struct command_row export_rows[] = {
    {"no place", EXPORT(",'place':'here'"), "bad_value place", NULL, RC_OK},
    {"half a place", EXPORT(",'place':'" GROUP ":'"), "bad_value place", NULL,
     RC_OK},
    {"the directory is away", EXPORT(""), "unavailable +1000", "devices_of",
     RC_AGAIN},
    {"and later", EXPORT(",'place':'" GROUP ":0'"), "unavailable +1000",
     "convs_after", RC_AGAIN},
    {"as one who logged in", "'type':'account.erase'", "forbidden", NULL,
     RC_OK},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(export_rows, COUNT_OF(export_rows), NULL);
}

/* Where the next page begins; an answer may be more than client_field reads. */
static bool take_next(const struct client *c, char place[64]) {
    const char *at = strstr(c->answer, "\"next\":\"");
    size_t n;

    if (at == NULL) {
        return false;
    }
    at += strlen("\"next\":\"");
    n = strcspn(at, "\"");
    assert_true(n < 64);
    memcpy(place, at, n);
    place[n] = '\0';
    return true;
}

/* A conversation of many events is exported in many pages, each event once. */
static void test_export_pages(void **state) {
    struct client *one = client_login(&w, 1);
    char place[64] = GROUP ":0";
    size_t events = 0;
    size_t pages = 0;

    (void)state;
    for (int i = 0; i < 250; i++) {
        commands_pass(&w, 1000);
        client_ask(one,
                   "'type':'send','conv':'" GROUP
                   "','msg':'0123456789abc%03d','text':'hi'",
                   i);
    }
    do {
        const char *at;

        client_ask(one, EXPORT(",'place':'%s'"), place);
        at = one->answer;
        while ((at = strstr(at, "\"record\":\"event\"")) != NULL) {
            events++;
            at++;
        }
        pages++;
    } while (take_next(one, place) && pages < 10);
    assert_int_equal(events, 250);
    assert_int_equal(pages, 4);
}

/* He is logged out, out of his groups, without a name and friends; the others
 * are told and find no text of his. */
static void test_erase(void **state) {
    struct client *phone = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct client *op;

    (void)state;
    say(phone, GROUP, "1");
    say(two, GROUP, "2");
    client_ask(phone, "'type':'friend.ask','user':'" USER2 "'");
    client_ask(phone, "'type':'block','user':'" USER3 "'");
    client_ask(phone, "'type':'group.invite','conv':'" GROUP "'");
    op = operator_as(1);
    client_ask(op, "'type':'account.erase'");
    assert_true(client_answered(
        op, "{'type':'erased','devices':2,'groups':1,'conversations':1,"
            "'messages':1,'friends':1,'blocks':1,'invites':1}"));
    assert_int_equal(phone->close_code, CLOSE_REVOKED);
    assert_true(
        client_heard(two, "{*'kind':'member.left',*'owner':'" USER2 "'}}"));
    assert_true(client_heard(
        two, "{*'kind':'member.erased',*'body':{'user':'" USER1 "'}}"));
    client_ask(two, "'type':'history','conv':'" GROUP "'");
    assert_true(client_answered(two, "{*'text':'secret 2'*"));
    assert_null(strstr(two->answer, "secret 1"));
    client_ask(two, "'type':'user.names','users':['" USER1 "']");
    assert_true(client_answered(two, "{*'name':'erased'*"));
    client_ask(two, "'type':'user.find','name':'user1'");
    assert_true(client_answered(two, "{*'code':'not_found'*"));
}

/* What stopped half way is done by asking again, and said once. */
static void test_erase_again(void **state) {
    static const char *const refused[] = {
        "user_close", "convs_after", "member_remove",
        "erase",      "append",      "user_erase",
    };
    struct client *two = client_login(&w, 2);
    struct client *one = client_login(&w, 1);
    struct client *op;

    (void)state;
    say(one, GROUP, "1");
    op = operator_as(1);
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        commands_refuse(&w, refused[i], RC_AGAIN);
        client_ask(op, "'type':'account.erase'");
        assert_row(refused[i], client_answered(op, "{*'code':'unavailable',*"));
    }
    commands_refuse(&w, NULL, RC_OK);
    client_ask(op, "'type':'account.erase'");
    assert_true(client_answered(op, "{'type':'erased',*}"));
    client_ask(two, "'type':'history','conv':'" GROUP "'");
    assert_true(client_answered(two, "{*'head':3,*"));
    assert_null(strstr(two->answer, "secret"));
}

/* Many conversations take many calls. */
static void test_erase_pages(void **state) {
    struct client *op = operator_as(1);
    struct field next;

    (void)state;
    for (uint64_t v = 0; v < 24; v++) {
        fake_directory_group(w.directory, (struct conv_id){100 + v}, 1, 2);
    }
    client_ask(op, "'type':'account.erase'");
    assert_true(client_answered(op, "{*'groups':20,*'next':'*'}"));
    next = client_field(op, "next");
    client_ask(op, "'type':'account.erase','after':'%s'", next.s);
    assert_true(client_answered(op, "{*'groups':5,*'friends':0,*}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_export, setup, teardown),
        cmocka_unit_test_setup_teardown(test_export_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erase, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erase_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erase_pages, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
