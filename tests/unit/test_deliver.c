/* From the bus to the sessions: each kind of message on each kind of topic,
 * and losses. */
#include "tests/unit/assert_row.h"

#include <stdio.h>

#include "chat-core/deliver.h"
#include "chat-core/wide.h"
#include "proto/base/macros.h"
#include "tests/fakes/bus_say.h"

enum {
    ANN = 1,
    BOB = 2,
    CAT = 3,
};

static const struct conv_id narrow = {100};
static const struct conv_id wide = {101};
static const struct topic ann_topic = {TOPIC_USER, ANN};
static const struct topic wide_topic = {TOPIC_CONV, 101};
static struct world w;
static struct ear ann;
static struct ear ann2;
static struct ear bob;

static int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 60);
    fake_directory_group(w.directory, narrow, 1, 3);
    fake_directory_group(w.directory, wide, 1, 20);
    ear_join(&w, &ann, 0, ANN);
    ear_join(&w, &ann2, 0, ANN);
    ear_join(&w, &bob, 0, BOB);
    world_settle(&w);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    ear_leave(&ann);
    ear_leave(&ann2);
    ear_leave(&bob);
    world_close(&w);
    return 0;
}

static struct core *core(void) {
    return &w.gates[0].core;
}

/* Who is still joining is told nothing, though his topic is heard already:
 * what came before he is ready he asks for himself. */
static void test_not_before_ready(void **state) {
    struct topic cat_topic = {TOPIC_USER, CAT};
    struct ear cat;

    (void)state;
    ear_join(&w, &cat, 0, CAT);
    fake_bus_turn(w.bus);
    assert_true(fake_bus_subscribed(core()->bus, cat_topic));
    bus_say_event(&w, cat_topic, narrow, 7, 1);
    bus_say_ephemeral(&w, cat_topic, narrow, BOB);
    fake_bus_turn(w.bus);
    assert_int_equal(cat.joined, 0);
    assert_int_equal(cat.events + cat.ephemerals, 0);
    world_settle(&w);
    assert_int_equal(cat.joined, 1);
    assert_int_equal(cat.events, 0);
    bus_say_event(&w, cat_topic, narrow, 8, 1);
    world_settle(&w);
    assert_int_equal(cat.seen[8], 1);
    assert_int_equal(core()->stats.delivered, 1);
    ear_leave(&cat);
}

/* How old an event is when it comes; one that does not tell is not counted. */
static void test_delay(void **state) {
    const struct histogram *delays = &core()->stats.deliveries;
    struct bus_msg msg = {
        .kind = BUS_EVENT,
        .u.event = {.conv = narrow, .seq = {7}, .mver = {1}, .from = {ANN}}};
    char text[96];
    int n = snprintf(
        text, sizeof(text),
        "{\"type\":\"event\",\"conv\":\"0000000000034\",\"seq\":7,\"ts\":%llu,"
        "\"from\":\"1\"}",
        (unsigned long long)w.clock.wall_ms - 250);

    (void)state;
    bus_say_event(&w, ann_topic, narrow, 6, 1);
    world_settle(&w);
    assert_int_equal(delays->sum_us, 0);
    msg.u.event.client = slice_of(text, (size_t)n);
    bus_say(&w, ann_topic, &msg);
    world_settle(&w);
    assert_int_equal(delays->sum_us, 250 * 1000);
}

/* On a user's topic: for each of his sessions, and nobody else. */
static void test_user_event(void **state) {
    (void)state;
    bus_say_event(&w, ann_topic, narrow, 7, 1);
    world_settle(&w);
    assert_int_equal(ann.seen[7] + ann2.seen[7], 2);
    assert_int_equal(ann.conv.v, narrow.v);
    assert_int_equal(bob.events, 0);
    assert_int_equal(core()->stats.delivered, 2);
}

static void test_wide_event(void **state) {
    (void)state;
    bus_say_event(&w, wide_topic, wide, 7, 1);
    world_settle(&w);
    assert_int_equal(ann.seen[7] + ann2.seen[7] + bob.seen[7], 3);
}

/* An event tells that what the table knows is old. */
static void test_event_refreshes(void **state) {
    struct got got;

    (void)state;
    world_say(&w, 0, narrow, ANN, "m1", &got);
    world_settle(&w);
    assert_int_equal(core()->convs.count, 1);
    bus_say_event(&w, ann_topic, narrow, 2, 1);
    world_settle(&w);
    assert_int_equal(core()->convs.count, 1);
    bus_say_event(&w, ann_topic, narrow, 3, 2);
    world_settle(&w);
    assert_int_equal(core()->convs.count, 0);
}

static void test_ephemeral(void **state) {
    (void)state;
    bus_say_ephemeral(&w, ann_topic, narrow, BOB);
    world_settle(&w);
    assert_int_equal(ann.ephemerals + ann2.ephemerals, 2);
    bus_say_ephemeral(&w, ann_topic, narrow, ANN); /* not back to himself */
    world_settle(&w);
    assert_int_equal(ann.ephemerals, 1);
    bus_say_ephemeral(&w, wide_topic, wide, ANN);
    world_settle(&w);
    assert_int_equal(ann.ephemerals, 1);
    assert_int_equal(bob.ephemerals, 1);
    bus_say_ephemeral(&w, wide_topic, narrow, ANN); /* not known as wide */
    bus_say_ephemeral(&w, ann_topic, (struct conv_id){0}, 0);
    world_settle(&w);
    assert_int_equal(ann.ephemerals, 1); /* of no conversation: a list's */
    assert_int_equal(ann.others, 2);
    assert_int_equal(bob.ephemerals, 1);
}

static void test_revoke(void **state) {
    (void)state;
    deliver_revoke(core(), &(struct bus_revoke){{ANN}, {5}});
    assert_int_equal(ann.revokes + ann2.revokes, 2);
    assert_int_equal(bob.revokes, 0);
    deliver_revoke(core(), &(struct bus_revoke){{9}, {5}});
    assert_int_equal(ann.revokes, 1);
}

static void test_not_understood(void **state) {
    struct bus *bus = core()->bus;

    (void)state;
    bus->ops->publish(bus, &ann_topic, 1, SLICE_LIT("\x01garbage"), true, NULL,
                      NULL);
    bus_say(
        &w, ann_topic,
        &(struct bus_msg){.kind = BUS_PRESENCE_ASK, .u.ask = {.partition = 1}});
    world_settle(&w);
    assert_int_equal(core()->stats.bus_errors, 2);
    assert_int_equal(ann.events + ann.others, 0);
}

/* One message for many: whom it is about is the topic's user. */
static void test_member_on_own_topic(void **state) {
    const struct conv_id late = {102};

    (void)state;
    fake_directory_group(w.directory, late, 1, 20);
    bus_say_member(&w, ann_topic,
                   &(struct bus_member){.conv = late,
                                        .user = {BOB},
                                        .mver = {1},
                                        .change = MEMBER_ADDED,
                                        .wide = true});
    world_settle(&w);
    assert_int_equal(wide_find(core(), late)->users.count, 1);
    assert_true(
        fake_bus_subscribed(core()->bus, (struct topic){TOPIC_CONV, late.v}));
}

/* ---- losses ---- */

static void test_gap_of_user(void **state) {
    const unsigned partition = topic_partition(ann_topic);

    (void)state;
    assert_true(partition != topic_partition(wide_topic));
    fake_bus_gap(core()->bus, partition);
    world_settle(&w);
    assert_int_equal(ann.resyncs + ann2.resyncs, 2);
    assert_int_equal(bob.resyncs, 0);
    assert_int_equal(core()->stats.gaps, 1);
}

static void test_gap_of_wide(void **state) {
    (void)state;
    fake_bus_gap(core()->bus, topic_partition(wide_topic));
    world_settle(&w);
    assert_int_equal(ann.resyncs + ann2.resyncs + bob.resyncs, 3);
}

/* The bus was cut and its log trimmed: who missed something is told. */
static void test_cut(void **state) {
    (void)state;
    fake_bus_cut(core()->bus);
    bus_say_event(&w, ann_topic, narrow, 7, 1);
    world_settle(&w);
    fake_bus_heal(core()->bus, true);
    world_settle(&w);
    assert_int_equal(ann.events, 0);
    assert_int_equal(ann.resyncs, 1);
    fake_bus_cut(core()->bus);
    bus_say_event(&w, ann_topic, narrow, 8, 1);
    world_settle(&w);
    fake_bus_heal(core()->bus, false);
    world_settle(&w);
    assert_int_equal(ann.seen[8], 1);
    assert_int_equal(ann.resyncs, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_not_before_ready),
        TEST(test_delay),
        TEST(test_user_event),
        TEST(test_wide_event),
        TEST(test_event_refreshes),
        TEST(test_ephemeral),
        TEST(test_revoke),
        TEST(test_not_understood),
        TEST(test_member_on_own_topic),
        TEST(test_gap_of_user),
        TEST(test_gap_of_wide),
        TEST(test_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
