/* Wide conversations: who sees which event, what waits for the directory, and
 * who is caught up. */
#include "tests/unit/assert_row.h"

#include "chat-core/wide.h"
#include "proto/base/macros.h"
#include "tests/unit/wide_world.h"

static void remove_bob(void) {
    fake_directory_remove(w.directory, conv, (struct user_id){BOB});
}

/* ---- events ---- */

static void test_in_step(void **state) {
    (void)state;
    event(11, 1);
    assert_int_equal(ann.seen[11], 1);
    assert_int_equal(bob.seen[11], 1);
    assert_int_equal(w.gates[0].directory->count, 0);
    bus_say_event(&w, (struct topic){TOPIC_CONV, 999}, conv, 12, 1);
    fake_bus_turn(w.bus);
    assert_int_equal(ann.seen[12], 0); /* nobody listens there */
}

/* Newer than what is known: it waits, with all that follows, in order. */
static void test_held(void **state) {
    (void)state;
    remove_bob();
    event(11, 2);
    event(12, 2);
    event(13, 1); /* a repeat of before: behind the others all the same */
    assert_int_equal(ann.events, 0);
    assert_int_equal(here()->held_count, 3);
    assert_int_equal(core()->stats.held, 3);
    assert_int_equal(w.gates[0].directory->count, 1);
    world_settle(&w);
    assert_int_equal(ann.events, 3);
    assert_int_equal(ann.last_seq, 13);
    assert_int_equal(bob.events, 0);
    assert_int_equal(here()->version.v, 2);
    assert_int_equal(here()->users.count, 1);
    event(14, 2);
    assert_int_equal(ann.seen[14], 1);
    assert_int_equal(bob.events, 0);
}

static void test_held_and_refused(void **state) {
    (void)state;
    remove_bob();
    w.gates[0].directory->refuse = RC_TIMEOUT;
    event(11, 2);
    world_settle(&w);
    assert_int_equal(ann.events + bob.events, 0);
    world_pass(&w, WIDE_RETRY_MS / 2);
    event(12, 2);
    assert_int_equal(w.gates[0].directory->count, 0); /* not at each event */
    w.gates[0].directory->refuse = RC_OK;
    world_pass(&w, WIDE_RETRY_MS);
    assert_int_equal(ann.events, 2);
    assert_int_equal(bob.events, 0);
}

/* The answer is older than the event: asked again, but not in a ring. */
static void test_directory_behind(void **state) {
    (void)state;
    event(11, 2);
    world_settle(&w);
    assert_int_equal(ann.events, 0);
    assert_int_equal(core()->stats.reloads, 1);
    remove_bob();
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_int_equal(core()->stats.reloads, 2);
    assert_int_equal(ann.seen[11], 1);
    assert_int_equal(bob.events, 0);
}

/* The answer covers the first that waits and not the second. */
static void test_one_more_step(void **state) {
    (void)state;
    add_new(11);
    event(11, 2);
    fake_calls_finish(w.gates[0].directory, FAKE_DO, RC_OK);
    assert_int_equal(ann.seen[11], 1);
    fake_directory_remove(w.directory, conv, (struct user_id){NEW});
    event(12, 3);
    fake_calls_finish(w.gates[0].directory, FAKE_DO, RC_OK);
    assert_int_equal(ann.seen[12], 1);
}

static void test_news_between(void **state) {
    (void)state;
    add_new(11);
    event(11, 2);
    event(12, 3); /* its change comes to the directory after the question */
    fake_calls_finish(w.gates[0].directory, FAKE_DO, RC_OK);
    assert_int_equal(ann.seen[11], 1);
    assert_int_equal(ann.seen[12], 0);
    remove_bob();
    assert_int_equal(w.gates[0].directory->count, 1); /* asked at once */
    world_settle(&w);
    assert_int_equal(ann.seen[12], 1);
    assert_int_equal(bob.seen[12], 0);
}

/* More wait than may: the sessions sync instead. */
static void test_too_many_held(void **state) {
    (void)state;
    w.gates[0].directory->refuse = RC_AGAIN;
    for (uint64_t i = 0; i < HELD_MAX; i++) {
        event(11, 2);
    }
    world_settle(&w);
    assert_int_equal(ann.resyncs, 0);
    event(11, 2);
    assert_int_equal(ann.resyncs, 1);
    assert_int_equal(bob.resyncs, 1);
    assert_int_equal(here()->held_count, 0);
    w.gates[0].directory->refuse = RC_OK;
    remove_bob();
    event(12, 2);
    world_settle(&w);
    assert_int_equal(ann.seen[12], 1);
}

/* More local members than one question holds. */
static void test_batches(void **state) {
    enum {
        MANY = DIRECTORY_BATCH_MAX + 500,
    };
    static struct ear many[MANY];
    const struct conv_id big = {200};

    (void)state;
    fake_directory_users(w.directory, 1000, MANY);
    fake_directory_group(w.directory, big, 1000, MANY);
    for (uint64_t i = 0; i < MANY; i++) {
        ear_join(&w, &many[i], 0, 1000 + i);
    }
    world_settle(&w);
    fake_directory_remove(w.directory, big, (struct user_id){1007});
    bus_say_event(&w, (struct topic){TOPIC_CONV, big.v}, big, 5, 2);
    fake_bus_turn(w.bus);
    assert_int_equal(w.gates[0].directory->count, 1);
    fake_calls_turn(w.gates[0].directory);
    assert_int_equal(many[0].events, 0);
    fake_calls_turn(w.gates[0].directory);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(many[i].events, i == 7 ? 0 : 1);
        ear_leave(&many[i]);
    }
}

/* The same, and the second half is refused: nothing is shown by halves. */
static void test_half_a_batch(void **state) {
    enum {
        MANY = DIRECTORY_BATCH_MAX + 1,
    };
    static struct ear many[MANY];
    const struct conv_id big = {200};
    size_t events = 0;

    (void)state;
    fake_directory_users(w.directory, 1000, MANY);
    fake_directory_group(w.directory, big, 1000, MANY);
    for (uint64_t i = 0; i < MANY; i++) {
        ear_join(&w, &many[i], 0, 1000 + i);
    }
    world_settle(&w);
    fake_directory_remove(w.directory, big, (struct user_id){1007});
    bus_say_event(&w, (struct topic){TOPIC_CONV, big.v}, big, 5, 2);
    fake_bus_turn(w.bus);
    fake_calls_finish(w.gates[0].directory, FAKE_DO, RC_OK);
    fake_calls_finish(w.gates[0].directory, FAKE_REFUSE, RC_TIMEOUT);
    for (uint64_t i = 0; i < MANY; i++) {
        events += many[i].events;
    }
    assert_int_equal(events, 0);
    world_pass(&w, WIDE_RETRY_MS + 100);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(many[i].events, i == 7 ? 0 : 1);
        ear_leave(&many[i]);
    }
}

/* ---- changes on the conversation's topic ---- */

static void test_next_step(void **state) {
    (void)state;
    remove_bob();
    told(topic, BOB, MEMBER_REMOVED, 2, 0);
    event(11, 2);
    assert_int_equal(ann.seen[11], 1);
    assert_int_equal(bob.events, 0);
    assert_int_equal(w.gates[0].directory->count, 0);
}

/* A step is missing: the change is not applied alone. */
static void test_step_missed(void **state) {
    (void)state;
    remove_bob();
    add_new(12);
    told(topic, NEW, MEMBER_ADDED, 3, 0);
    assert_int_equal(here()->version.v, 1);
    event(12, 3);
    world_settle(&w);
    assert_int_equal(ann.seen[12], 1);
    assert_int_equal(bob.events, 0);
}

/* A change that comes while events wait for it lets them go. */
static void test_step_releases(void **state) {
    (void)state;
    remove_bob();
    w.gates[0].directory->refuse = RC_AGAIN;
    event(11, 2);
    world_settle(&w);
    told(topic, BOB, MEMBER_LEFT, 2, 0);
    assert_int_equal(ann.seen[11], 1);
    assert_int_equal(bob.events, 0);
}

/* The last local member goes: nobody listens any more. */
static void test_last_one_out(void **state) {
    (void)state;
    ear_leave(&ann);
    remove_bob();
    told(topic, BOB, MEMBER_REMOVED, 2, 0);
    assert_null(here());
    assert_false(fake_bus_subscribed(core()->bus, topic));
    told(own(BOB), BOB, MEMBER_REMOVED, 2, 0); /* of nothing */
}

/* The last local member goes while events wait and a question is open. */
static void test_last_one_out_while_held(void **state) {
    (void)state;
    ear_leave(&bob);
    event(11, 2);
    ear_leave(&ann);
    assert_int_equal(here()->held_count, 0);
    event(12, 2); /* the subscription's end is on its way */
    ear_join(&w, &ann, 0, ANN);
    world_settle(&w);
    event(13, 1);
    assert_int_equal(ann.seen[13], 1); /* nothing is stuck */
}

/* He was removed and is back; the old news come late. */
static void test_old_news(void **state) {
    (void)state;
    remove_bob();
    fake_directory_add(w.directory, conv, (struct user_id){BOB});
    told(own(BOB), BOB, MEMBER_ADDED, 3, 12);
    told(topic, BOB, MEMBER_REMOVED, 2, 0);
    world_settle(&w);
    event(13, 3);
    world_settle(&w);
    assert_int_equal(bob.seen[13], 1);
}

/* The same with the old news in a directory's answer. */
static void test_old_answer(void **state) {
    (void)state;
    remove_bob();
    event(11, 2);
    fake_calls_execute(w.gates[0].directory);
    fake_directory_add(w.directory, conv, (struct user_id){BOB});
    told(own(BOB), BOB, MEMBER_ADDED, 3, 12);
    world_settle(&w);
    event(12, 3);
    world_settle(&w);
    assert_int_equal(ann.seen[11] + ann.seen[12], 2);
    assert_int_equal(bob.seen[12], 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_in_step),          TEST(test_held),
        TEST(test_held_and_refused), TEST(test_directory_behind),
        TEST(test_one_more_step),    TEST(test_news_between),
        TEST(test_too_many_held),    TEST(test_batches),
        TEST(test_half_a_batch),     TEST(test_next_step),
        TEST(test_step_missed),      TEST(test_step_releases),
        TEST(test_last_one_out),     TEST(test_last_one_out_while_held),
        TEST(test_old_news),         TEST(test_old_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
