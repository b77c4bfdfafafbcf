/* Watching a conversation: which step of the ladder it stands on, and how many
 * of a large one are there, for as long as somebody wants to know. */
#include "gateway/counts.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/wheel.h"
#include "tests/fakes/commands.h"

enum {
    TURN_MS = 2 * WHEEL_TICK_MS,
    EVERY_MS = 1000,
};

static struct commands w;

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    w.settings.presence_each = 2;
    w.settings.watches = 3;
    w.settings.presence_counted = 5;
    w.settings.presence_count_ms = EVERY_MS;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

/* The conversation that user 1 makes, with user 2 up to `last`. */
static struct field group_up_to(struct client *owner, unsigned last) {
    char members[256];
    size_t n = 0;

    for (unsigned user = 2; user <= last; user++) {
        n += (size_t)snprintf(members + n, sizeof(members) - n,
                              "%s'000000000000%u'", user == 2 ? "" : ",", user);
    }
    client_ask(owner, "'type':'group.create','title':'t','members':[%s]",
               members);
    return client_field(owner, "conv");
}

static void watch(struct client *c, struct field conv) {
    client_ask(c, "'type':'presence.watch','conv':'%s'", conv.s);
    client_forget(c);
}

static void truth(uint64_t user, enum presence_state state) {
    fake_presence_set(&w.presence, &(struct presence_known){{user}, state, 17});
}

static void everybody(enum presence_state state) {
    for (uint64_t user = 1; user <= 9; user++) {
        truth(user, state);
    }
}

static void count(void) {
    commands_pass(&w, EVERY_MS + TURN_MS);
}

static bool told(const struct client *c, struct field conv, unsigned online) {
    return client_heard(c, "{'type':'presence','conv':'%s','online':%u}",
                        conv.s, online);
}

static void test_ladder(void **state) {
    static const struct {
        unsigned members;
        const char *want;
    } rows[] = {
        {2, "'step':'each'"},
        {3, "'step':'batch','window_ms':1700"},
        {4, "'step':'count','lease_ms':120000"},
        {5, "'step':'count','lease_ms':120000"},
        {6, "'step':'ask'"},
    };
    struct client *c = client_login(&w, 1);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field conv = group_up_to(c, rows[i].members);

        watch(c, conv);
        assert_true(client_answered(
            c, "{'type':'presence','conv':'%s','members':%u,%s}", conv.s,
            rows[i].members, rows[i].want));
    }
    assert_int_equal(w.server.counts.convs.count, 2);
    assert_int_equal(w.server.stats.presence[PRESENCE_ASK], 1);
}

/* Told when it changes, to all who want to know, and to nobody else. */
static void test_count(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct client *other = client_login(&w, 3);
    struct field conv = group_up_to(one, 4);

    (void)state;
    everybody(PRESENCE_OFFLINE);
    truth(2, PRESENCE_ONLINE);
    client_forget(other);
    watch(one, conv);
    count();
    assert_true(told(one, conv, 1));
    watch(two, conv);
    assert_true(client_answered(two, "{*'lease_ms':120000,'online':1}"));
    client_forget(one);
    count();
    assert_int_equal(one->heard.n, 0);
    truth(3, PRESENCE_AWAY);
    truth(5, PRESENCE_ONLINE); /* who is no member */
    count();
    assert_true(told(one, conv, 2));
    assert_true(told(two, conv, 2));
    assert_int_equal(other->heard.n, 0);
    client_ask(one, "'type':'presence.unwatch','conv':'%s'", conv.s);
    client_forget(one);
    truth(3, PRESENCE_OFFLINE);
    count();
    assert_int_equal(one->heard.n, 0);
    assert_true(told(two, conv, 1));
    assert_int_equal(w.server.stats.presence[PRESENCE_COUNT], 4);
    session_close(&two->session, 1000, "a test");
    count();
    assert_int_equal(w.server.counts.convs.count, 0);
}

/* Nothing is told that nobody could tell, or that a store did not answer. */
static void test_not_known(void **state) {
    static const char *const refused[] = {"group_members", "hidden_among"};
    struct client *c = client_login(&w, 1);
    struct field conv = group_up_to(c, 4);

    (void)state;
    everybody(PRESENCE_ONLINE);
    truth(3, PRESENCE_UNKNOWN);
    watch(c, conv);
    count();
    assert_int_equal(c->heard.n, 0);
    truth(3, PRESENCE_ONLINE);
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        commands_refuse(&w, refused[i], RC_TIMEOUT);
        count();
        assert_row(refused[i], c->heard.n == 0);
    }
    commands_refuse(&w, NULL, RC_OK);
    count();
    assert_true(told(c, conv, 4));
}

/* Who shows himself to friends only or to nobody is not found by counting. */
static void test_hidden(void **state) {
    struct client *c = client_login(&w, 1);
    struct client *shy = client_login(&w, 2);
    struct field conv = group_up_to(c, 4);

    (void)state;
    everybody(PRESENCE_ONLINE);
    client_ask(shy, "'type':'settings.set','seen':'friends'");
    watch(c, conv);
    count();
    assert_true(told(c, conv, 3));
}

/* Who is no member any more is told nothing, nor who does not renew. */
static void test_end(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);
    struct field conv = group_up_to(one, 5);

    (void)state;
    everybody(PRESENCE_ONLINE);
    watch(two, conv);
    watch(one, conv);
    count();
    client_ask(one, "'type':'group.remove','conv':'%s','user':'0000000000002'",
               conv.s);
    truth(3, PRESENCE_OFFLINE);
    count(); /* in the name of who is no member */
    client_forget(one);
    client_forget(two);
    truth(4, PRESENCE_OFFLINE);
    count();
    count();
    assert_true(told(one, conv, 2));
    assert_int_equal(two->heard.n, 0);
    assert_int_equal(two->session.counting, 0);
    commands_pass(&w, COUNT_LEASE_MS / 2);
    watch(one, conv); /* again */
    commands_pass(&w, COUNT_LEASE_MS / 2 + TURN_MS);
    assert_int_equal(one->session.counting, 1);
    commands_pass(&w, COUNT_LEASE_MS);
    count();
    assert_int_equal(one->session.counting, 0);
    assert_int_equal(w.server.counts.convs.count, 0);
}

static void test_too_many(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    for (size_t i = 0; i < COUNTS_MAX; i++) {
        watch(c, group_up_to(c, 4));
    }
    assert_int_equal(c->session.counting, COUNTS_MAX);
    watch(c, group_up_to(c, 4));
    assert_true(client_answered(c, "{'type':'error',*"));
    assert_int_equal(c->session.counting, COUNTS_MAX);
}

/* A gateway that counts enough says: ask. */
static void test_full(void **state) {
    struct client *c = NULL;
    struct field conv;

    (void)state;
    w.settings.sessions_per_user = COMMANDS_CLIENTS_MAX;
    for (uint64_t i = 0; i < COUNTED_MAX; i++) {
        if (i % COUNTS_MAX == 0) {
            c = client_login(&w, 1);
        }
        assert_int_equal(
            counts_add(&w.server, &c->session, (struct conv_id){1000 + i}),
            RC_OK);
    }
    c = client_login(&w, 1);
    conv = group_up_to(c, 4);
    watch(c, conv);
    assert_true(client_answered(
        c, "{'type':'presence','conv':'%s','members':4,'step':'ask'}", conv.s));
    count(); /* none of them has this member */
    assert_int_equal(w.server.counts.convs.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ladder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hidden, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
