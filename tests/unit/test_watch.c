/* Who watches whose presence: one subscription for a user, however many
 * sessions watch him, nothing left of one that ends; and what a session is
 * told, and when. */
#include "gateway/watch.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/wheel.h"
#include "tests/fakes/commands.h"

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

static bool subscribed(uint64_t user) {
    commands_settle(&w);
    return fake_bus_subscribed(w.server.core.bus,
                               (struct topic){TOPIC_SEEN, user});
}

static void test_subscription(void **state) {
    struct session *a = &client_login(&w, 1)->session;
    struct session *b = &client_login(&w, 2)->session;
    struct user_id three = {3};
    struct user_id four = {4};

    (void)state;
    assert_false(subscribed(3));
    watch_add(&w.server.watch, a, three);
    watch_add(&w.server.watch, a, three);
    watch_add(&w.server.watch, b, three);
    watch_add(&w.server.watch, b, four);
    assert_true(subscribed(3));
    assert_true(subscribed(4));
    assert_int_equal(a->watch_count, 1);
    assert_int_equal(b->watch_count, 2);
    assert_true(watch_has(b, four));
    assert_false(watch_has(a, four));
    watch_remove(&w.server.watch, a, three);
    watch_remove(&w.server.watch, a, three);
    watch_remove(&w.server.watch, a, four);
    assert_true(subscribed(3)); /* for the other */
    assert_false(watch_has(a, three));
    assert_true(watch_has(b, three));
    assert_int_equal(a->watch_count, 0);
    watch_remove(&w.server.watch, b, three);
    assert_false(subscribed(3));
    assert_true(subscribed(4));
    assert_int_equal(w.server.watch.users.count, 1);
}

/* In the middle of a chain, at its ends, and all of it with the session. */
static void test_forget(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    for (uint64_t user = 2; user <= 5; user++) {
        watch_add(&w.server.watch, &c->session, (struct user_id){user});
    }
    watch_remove(&w.server.watch, &c->session, (struct user_id){3});
    watch_remove(&w.server.watch, &c->session, (struct user_id){2});
    watch_remove(&w.server.watch, &c->session, (struct user_id){5});
    assert_int_equal(c->session.watch_count, 1);
    assert_true(watch_has(&c->session, (struct user_id){4}));
    watch_add(&w.server.watch, &c->session, (struct user_id){5});
    session_close(&c->session, 1000, "a test");
    assert_int_equal(c->session.watch_count, 0);
    assert_int_equal(w.server.watch.users.count, 0);
    assert_false(subscribed(4));
}

#define PUSH(rest)                                                             \
    "{'type':'presence','users':[{'user':'0000000000003'," rest "}]}"

enum {
    TURN_MS = 2 * WHEEL_TICK_MS,
};

static void seen(uint64_t user, enum presence_state state, uint64_t since_ms) {
    watch_seen(&w.server.watch,
               &(struct presence_known){{user}, state, since_ms});
}

static void test_seen(void **state) {
    struct client *a = client_login(&w, 1);
    struct client *b = client_login(&w, 2);
    struct user_id three = {3};

    (void)state;
    seen(3, PRESENCE_ONLINE, 17); /* by nobody */
    watch_add(&w.server.watch, &a->session, three);
    seen(3, PRESENCE_ONLINE, 17);
    commands_pass(&w, TURN_MS);
    assert_true(client_heard(a, PUSH("'state':'online','since':17")));
    assert_int_equal(b->heard.n, 0);
    watch_add(&w.server.watch, &b->session, three);
    seen(3, PRESENCE_OFFLINE, 17);
    commands_pass(&w, TURN_MS);
    assert_true(client_heard(a, PUSH("'state':'offline','since':17")));
    assert_true(client_heard(b, PUSH("'state':'offline','since':17")));
    client_forget(a);
    seen(3, PRESENCE_OFFLINE, 17); /* the same once more */
    commands_pass(&w, TURN_MS);
    assert_int_equal(a->heard.n, 0);
}

#define USERS(list) "{'type':'presence','users':[" list "]}"
#define IS(id, state) "{'user':'000000000000" id "','state':'" state "'}"

static size_t texts_of(const struct client *c) {
    size_t n = 0;

    for (size_t i = 0; i < c->heard.n; i++) {
        n += c->heard.p[i] == '\n';
    }
    return n;
}

/* What changes in one turn is one text, with what is true in the end. */
static void test_turn(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    for (uint64_t user = 2; user <= 5; user++) {
        watch_add(&w.server.watch, &c->session, (struct user_id){user});
    }
    seen(2, PRESENCE_ONLINE, 0);
    seen(3, PRESENCE_ONLINE, 0);
    seen(4, PRESENCE_ONLINE, 0);
    seen(2, PRESENCE_AWAY, 0);
    watch_remove(&w.server.watch, &c->session, (struct user_id){4});
    commands_pass(&w, TURN_MS);
    assert_int_equal(texts_of(c), 1);
    assert_true(client_heard(c, USERS(IS("2", "away") "," IS("3", "online"))));
    client_forget(c);
    seen(5, PRESENCE_ONLINE, 0);
    watch_remove(&w.server.watch, &c->session, (struct user_id){5});
    commands_pass(&w, TURN_MS);
    assert_int_equal(c->heard.n, 0);
    seen(2, PRESENCE_ONLINE, 0); /* and nothing is left when it ends now */
}

/* Who watches many is told once in a window, and a quiet one costs nothing. */
static void test_window(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    w.settings.presence_each = 2;
    w.settings.presence_window_ms = 1000;
    for (uint64_t user = 2; user <= 4; user++) {
        watch_add(&w.server.watch, &c->session, (struct user_id){user});
    }
    seen(2, PRESENCE_ONLINE, 0);
    commands_pass(&w, 500);
    seen(2, PRESENCE_AWAY, 0);
    seen(3, PRESENCE_ONLINE, 0);
    commands_pass(&w, 400);
    assert_int_equal(c->heard.n, 0);
    commands_pass(&w, 100 + TURN_MS);
    assert_int_equal(texts_of(c), 1);
    assert_true(client_heard(c, USERS(IS("2", "away") "," IS("3", "online"))));
    watch_remove(&w.server.watch, &c->session, (struct user_id){4});
    seen(2, PRESENCE_ONLINE, 0); /* two are few */
    commands_pass(&w, TURN_MS);
    assert_true(client_heard(c, USERS(IS("2", "online"))));
    client_forget(c);
    commands_pass(&w, 5000);
    assert_int_equal(c->heard.n, 0);
}

/* A session that is slow is told what is true when it keeps up again, but
 * what it may not see any more at once, whatever waits. */
static void test_slow(void **state) {
    struct client *c = client_login(&w, 1);
    struct user_id three = {3};

    (void)state;
    watch_add(&w.server.watch, &c->session, three);
    watch_add(&w.server.watch, &c->session, (struct user_id){4});
    c->queued = 100000;
    seen(3, PRESENCE_ONLINE, 0);
    seen(4, PRESENCE_ONLINE, 0);
    commands_pass(&w, TURN_MS);
    assert_int_equal(c->heard.n, 0);
    watch_hide(&w.server.watch, &c->session, (struct user_id){5});
    assert_int_equal(c->heard.n, 0);
    watch_hide(&w.server.watch, &c->session, three);
    assert_true(client_heard(c, PUSH("'state':'unknown'")));
    assert_false(watch_has(&c->session, three));
    assert_int_equal(c->close_code, 0);
    client_forget(c);
    seen(4, PRESENCE_AWAY, 0);
    c->queued = 0;
    commands_pass(&w, 2 * w.settings.presence_window_ms);
    assert_int_equal(texts_of(c), 1);
    assert_true(client_heard(c, USERS(IS("4", "away"))));
}

/* ---- what went unheard ---- */

enum {
    SOON_MS = 10 * 1000 + TURN_MS, /* at the latest it is asked then */
};

static void truth(uint64_t user, enum presence_state state) {
    fake_presence_set(&w.presence, &(struct presence_known){{user}, state, 17});
}

static void hear_ask(void) {
    struct topic gateways = {TOPIC_GATEWAYS, 1};
    struct bus *bus = w.server.core.bus;
    struct buf b;

    buf_init(&b);
    bus_msg_encode(&b, &(struct bus_msg){.kind = BUS_PRESENCE_ASK});
    bus->ops->publish(bus, &gateways, 1, buf_slice(&b), false, NULL, NULL);
    buf_fini(&b);
    commands_settle(&w);
}

static void hear_bus_again(void) {
    server_bus_events.on_back(&w.server);
}

static void hand_over(void) {
    watch_ask(&w.server.watch);
}

#define WATCH_3 "'type':'presence.watch','users':['0000000000003']"
#define IS_SINCE(id, state)                                                    \
    "{'user':'000000000000" id "','state':'" state "','since':17}"

/* Whatever made him miss it, a watcher is told the truth, once. */
static void test_doubt(void **state) {
    static const struct {
        const char *name;
        void (*happens)(void);
    } rows[] = {
        {"a service starts or has missed something", hear_ask},
        {"the bus was away", hear_bus_again},
        {"another process was here", hand_over},
    };
    struct client *c = client_login(&w, 1);

    (void)state;
    truth(3, PRESENCE_ONLINE);
    client_ask(c, WATCH_3);
    assert_int_equal(c->heard.n, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        rows[i].happens();
        commands_pass(&w, SOON_MS);
        commands_pass(&w, TURN_MS);
        assert_row(rows[i].name, c->heard.n == 0); /* it is as it was */
        truth(3, i % 2 == 0 ? PRESENCE_AWAY : PRESENCE_ONLINE);
        rows[i].happens();
        commands_pass(&w, SOON_MS);
        commands_pass(&w, TURN_MS);
        assert_row(rows[i].name, texts_of(c) == 1);
        assert_row(rows[i].name,
                   client_heard(c, i % 2 == 0
                                       ? USERS(IS_SINCE("3", "away"))
                                       : USERS(IS_SINCE("3", "online"))));
        client_forget(c);
    }
    commands_pass(&w, SOON_MS);
    assert_false(wheel_is_set(&w.server.watch.asking));
}

/* Who nobody could tell of is asked for until somebody can. */
static void test_unknown(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);

    (void)state;
    client_ask(one, WATCH_3);
    assert_true(client_answered(one, "{'type':'presence','users':[" IS(
                                         "3", "unknown") "],'step':'each'}"));
    commands_pass(&w, SOON_MS);
    commands_pass(&w, SOON_MS);
    assert_int_equal(one->heard.n, 0);
    truth(3, PRESENCE_ONLINE);
    client_ask(two, WATCH_3); /* what he is answered is news to the other */
    commands_pass(&w, SOON_MS);
    commands_pass(&w, TURN_MS);
    assert_int_equal(texts_of(one), 1);
    assert_true(client_heard(one, USERS(IS_SINCE("3", "online"))));
    client_ask(one, "'type':'presence.unwatch','users':['0000000000003']");
    client_ask(two, "'type':'presence.unwatch','users':['0000000000003']");
    hear_bus_again();
    assert_false(wheel_is_set(&w.server.watch.asking)); /* nobody watches */
}

/* More than one question takes. */
static void test_many(void **state) {
    struct client *c = client_login(&w, 1);
    size_t questions = 0;

    (void)state;
    for (uint64_t user = 100; user < 100 + 2 * PRESENCE_QUERY_MAX; user++) {
        watch_add(&w.server.watch, &c->session, (struct user_id){user});
        truth(user, PRESENCE_ONLINE);
    }
    watch_ask(&w.server.watch);
    while (wheel_is_set(&w.server.watch.asking)) {
        commands_pass(&w, 100 + TURN_MS);
        questions++;
    }
    assert_int_equal(questions, 2);
    commands_pass(&w, w.settings.presence_window_ms + TURN_MS);
    assert_int_equal(texts_of(c), 1); /* of all of them */
    assert_true(list_empty(&w.server.watch.doubted));
}

static void test_put(void **state) {
    static const struct {
        const char *name;
        struct presence_known known;
        const char *want;
    } cases[] = {
        {"online",
         {{1}, PRESENCE_ONLINE, 5},
         "{\"user\":\"0000000000001\",\"state\":\"online\",\"since\":5}"},
        {"offline",
         {{1}, PRESENCE_OFFLINE, 0},
         "{\"user\":\"0000000000001\",\"state\":\"offline\"}"},
        {"unknown",
         {{1}, PRESENCE_UNKNOWN, 0},
         "{\"user\":\"0000000000001\",\"state\":\"unknown\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b;

        buf_init(&b);
        presence_put(&b, &cases[i].known);
        assert_row(cases[i].name, slice_is(buf_slice(&b), cases[i].want));
        buf_fini(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_subscription, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_doubt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test(test_put),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
