/* Members of wide conversations and the way there, and making groups. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "chat-core/members.h"
#include "chat-core/wide.h"
#include "proto/base/macros.h"
#include "tests/unit/members_world.h"

static void make_group(struct got *got, const struct user_id *members,
                       size_t count) {
    *got = (struct got){.calls = 0};
    group_create(&w.gates[0].core,
                 &(struct group_new){.owner = {OWNER},
                                     .title = SLICE_LIT("a \"title\""),
                                     .members = members,
                                     .count = count},
                 got_changed, got);
}

/* ---- wide ---- */

/* In step, a removal costs the listening gateways no question. */
static void test_remove_wide(void **state) {
    struct ear bob;
    struct ear ann;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 40);
    ear_join(&w, &bob, 1, BOB);
    ear_join(&w, &ann, 1, ANN);
    world_settle(&w);
    ask_remove(&got, OWNER, BOB);
    world_settle(&w);
    world_say(&w, 2, conv, ANN, "after", &got);
    world_settle(&w);
    assert_int_equal(w.gates[1].core.stats.held, 0);
    assert_int_equal(ann.events, 2);
    assert_int_equal(bob.events, 1); /* his own removal, on his own topic */
    assert_int_equal(bob.last_seq, 1);
    ear_leave(&bob);
    ear_leave(&ann);
}

/* The new member, on a gateway that did not listen before. */
static void test_add_wide(void **state) {
    struct ear new;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 40);
    world_fill(&w, conv, OWNER, 3);
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    ask_add(&got, OWNER, NEW);
    world_settle(&w);
    assert_int_equal(got.seq.v, 4);
    assert_true(new.seen[4] > 0);
    world_say(&w, 2, conv, ANN, "after", &got);
    world_settle(&w);
    assert_int_equal(new.seen[5], 1);
    assert_int_equal(new.seen[3], 0);
    ear_leave(&new);
}

/* Who comes back, after a long time, is given what stands from his return on:
 * not all of the past, and not told to sync because of it. Those who listen
 * already read nothing again. */
static void test_comes_back(void **state) {
    struct ear bob;
    struct ear ann;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 20);
    ear_join(&w, &bob, 1, BOB);
    ear_join(&w, &ann, 1, ANN);
    world_fill(&w, conv, OWNER, 150);
    world_settle(&w);
    ask_remove(&got, OWNER, BOB);
    world_settle(&w);
    world_say(&w, 2, conv, ANN, "without him", &got);
    world_settle(&w);
    ear_forget(&bob);
    ear_forget(&ann);
    ask_add(&got, OWNER, BOB);
    world_settle(&w);
    assert_int_equal(got.seq.v, 153);
    world_say(&w, 2, conv, ANN, "with him", &got);
    world_settle(&w);
    assert_int_equal(bob.resyncs, 0);
    assert_true(bob.seen[153] > 0 && bob.seen[154] > 0);
    assert_int_equal(bob.seen[1] + bob.seen[150] + bob.seen[152], 0);
    assert_int_equal(ann.resyncs, 0);
    /* Once more on her own topic, as long as the joining is not complete. */
    assert_true(ann.seen[153] > 0 && ann.seen[154] == 1);
    assert_int_equal(ann.events, ann.seen[153] + 1);
    ear_leave(&bob);
    ear_leave(&ann);
}

/* The bus is away: no group is made whose members would not know. */
static void test_group_without_a_bus(void **state) {
    const struct user_id members[] = {{2}, {3}};
    struct got got;

    (void)state;
    fake_bus_cut(w.gates[0].core.bus);
    make_group(&got, members, 2);
    world_settle(&w);
    assert_int_equal(got.rc, RC_AGAIN);
    assert_int_equal(got.conv.v, 0);
    fake_bus_heal(w.gates[0].core.bus, true);
    make_group(&got, members, 2);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
}

/* He has left again before he could be told: he is not told to listen. */
static void test_add_and_gone(void **state) {
    struct ear new;
    struct got got;
    struct gate *g = &w.gates[0];

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 40);
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    ask_add(&got, OWNER, NEW);
    while (g->history->count == 0) {
        fake_calls_turn(g->directory);
        fake_bus_turn(w.bus);
    }
    fake_directory_remove(w.directory, conv, new.user);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_null(wide_find(&w.gates[1].core, conv));
    ear_leave(&new);
}

/* Turns the first gateway's stores and the bus, one at a time. */
static void turn_some(size_t steps) {
    struct gate *g = &w.gates[0];

    while (steps-- > 0) {
        if (fake_calls_turn(g->directory) == 0 &&
            fake_calls_turn(g->history) == 0) {
            fake_bus_turn(w.bus);
        }
    }
}

/* Two others speak after so many steps of the change, one with an old table
 * and one with a new. The first two ears were there before. */
static void grow(size_t steps, struct ear ears[3]) {
    struct got added;
    struct got got;

    for (size_t i = 0; i < 3; i++) {
        ear_join(&w, &ears[i], i, i < 2 ? OWNER + i : NEW);
    }
    world_settle(&w);
    ask_add(&added, OWNER, NEW);
    turn_some(steps);
    world_say(&w, 1, conv, 5, "now", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    world_say(&w, 2, conv, 6, "then", &got);
    world_settle(&w);
    assert_int_equal(added.rc, RC_OK);
    assert_int_equal(fake_history_head(w.history, conv), 3);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_true(ears[0].seen[seq] > 0);
        assert_true(ears[1].seen[seq] > 0);
        assert_true(seq < added.seq.v || ears[2].seen[seq] > 0);
    }
}

/* The 17th: those who were there hear everything, whoever says it, at each
 * step of the change and after it. */
static void test_narrow_to_wide(void **state) {
    struct ear ears[3];

    (void)state;
    for (size_t steps = 0; steps < 12; steps++) {
        teardown(NULL);
        setup(NULL);
        fake_directory_group(w.directory, conv, OWNER, 16);
        grow(steps, ears);
        for (size_t i = 0; i < 3; i++) {
            ear_leave(&ears[i]);
        }
    }
}

/* A change is complete only when everybody was told to listen: until then a
 * small wide conversation is told both ways. */
static void test_told_before_bound(void **state) {
    struct gate *g = &w.gates[0];
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 16);
    ask_add(&got, OWNER, NEW);
    while (fake_bus_last(w.bus, (struct topic){TOPIC_USER, ANN}) == NULL) {
        fake_calls_turn(g->directory);
        fake_calls_turn(g->history);
        fake_bus_turn(w.bus);
    }
    fake_bus_fail(g->core.bus, RC_TIMEOUT, 1); /* after the event */
    world_settle(&w);
    assert_int_equal(got.rc, RC_TIMEOUT);
    assert_int_equal(row_of(NEW).from.v, 0);
    ask_add(&got, OWNER, NEW);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(row_of(NEW).from.v, 1);
}

/* A change that is asked for again, after others: under its own version, so
 * that nobody takes it for the others. */
static void test_again_after_others(void **state) {
    struct gate *g = &w.gates[0];
    struct got dead;
    struct got got;
    struct ear ann;
    struct ear bob;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 40);
    ear_join(&w, &ann, 1, ANN);
    ear_join(&w, &bob, 1, BOB);
    world_settle(&w);
    ask_add(&dead, OWNER, NEW);
    while (strcmp(fake_calls_next(g->directory), "member_add") != 0) {
        fake_calls_turn(g->directory);
    }
    fake_calls_finish(g->directory, FAKE_LOSE, RC_TIMEOUT);
    assert_int_equal(dead.rc, RC_TIMEOUT);
    fake_directory_remove(w.directory, conv, (struct user_id){BOB});
    ask_add(&got, OWNER, NEW);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_true(strstr(fake_history_at(w.history, conv, 1)->name, ".2") !=
                NULL);
    world_say(&w, 2, conv, ANN, "secret", &got);
    world_settle(&w);
    assert_int_equal(ann.seen[2], 1);
    assert_int_equal(bob.seen[2], 0);
    ear_leave(&ann);
    ear_leave(&bob);
}

/* The gateway that made it wide died half-way: the others still hear, and
 * when it is asked again elsewhere everybody listens. */
static void test_died_on_the_way_to_wide(void **state) {
    struct gate *g = &w.gates[0];
    struct got dead;
    struct got got;
    struct ear ann;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 16);
    ear_join(&w, &ann, 1, ANN);
    world_settle(&w);
    ask_add(&dead, OWNER, NEW);
    fake_calls_turn(g->directory);
    fake_calls_turn(g->directory);
    fake_bus_cut(g->core.bus);
    g->history->refuse = RC_BACKEND;
    assert_true(fake_directory_wide(w.directory, conv));
    world_settle(&w);
    assert_int_equal(dead.rc, RC_BACKEND);
    world_say(&w, 2, conv, 6, "still", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(ann.seen[1], 1);
    member_add(&w.gates[2].core, &(struct member_ask){conv, {OWNER}, {NEW}},
               got_changed, &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_non_null(wide_find(&w.gates[1].core, conv));
    world_say(&w, 2, conv, 6, "again", &got);
    world_settle(&w);
    assert_int_equal(ann.seen[3], 1);
    fake_bus_heal(g->core.bus, true);
    ear_leave(&ann);
}

/* ---- groups ---- */

static void test_group(void **state) {
    const size_t counts[] = {0, 2, 15, 16, 31, 32, 58};
    struct user_id members[60];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        members[i].v = i + 2;
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct ear ear;
        struct got got;

        ear_join(&w, &ear, 1, counts[i] == 0 ? OWNER : counts[i] + 1);
        world_settle(&w);
        make_group(&got, members, counts[i]);
        world_settle(&w);
        assert_int_equal(got.rc, RC_OK);
        assert_int_equal(got.seq.v, 1);
        assert_true(got.conv.v != 0);
        assert_true(ear.seen[1] > 0);
        assert_true(strstr(ear.last, "{\"title\":\"a \\\"title\\\"\","
                                     "\"members\":") != NULL);
        world_say(&w, 2, got.conv, OWNER, "m1", &got);
        world_settle(&w);
        assert_int_equal(ear.seen[2], 1);
        ear_leave(&ear);
    }
}

static void test_group_fails(void **state) {
    const struct user_id members[] = {{2}, {999}};
    struct got got;

    (void)state;
    make_group(&got, members, 2);
    world_settle(&w);
    assert_int_equal(got.rc, RC_NOT_FOUND);
    assert_int_equal(got.conv.v, 0);
    make_group(&got, members, 1);
    w.gates[0].history->refuse = RC_TIMEOUT;
    world_settle(&w);
    assert_int_equal(got.rc, RC_TIMEOUT);
    assert_int_equal(got.conv.v, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_remove_wide),
        TEST(test_add_wide),
        TEST(test_comes_back),
        TEST(test_add_and_gone),
        TEST(test_narrow_to_wide),
        TEST(test_told_before_bound),
        TEST(test_again_after_others),
        TEST(test_died_on_the_way_to_wide),
        TEST(test_group),
        TEST(test_group_without_a_bus),
        TEST(test_group_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
