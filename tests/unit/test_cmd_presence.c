/* The commands about presence: ask once, or watch. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/wheel.h"
#include "tests/fakes/commands.h"

#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define USER3 "0000000000003"
#define USER4 "0000000000004"
#define USER5 "0000000000005"
#define NOBODY "000000000000y"

enum {
    SINCE_MS = 1700000000,
    TURN_MS = 2 * WHEEL_TICK_MS,
};

/* User 2 is online, 3 was seen, 4 is offline and was seen once, of 5 nobody
 * can tell; 6 blocks and is online. */
static void some_known(struct commands *w, struct client *c) {
    static const struct presence_known known[] = {
        {{2}, PRESENCE_ONLINE, SINCE_MS},
        {{3}, PRESENCE_OFFLINE, SINCE_MS + 1},
        {{4}, PRESENCE_OFFLINE, 0},
        {{6}, PRESENCE_ONLINE, SINCE_MS},
    };
    struct client *six = client_login(w, 6);

    (void)c;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        fake_presence_set(&w->presence, &known[i]);
    }
    fake_directory_seen(w->directory, (struct user_id){4}, SINCE_MS + 2);
    client_ask(six, "'type':'block','user':'" USER1 "'");
}

#define QUERY(users) "'type':'presence.query','users':[" users "]"
#define WATCH(users) "'type':'presence.watch','users':[" users "]"
#define UNWATCH(users) "'type':'presence.unwatch','users':[" users "]"
#define PRESENCE(users) "{'type':'presence','users':[" users "]}"
#define WATCHED(users) "{'type':'presence','users':[" users "],'step':'each'}"
#define ONE(id, state) "{'user':'" id "','state':'" state "'}"
#define SEEN(id, state, since)                                                 \
    "{'user':'" id "','state':'" state "','since':" since "}"

static const struct command_row rows[] = {
    {"online", QUERY("'" USER2 "'"),
     PRESENCE(SEEN(USER2, "online", "1700000000")), NULL, RC_OK},
    {"offline", QUERY("'" USER3 "'"),
     PRESENCE(SEEN(USER3, "offline", "1700000001")), NULL, RC_OK},
    {"offline, since the directory knows", QUERY("'" USER4 "'"),
     PRESENCE(SEEN(USER4, "offline", "1700000002")), NULL, RC_OK},
    {"nobody can tell", QUERY("'" USER5 "'"), PRESENCE(ONE(USER5, "unknown")),
     NULL, RC_OK},
    {"nobody", QUERY("'" NOBODY "'"), PRESENCE(ONE(NOBODY, "unknown")), NULL,
     RC_OK},
    {"who blocks", QUERY("'0000000000006'"),
     PRESENCE(ONE("0000000000006", "unknown")), NULL, RC_OK},
    {"in the order asked",
     QUERY("'" USER4 "','" USER2 "','0000000000006','" USER4 "'"),
     PRESENCE(SEEN(USER4, "offline", "1700000002") "," SEEN(
         USER2, "online", "1700000000") "," ONE("0000000000006",
                                                "unknown") "," SEEN(USER4,
                                                                    "offline",
                                                                    "17000000"
                                                                    "02")),
     NULL, RC_OK},
    {"no list", "'type':'presence.query'", "bad_value users", NULL, RC_OK},
    {"an empty list", QUERY(""), "bad_value users", NULL, RC_OK},
    {"a name", QUERY("'user2'"), "bad_value users", NULL, RC_OK},
    {"blocks cannot be read", QUERY("'" USER2 "'"), "unavailable +1000",
     "hidden_among", RC_AGAIN},
    {"times cannot be read", QUERY("'" USER4 "'"),
     PRESENCE(ONE(USER4, "offline")), "users_by_id", RC_TIMEOUT},
    {"watch", WATCH("'" USER2 "'"),
     WATCHED(SEEN(USER2, "online", "1700000000")), NULL, RC_OK},
    {"watch who blocks", WATCH("'0000000000006'"),
     WATCHED(ONE("0000000000006", "unknown")), NULL, RC_OK},
    {"watch an empty list", WATCH(""), "bad_value users", NULL, RC_OK},
    {"watch no list", "'type':'presence.watch','users':'" USER2 "'",
     "bad_value users", NULL, RC_OK},
    {"watch, and blocks cannot be read", WATCH("'" USER2 "'"),
     "unavailable +1000", "directory", RC_AGAIN},
    {"watch what is no conversation", "'type':'presence.watch','conv':'x'",
     "bad_value conv", NULL, RC_OK},
    {"watch a conversation of others",
     "'type':'presence.watch','conv':'0000000000009'", "not_found", NULL,
     RC_OK},
    {"watch a conversation no more, which was not",
     "'type':'presence.unwatch','conv':'0000000000009'", "{'type':'ok'}", NULL,
     RC_OK},
    {"watch no more, what was not", UNWATCH("'" USER2 "'"), "{'type':'ok'}",
     NULL, RC_OK},
    {"watch no more, an empty list", UNWATCH(""), "bad_value users", NULL,
     RC_OK},
    {"watch no more, a bad id", UNWATCH("2"), "bad_value users", NULL, RC_OK},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), some_known);
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

/* As a presence service tells it. */
static void tell(uint64_t user, enum presence_state is) {
    struct bus *bus = w.server.core.bus;
    struct topic topic = {TOPIC_SEEN, user};
    struct buf b;

    buf_init(&b);
    bus_msg_encode(&b, &(struct bus_msg){.kind = BUS_PRESENCE_SEEN,
                                         .u.seen = {{user}, is, SINCE_MS}});
    bus->ops->publish(bus, &topic, 1, buf_slice(&b), false, NULL, NULL);
    buf_fini(&b);
    commands_settle(&w);
    commands_pass(&w, TURN_MS);
}

#define PUSH(id, state)                                                        \
    "{'type':'presence','users':[{'user':'" id "','state':'" state             \
    "','since':1700000000}]}"

/* A watcher hears every change, once however often he asked, until he says
 * that it is enough. */
static void test_watched(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *other = client_login(&w, 3);

    (void)state;
    client_ask(one, WATCH("'" USER2 "','" USER4 "','" USER2 "'"));
    tell(2, PRESENCE_ONLINE);
    assert_true(client_heard(one, PUSH(USER2, "online")));
    assert_int_equal(other->heard.n, 0);
    client_forget(one);
    tell(2, PRESENCE_OFFLINE);
    assert_true(slice_is(buf_slice(&one->heard),
                         "{\"type\":\"presence\",\"users\":[{\"user\":\"" USER2
                         "\",\"state\":\"offline\",\"since\":1700000000}]}\n"));
    client_ask(one, UNWATCH("'" USER2 "'"));
    client_forget(one);
    tell(2, PRESENCE_ONLINE);
    assert_int_equal(one->heard.n, 0);
    tell(4, PRESENCE_ONLINE);
    assert_true(client_heard(one, PUSH(USER4, "online")));
    tell(3, PRESENCE_ONLINE);
    assert_false(client_heard(one, PUSH(USER3, "online")));
}

/* Nobody hears of one who blocks him; and who watched is told that there is
 * nothing more to see. */
static void test_blocked(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);

    (void)state;
    client_ask(one, WATCH("'" USER2 "'"));
    client_ask(two, "'type':'block','user':'" USER1 "'");
    assert_true(client_heard(one, PRESENCE(ONE(USER2, "unknown"))));
    client_forget(one);
    tell(2, PRESENCE_ONLINE);
    assert_int_equal(one->heard.n, 0);
    client_ask(one, WATCH("'" USER2 "'"));
    tell(2, PRESENCE_OFFLINE);
    assert_int_equal(one->heard.n, 0);
}

static void list_of(struct buf *b, uint64_t first, size_t count) {
    for (size_t i = 0; i < count; i++) {
        buf_addf(b, "%s'%s'", i == 0 ? "" : ",", id_text(first + i).s);
    }
    buf_add_byte(b, '\0');
}

/* 500 users in one question. */
static void test_query_limit(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    for (size_t count = 500; count <= 501; count++) {
        struct buf b;

        buf_init(&b);
        list_of(&b, 10, count);
        client_ask(c, QUERY("%s"), (const char *)b.p);
        assert_true(client_answered(
            c, "%s",
            count == 500 ? PRESENCE("*")
                         : "{*'code':'too_many',*'field':'users'}"));
        buf_fini(&b);
    }
}

/* As many as the setting says, in however many commands; what is watched
 * already is no more, and what is let go makes room. */
static void test_watch_limit(void **state) {
    static const char full[] = "{*'code':'too_many',*'field':'users'}";
    struct client *c = client_login(&w, 1);

    (void)state;
    w.settings.watches = 2;
    client_ask(c, WATCH("'" USER2 "','" USER3 "','" USER4 "'"));
    assert_true(client_answered(c, full));
    client_ask(c, WATCH("'" USER2 "'"));
    client_ask(c, WATCH("'" USER3 "'"));
    assert_true(client_answered(c, WATCHED("*")));
    client_ask(c, WATCH("'" USER4 "'"));
    assert_true(client_answered(c, full));
    client_ask(c, WATCH("'" USER2 "','" USER3 "'"));
    assert_true(client_answered(c, WATCHED("*")));
    client_ask(c, UNWATCH("'" USER2 "'"));
    client_ask(c, WATCH("'" USER4 "'"));
    assert_true(client_answered(c, WATCHED("*")));
    assert_int_equal(c->session.watch_count, 2);
}

/* He is away when all his sessions say so; a new one is somebody's who is
 * there, and what a session said ends with it. */
static void test_away(void **state) {
    const struct user_id user = {1};
    struct client *one;
    struct client *two;

    (void)state;
    commands_open(&w);
    one = client_login(&w, 1);
    two = client_login(&w, 1);
    client_ask(one, "'type':'presence.set','state':'away'");
    assert_true(client_answered(one, "{'type':'ok'}"));
    assert_int_equal(fake_presence_sessions(&w.presence, user), 2);
    client_ask(two, "'type':'presence.set','state':'away'");
    assert_int_equal(fake_presence_sessions(&w.presence, user),
                     2 | PRESENCE_ALL_AWAY);
    (void)client_login(&w, 1);
    assert_int_equal(fake_presence_sessions(&w.presence, user), 3);
    client_ask(one, "'type':'presence.set','state':'gone'");
    assert_true(client_answered(one, "{*'code':'bad_value',*'state'}"));
    client_ask(one, "'type':'presence.set'");
    assert_true(client_answered(one, "{*'code':'bad_value',*'state'}"));
    commands_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_away),
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_watched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_query_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watch_limit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
