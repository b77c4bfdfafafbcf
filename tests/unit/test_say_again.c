/* Saying it again: repeats, and what every failure on the way comes to. */
#include "tests/unit/assert_row.h"

#include "chat-core/say.h"
#include "proto/base/macros.h"
#include "proto/wire/bus_msg.h"
#include "tests/unit/say_world.h"

/* ---- repeats ---- */

static void test_repeat(void **state) {
    struct got first;
    struct got second;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 2);
    world_say(&w, 0, conv, 1, "m1", &first);
    world_settle(&w);
    world_pass(&w, 5000);
    fake_bus_forget(w.bus);
    world_say(&w, 1, conv, 1, "m1", &second);
    world_settle(&w);
    assert_int_equal(second.rc, RC_OK);
    assert_true(second.said.repeat);
    assert_int_equal(second.said.seq.v, first.said.seq.v);
    assert_int_equal(second.said.ts_ms, first.said.ts_ms);
    assert_int_equal(w.gates[1].core.stats.repeats, 1);
    assert_true(sent_to(user_topic(2))); /* the first one may have been lost */
    assert_int_equal(fake_history_head(w.history, conv), 1);
}

/* Both attempts are on their way at once, on two gateways. */
static void test_repeat_in_flight(void **state) {
    struct got got[2];

    (void)state;
    fake_directory_group(w.directory, conv, 1, 2);
    world_say(&w, 0, conv, 1, "m1", &got[0]);
    world_say(&w, 1, conv, 1, "m1", &got[1]);
    world_settle(&w);
    assert_int_equal(got[0].said.seq.v, 1);
    assert_int_equal(got[1].said.seq.v, 1);
    assert_int_equal(got[0].said.repeat + got[1].said.repeat, 1);
}

static void test_conflict(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 2);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    say(&w.gates[0].core,
        &(struct say){.conv = conv,
                      .from = {1},
                      .kind = "message",
                      .name = SLICE_LIT("m1"),
                      .body = SLICE_LIT("{\"text\":\"other\"}")},
        got_said, &got);
    world_settle(&w);
    assert_int_equal(got.calls, 2);
    assert_int_equal(got.rc, RC_CONFLICT);
    world_say(&w, 0, conv, 2, "m1", &got); /* another sender's own name */
    world_settle(&w);
    assert_int_equal(got.said.seq.v, 2);
}

/* Who joined after the message does not get its repeat; he whose joining is
 * not complete is told where to look, and nothing else. */
static void test_repeat_and_newcomers(void **state) {
    struct bus_msg msg;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 2);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    world_fill(&w, conv, 1, 1);
    fake_directory_add(w.directory, conv, (struct user_id){3});
    fake_directory_bound(w.directory, conv, (struct user_id){3}, 2, true);
    fake_directory_add(w.directory, conv, (struct user_id){4});
    fake_bus_forget(w.bus);
    world_say(&w, 1, conv, 1, "m1", &got);
    world_settle(&w);
    assert_int_equal(got.said.seq.v, 1);
    assert_int_equal(sent_to_users(1, 2), 2);
    assert_int_equal(sent_to_users(3, 60), 1);
    assert_int_equal(
        bus_msg_decode(fake_bus_last(w.bus, user_topic(4))->msg, &msg), RC_OK);
    assert_true(msg.kind == BUS_MEMBER && msg.u.member.change == MEMBER_SAME);
    assert_int_equal(msg.u.member.seq.v, 1);
}

/* A known name is answered whatever membership this gateway believes in: who
 * was removed since does not get the repeat. */
static void test_repeat_with_an_old_table(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    world_say(&w, 0, conv, 1, "m0", &got); /* here 3 is a member for long */
    world_settle(&w);
    fake_directory_remove(w.directory, conv, (struct user_id){3});
    world_say(&w, 1, conv, 1, "m1", &got);
    world_settle(&w);
    assert_int_equal(got.said.seq.v, 2);
    fake_bus_forget(w.bus);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    assert_true(got.said.repeat);
    assert_int_equal(sent_to_users(1, 2), 2);
    assert_false(sent_to(user_topic(3)));
}

/* The membership cannot be read again: stored, and not told. */
static void test_repeat_and_no_table(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    fake_bus_forget(w.bus);
    world_say(&w, 0, conv, 1, "m1", &got);
    w.gates[0].directory->refuse = RC_AGAIN;
    world_settle(&w);
    assert_int_equal(got.rc, RC_BACKEND);
    assert_int_equal(fake_bus_sent_count(w.bus), 0);
}

static void say_as_system(const char *body, uint64_t version, struct got *got) {
    say_change(&w.gates[0].core,
               &(struct say){.conv = conv,
                             .from = {1},
                             .kind = "group.title",
                             .name = SLICE_LIT(".m1"),
                             .body = slice_str(body)},
               &(struct say_change){.version = {version}}, got_said, got);
    world_settle(&w);
}

/* Nobody of those who could hear a repeat is left: it is acked all the same.
 * What the system says is a repeat by its name alone. */
static void test_repeat_for_nobody(void **state) {
    struct got got = {.calls = 0};

    (void)state;
    fake_directory_group(w.directory, conv, 1, 1);
    say_as_system("{\"title\":\"a\"}", 1, &got);
    assert_false(got.said.repeat);
    fake_bus_forget(w.bus);
    fake_directory_remove(w.directory, conv, (struct user_id){1});
    say_as_system("{\"title\":\"b\"}", 2, &got);
    assert_int_equal(got.calls, 2);
    assert_true(got.said.repeat);
    assert_int_equal(fake_bus_sent_count(w.bus), 0);
}

/* ---- failures ---- */

struct failure_row {
    const char *name;
    bool directory; /* else the history */
    enum fake_how how;
    enum rc in;
    enum rc out;
    uint64_t head;
};

static const struct failure_row failure_rows[] = {
    {"directory away", true, FAKE_REFUSE, RC_AGAIN, RC_AGAIN, 0},
    {"directory late", true, FAKE_REFUSE, RC_TIMEOUT, RC_TIMEOUT, 0},
    {"directory broken", true, FAKE_REFUSE, RC_BACKEND, RC_BACKEND, 0},
    {"history away", false, FAKE_REFUSE, RC_AGAIN, RC_AGAIN, 0},
    {"history lost it", false, FAKE_REFUSE, RC_TIMEOUT, RC_TIMEOUT, 0},
    {"history late", false, FAKE_LOSE, RC_TIMEOUT, RC_TIMEOUT, 1},
    {"history broken", false, FAKE_LOSE, RC_BACKEND, RC_BACKEND, 1},
};

/* And a repeat by the same name finds out, each time. */
static void test_failures(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(failure_rows); i++) {
        const struct failure_row *row = &failure_rows[i];
        const struct conv_id id = {200 + i};
        struct got got;

        fake_directory_group(w.directory, id, 1, 2);
        fake_bus_forget(w.bus);
        world_say(&w, 0, id, 1, "m1", &got);
        if (!row->directory) {
            fake_calls_turn(w.gates[0].directory);
        }
        fake_calls_finish(row->directory ? w.gates[0].directory
                                         : w.gates[0].history,
                          row->how, row->in);
        world_settle(&w);
        assert_row(row->name, got.calls == 1 && got.rc == row->out);
        assert_row(row->name, fake_history_head(w.history, id) == row->head);
        assert_row(row->name, fake_bus_sent_count(w.bus) == 0);
        world_say(&w, 0, id, 1, "m1", &got);
        world_settle(&w);
        assert_row(row->name, got.rc == RC_OK && got.said.seq.v == 1);
        assert_row(row->name, got.said.repeat == (row->head == 1));
        assert_row(row->name, fake_bus_sent_count(w.bus) == 2);
    }
}

struct publish_row {
    const char *name;
    enum rc in;
    enum rc out;
};

/* It is stored: that the bus did nothing does not mean nothing happened. */
static const struct publish_row publish_rows[] = {
    {"bus away", RC_AGAIN, RC_BACKEND},
    {"bus late", RC_TIMEOUT, RC_TIMEOUT},
    {"bus broken", RC_BACKEND, RC_BACKEND},
};

static void test_publish_fails(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(publish_rows); i++) {
        const struct publish_row *row = &publish_rows[i];
        const struct conv_id id = {200 + i};
        struct got got;

        fake_directory_group(w.directory, id, 1, 2);
        fake_bus_forget(w.bus);
        fake_bus_fail(w.gates[0].core.bus, row->in, 1);
        world_say(&w, 0, id, 1, "m1", &got);
        world_settle(&w);
        assert_row(row->name, got.calls == 1 && got.rc == row->out);
        assert_row(row->name, fake_history_head(w.history, id) == 1);
        world_say(&w, 0, id, 1, "m1", &got);
        world_settle(&w);
        assert_row(row->name, got.rc == RC_OK && got.said.repeat);
        assert_row(row->name, fake_bus_sent_count(w.bus) == 2);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_repeat),
        TEST(test_repeat_in_flight),
        TEST(test_conflict),
        TEST(test_repeat_and_newcomers),
        TEST(test_repeat_with_an_old_table),
        TEST(test_repeat_and_no_table),
        TEST(test_repeat_for_nobody),
        TEST(test_failures),
        TEST(test_publish_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
