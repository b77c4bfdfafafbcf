/* What is done for each of many users: friends.import and broadcast, with what
 * is refused and what fails on the way. */
#include "gateway/each.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define ONE "0000000000001"
#define TWO "0000000000002"
#define THREE "0000000000003"
#define BOT "0000000000009"
#define NOBODY "000000000zzzz"

static struct commands w;
static struct client *server; /* the team's, over HTTP */
static struct api_key_text key;

static void stand_still(struct clock *clock) {
    *clock = w.loop.clock;
}

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    w.loop.read_clock = stand_still;
    fake_directory_bot(w.directory, (struct user_id){9});
    key = fake_directory_key(w.directory, "friends:write broadcast", 0);
    commands_pass(&w, 2000);
    server = client_new(&w);
    server->bearer = key.s;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

static unsigned import(const char *as, const char *users) {
    char body[256];

    snprintf(body, sizeof(body), "{'users':%s}", users);
    server->acts_as = as;
    return client_http(server, "POST /v1/import/friends", body);
}

static unsigned broadcast(const char *msg, const char *users) {
    char body[256];

    snprintf(body, sizeof(body), "{'msg':'%s','text':'hello','users':%s}", msg,
             users);
    server->acts_as = BOT;
    return client_http(server, "POST /v1/broadcast", body);
}

/* Those who are friends already stay so; oneself and nobody are refused. */
static void test_import(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);

    (void)state;
    client_ask(two, "'type':'friend.ask','user':'" ONE "'");
    for (int again = 0; again < 2; again++) {
        assert_int_equal(
            import(ONE, "['" TWO "','" THREE "','" ONE "','" NOBODY "']"), 200);
        assert_true(client_answered(
            server, "{'type':'outcome','done':2,'refused':['" ONE "','" NOBODY
                    "'],'failed':[]}"));
    }
    assert_true(client_heard(two, "{*'friends'*'user':'" ONE "'*'friend'*"));
    client_ask(one, "'type':'friends'");
    assert_true(client_answered(one, "{*'state':'friend'*'state':'friend'*"));
}

/* What a block forbids, a key cannot do either. */
static void test_import_of_who_is_blocked(void **state) {
    struct client *two = client_login(&w, 2);

    (void)state;
    client_ask(two, "'type':'block','user':'" ONE "'");
    assert_int_equal(import(ONE, "['" TWO "']"), 200);
    assert_true(client_answered(server, "{*'done':0,'refused':['" TWO "'],*"));
}

static void test_bad_lists(void **state) {
    static const struct {
        const char *name;
        const char *users;
        const char *like;
    } rows[] = {
        {"none", "[]", "{*'bad_value',*'field':'users'}"},
        {"no list", "'" TWO "'", "{*'bad_value',*'field':'users'}"},
        {"no ids", "[1]", "{*'bad_value',*'field':'users'}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name, import(ONE, rows[i].users) == 400);
        assert_row(rows[i].name, client_answered(server, "%s", rows[i].like));
        assert_row(rows[i].name,
                   broadcast("0123456789abcdef", rows[i].users) == 400);
        assert_row(rows[i].name, client_answered(server, "%s", rows[i].like));
    }
    assert_int_equal(broadcast("short", "['" ONE "']"), 400);
    assert_true(client_answered(server, "{*'field':'msg'}"));
}

/* Of EACH_USERS_MAX + 1; and so many that they cannot all begin at once. */
static void test_many(void **state) {
    struct buf body;

    (void)state;
    fake_directory_users(w.directory, 1000, EACH_USERS_MAX);
    buf_init(&body);
    buf_add_str(&body, "{'users':[");
    for (uint64_t i = 0; i < EACH_USERS_MAX; i++) {
        buf_addf(&body, "%s'%s'", i > 0 ? "," : "", id_text(1000 + i).s);
    }
    buf_add_byte(&body, '\0');
    server->acts_as = ONE;
    body.n--;
    buf_add_str(&body, "]}");
    buf_add_byte(&body, '\0');
    assert_int_equal(
        client_http(server, "POST /v1/import/friends", (const char *)body.p),
        200);
    assert_true(client_answered(
        server, "{'type':'outcome','done':1000,'refused':[],'failed':[]}"));
    body.n -= 3;
    buf_addf(&body, ",'%s']}", id_text(5000).s);
    buf_add_byte(&body, '\0');
    assert_int_equal(
        client_http(server, "POST /v1/import/friends", (const char *)body.p),
        400);
    assert_true(client_answered(server, "{*'too_many',*'field':'users'}"));
    buf_fini(&body);
}

/* The same name is the same message, again and again. */
static void test_broadcast(void **state) {
    struct client *one = client_login(&w, 1);

    (void)state;
    for (int again = 0; again < 2; again++) {
        assert_int_equal(
            broadcast("0123456789abcdef", "['" ONE "','" TWO "','" BOT "']"),
            200);
        assert_true(client_answered(
            server,
            "{'type':'outcome','done':2,'refused':['" BOT "'],'failed':[]}"));
        assert_true(client_heard(one, "{*'seq':1,*'from':'" BOT
                                      "',*'body':{'text':'hello'}}"));
        assert_false(commands_like(buf_slice(&one->heard), "*'seq':2,*"));
    }
}

static void test_broadcast_to_who_wants_none(void **state) {
    struct client *one = client_login(&w, 1);

    (void)state;
    client_ask(one, "'type':'settings.set','reach':'friends'");
    assert_true(client_answered(one, "{*'ok'*"));
    assert_int_equal(broadcast("0123456789abcdef", "['" ONE "','" TWO "']"),
                     200);
    assert_true(client_answered(server, "{*'done':1,'refused':['" ONE "'],*"));
}

/* The stores are away for a part of it: that part is told, to be repeated. */
static void test_failed(void **state) {
    (void)state;
    commands_refuse(&w, "append", RC_AGAIN);
    assert_int_equal(broadcast("0123456789abcdef", "['" ONE "','" TWO "']"),
                     200);
    assert_true(client_answered(
        server, "{*'done':0,'refused':[],'failed':['" ONE "','" TWO "']}"));
    commands_refuse(&w, NULL, RC_OK);
    commands_refuse(&w, "friend_make", RC_TIMEOUT);
    assert_int_equal(import(ONE, "['" TWO "']"), 200);
    assert_true(client_answered(server, "{*'failed':['" TWO "']}"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_import),    TEST(test_import_of_who_is_blocked),
        TEST(test_bad_lists), TEST(test_many),
        TEST(test_broadcast), TEST(test_broadcast_to_who_wants_none),
        TEST(test_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
