/* Joining wide conversations: what knowledge is old, from where a member sees
 * events, and catching up. */
#include "tests/unit/assert_row.h"

#include "chat-core/wide.h"
#include "proto/base/macros.h"
#include "tests/unit/wide_world.h"

/* ---- joining ---- */

/* A session of a member who is new here, into a conversation that is known at
 * an older version: what stands before his `from` is not for him. */
static void test_newcomer_older_events(void **state) {
    struct ear new;

    (void)state;
    add_new(12);
    ear_join(&w, &new, 0, NEW);
    world_settle(&w);
    assert_int_equal(here()->version.v, 1);
    event(11, 1);
    assert_int_equal(ann.seen[11], 1);
    assert_int_equal(new.events, 0);
    event(12, 2);
    world_settle(&w);
    assert_int_equal(new.seen[12], 1);
    event(11, 2); /* a repeat, decided with today's members */
    assert_int_equal(ann.seen[11], 2);
    assert_int_equal(new.seen[11], 0);
    ear_leave(&new);
}

/* The list of his conversations was read before he was removed. */
static void test_joined_with_old_answer(void **state) {
    struct ear new;

    (void)state;
    add_new(11);
    told(topic, NEW, MEMBER_ADDED, 2, 0);
    ear_join(&w, &new, 0, NEW);
    fake_bus_turn(w.bus);
    fake_calls_finish(w.gates[0].directory, FAKE_DO, RC_OK);
    fake_directory_remove(w.directory, conv, (struct user_id){NEW});
    told(topic, NEW, MEMBER_REMOVED, 3, 0);
    world_settle(&w);
    event(13, 3);
    world_settle(&w);
    assert_int_equal(ann.seen[13], 1);
    assert_int_equal(new.seen[13], 0);
    ear_leave(&new);
}

/* He comes with knowledge that is older than what everybody else has. */
static void test_joins_behind_the_version(void **state) {
    struct ear new;

    (void)state;
    ear_join(&w, &new, 0, NEW);
    world_settle(&w);
    add_new(11);
    fake_directory_remove(w.directory, conv, (struct user_id){NEW});
    event(12, 3);
    world_settle(&w);
    assert_int_equal(here()->version.v, 3);
    told(own(NEW), NEW, MEMBER_ADDED, 2, 11); /* long under way */
    assert_int_equal(here()->version.v, 2);
    event(13, 3);
    world_settle(&w);
    assert_int_equal(ann.seen[13], 1);
    assert_int_equal(new.seen[12] + new.seen[13], 0);
    assert_int_equal(here()->version.v, 3);
    ear_leave(&new);
}

/* He joins while the directory is asked about the others: the answer says
 * nothing about him. */
static void test_joins_while_asking(void **state) {
    struct ear new;

    (void)state;
    ear_join(&w, &new, 0, NEW);
    world_settle(&w);
    add_new(11);
    fake_directory_remove(w.directory, conv, (struct user_id){NEW});
    event(12, 3);
    told(own(NEW), NEW, MEMBER_ADDED, 2, 11);
    world_settle(&w);
    assert_int_equal(ann.seen[12], 1);
    assert_int_equal(new.seen[12], 0);
    ear_leave(&new);
}

/* ---- catching up ---- */

/* Made a member by another gateway: listens, and gets what stands from his
 * joining on. */
static void test_catch_up(void **state) {
    struct ear new;

    (void)state;
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    add_new(HEAD - 1);
    told(own(NEW), NEW, MEMBER_ADDED, 2, HEAD - 1);
    world_settle(&w);
    assert_int_equal(new.events, 2);
    assert_int_equal(new.seen[HEAD - 1] + new.seen[HEAD], 2);
    event(11, 2);
    assert_int_equal(new.seen[11], 1);
    ear_leave(&new);
}

/* His joining is not complete: new events are shown, old ones when it is. */
static void test_catch_up_later(void **state) {
    struct ear new;

    (void)state;
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    add_new(0);
    told(own(NEW), NEW, MEMBER_ADDED, 2, HEAD - 1);
    world_settle(&w);
    event(11, 2);
    assert_int_equal(new.events, 1);
    fake_directory_bound(w.directory, conv, new.user, HEAD - 1, true);
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_int_equal(new.seen[HEAD - 1] + new.seen[HEAD], 2);
    ear_leave(&new);
}

/* His session began between the change and its completion: from where he may
 * read is not known. Nothing is shown before, nothing is lost then. */
static void test_from_not_known(void **state) {
    struct ear new;

    (void)state;
    add_new(0);
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    assert_int_equal(new.joined_rc, RC_OK);
    world_fill(&w, conv, ANN, 1);
    event(11, 2);
    assert_int_equal(new.events, 0);
    fake_directory_bound(w.directory, conv, new.user, 11, true);
    w.clock.mono_ms += WIDE_RETRY_MS + 100;
    wheel_advance(&w.gates[1].wheel, w.clock.mono_ms);
    fake_calls_turn(w.gates[1].directory); /* conv_load, row */
    fake_calls_turn(w.gates[1].directory);
    fake_calls_turn(w.gates[1].directory);
    assert_string_equal(fake_calls_next(w.gates[1].history), "range");
    fake_calls_turn(w.gates[1].history);
    assert_int_equal(new.seen[11], 1);
    world_fill(&w, conv, ANN, 1);
    event(12, 2);
    world_settle(&w);
    assert_true(new.seen[12] > 0);
    ear_leave(&new);
}

/* What comes while the first page is read is in the second. */
static void test_between_two_pages(void **state) {
    struct ear new;

    (void)state;
    add_new(0);
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    world_fill(&w, conv, ANN, 1);
    fake_directory_bound(w.directory, conv, new.user, 11, true);
    w.clock.mono_ms += WIDE_RETRY_MS + 100;
    wheel_advance(&w.gates[1].wheel, w.clock.mono_ms);
    while (w.gates[1].history->count == 0) {
        fake_calls_turn(w.gates[1].directory);
    }
    fake_calls_execute(w.gates[1].history);
    world_fill(&w, conv, ANN, 1);
    event(12, 2); /* not shown yet: he may not be allowed to see it */
    assert_int_equal(new.events, 0);
    world_settle(&w);
    assert_int_equal(new.seen[11], 1);
    assert_int_equal(new.seen[12], 1);
    ear_leave(&new);
}

static void test_catch_up_too_much(void **state) {
    struct ear new;

    (void)state;
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    world_fill(&w, conv, ANN, HISTORY_PAGE_MAX);
    add_new(HEAD);
    told(own(NEW), NEW, MEMBER_ADDED, 2, HEAD);
    world_settle(&w);
    assert_int_equal(new.resyncs, 1);
    assert_int_equal(new.events, 0);
    ear_leave(&new);
}

static void test_catch_up_refused(void **state) {
    struct ear new;

    (void)state;
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    add_new(HEAD);
    w.gates[1].history->refuse = RC_TIMEOUT;
    told(own(NEW), NEW, MEMBER_ADDED, 2, HEAD);
    world_settle(&w);
    assert_int_equal(new.events, 0);
    w.gates[1].history->refuse = RC_OK;
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_int_equal(new.seen[HEAD], 1);
    ear_leave(&new);
}

/* The news of his joining is repeated after he was removed: no page shows
 * more than he may see, and no event. */
static void test_repeated_after_removal(void **state) {
    struct ear new;

    (void)state;
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    add_new(5);
    fake_directory_remove(w.directory, conv, new.user);
    told(own(NEW), NEW, MEMBER_ADDED, 2, 5);
    world_settle(&w);
    assert_int_equal(new.events, 0); /* his end is not known yet */
    fake_directory_bound(w.directory, conv, new.user, 7, false);
    told(own(NEW), NEW, MEMBER_ADDED, 2, 5);
    world_settle(&w);
    assert_int_equal(new.events, 3);
    assert_int_equal(new.last_seq, 7);
    event(11, 3);
    world_settle(&w);
    assert_int_equal(new.events, 3);
    assert_null(wide_find(&w.gates[1].core, conv));
    ear_leave(&new);
}

/* He leaves while his page is under way. */
static void test_leave_while_catching_up(void **state) {
    struct ear new;

    (void)state;
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    add_new(5);
    told(own(NEW), NEW, MEMBER_ADDED, 2, 5);
    fake_bus_turn(w.bus);
    ear_leave(&new);
    world_settle(&w);
    assert_int_equal(w.gates[1].core.users.count, 0);
}

/* A narrow conversation, or somebody who is not here: nothing to do. */
static void test_not_concerned(void **state) {
    (void)state;
    bus_say_member(
        &w, own(ANN),
        &(struct bus_member){
            .conv = {101}, .user = {ANN}, .mver = {2}, .change = MEMBER_ADDED});
    bus_say_member(&w, topic,
                   &(struct bus_member){.conv = {101},
                                        .user = {ANN},
                                        .mver = {2},
                                        .change = MEMBER_ADDED,
                                        .wide = true});
    add_new(5);
    told(topic, NEW, MEMBER_ADDED, 2, 0);
    world_settle(&w);
    assert_int_equal(core()->wides.count, 1);
    assert_int_equal(here()->users.count, 2);
    assert_int_equal(here()->version.v, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_newcomer_older_events),
        TEST(test_joined_with_old_answer),
        TEST(test_joins_behind_the_version),
        TEST(test_joins_while_asking),
        TEST(test_catch_up),
        TEST(test_catch_up_later),
        TEST(test_from_not_known),
        TEST(test_between_two_pages),
        TEST(test_catch_up_too_much),
        TEST(test_catch_up_refused),
        TEST(test_repeated_after_removal),
        TEST(test_leave_while_catching_up),
        TEST(test_not_concerned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
