/* Lanes: one thing after the other in each, the lanes beside each other; who
 * fails rests, longer and longer; pointers are merged until it is too late. */
#include "hooks/lanes.h"

#include "tests/unit/assert_row.h"

#include "proto/base/clock.h"
#include "proto/base/macros.h"

struct world {
    struct clock clock;
    struct wheel wheel;
    struct rand rand;
    struct lanes lanes;
    size_t ready;
    uint64_t entries;
};

static struct world w;

static void on_ready(void *owner) {
    ((struct world *)owner)->ready++;
}

static int setup(void **state) {
    struct lanes_ports ports = {&w.clock, &w.wheel, &w.rand, on_ready, &w};

    (void)state;
    w = (struct world){.clock = {.mono_ms = 1000}};
    wheel_init(&w.wheel, w.clock.mono_ms);
    rand_seed(&w.rand, 1);
    lanes_init(&w.lanes, &ports);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lanes_fini(&w.lanes);
    return 0;
}

static void pass(uint64_t ms) {
    w.clock.mono_ms += ms;
    wheel_advance(&w.wheel, w.clock.mono_ms);
}

static bool point(uint64_t conv, uint64_t seq) {
    return lanes_put(&w.lanes, &(struct hook_entry){.id = {++w.entries, 0},
                                                    .kind = HOOK_POINTER,
                                                    .conv = {conv},
                                                    .seq = {seq}});
}

static bool event(uint64_t user, const char *type) {
    return lanes_put(&w.lanes, &(struct hook_entry){.id = {++w.entries, 0},
                                                    .kind = HOOK_EVENT,
                                                    .user = {user},
                                                    .name = SLICE_LIT("name"),
                                                    .type = slice_str(type),
                                                    .data = SLICE_LIT("{}")});
}

/* Events of a user wait for each other; a conversation of the same id is
 * another lane. */
static void test_order(void **state) {
    struct lane *user;
    struct lane *conv;

    (void)state;
    assert_true(event(7, "a"));
    assert_true(event(7, "b"));
    assert_true(point(7, 1));
    user = lanes_take(&w.lanes);
    conv = lanes_take(&w.lanes);
    assert_false(user->conv);
    assert_true(conv->conv);
    assert_null(lanes_take(&w.lanes));
    assert_true(slice_is(lane_job(user)->type, "a"));
    assert_true(slice_is(lane_job(user)->name, "name"));
    assert_true(slice_is(lane_job(user)->data, "{}"));
    lane_done(user);
    assert_ptr_equal(lanes_take(&w.lanes), user);
    assert_true(slice_is(lane_job(user)->type, "b"));
    lane_done(user);
    lane_done(conv);
    assert_int_equal(w.lanes.jobs, 0);
    assert_null(lanes_take(&w.lanes));
}

/* One pointer is enough for a conversation, but not one that is being taken
 * away. */
static void test_merge(void **state) {
    struct lane *lane;

    (void)state;
    assert_true(point(7, 3));
    assert_false(point(7, 5));
    assert_false(point(7, 4));
    lane = lanes_take(&w.lanes);
    assert_int_equal(lane_job(lane)->first.v, 3);
    assert_int_equal(lane_job(lane)->want.v, 5);
    assert_false(point(7, 6));
    assert_int_equal(lane_job(lane)->want.v, 6);
    lane_finishing(lane, true);
    assert_true(point(7, 7));
    assert_false(point(7, 8));
    assert_int_equal(w.lanes.jobs, 2);
    lane_done(lane);
    assert_ptr_equal(lanes_take(&w.lanes), lane);
    assert_int_equal(lane_job(lane)->first.v, 7);
    assert_int_equal(lane_job(lane)->want.v, 8);
    lane_finishing(lane, true);
    lane_rest(lane); /* it was not taken away */
    assert_false(point(7, 9));
    assert_int_equal(w.lanes.jobs, 1);
}

/* How long a lane rests, one failure after the other. */
static void test_rest(void **state) {
    uint64_t most_ms = REST_FIRST_MS;
    struct lane *lane;

    (void)state;
    assert_true(point(7, 1));
    assert_true(point(8, 1));
    for (size_t i = 0; i < 12; i++) {
        size_t ready = w.ready;

        lane = lanes_take(&w.lanes);
        assert_int_equal(lane->id, 7);
        lane_rest(lane);
        if (i == 0) { /* the other goes on meanwhile */
            lane_done(lanes_take(&w.lanes));
        }
        assert_int_equal(w.lanes.resting, 1);
        pass(most_ms / 2 - 1);
        assert_int_equal(w.ready, ready);
        pass(most_ms / 2 + 1 + WHEEL_TICK_MS);
        assert_int_equal(w.ready, ready + 1);
        most_ms = most_ms * 2 < REST_MOST_MS ? most_ms * 2 : REST_MOST_MS;
    }
    assert_int_equal(w.lanes.resting, 0);
    assert_true(event(9, "a"));
    assert_true(point(7, 2) == false);
}

/* What is dropped is gone, and a busy lane goes when it is over. */
static void test_drop(void **state) {
    struct lane *busy[2];
    struct lane *rests;

    (void)state;
    assert_true(point(1, 1));
    assert_true(point(2, 1));
    assert_true(event(3, "a"));
    assert_true(event(4, "b"));
    busy[0] = lanes_take(&w.lanes);
    busy[1] = lanes_take(&w.lanes);
    rests = lanes_take(&w.lanes);
    lane_rest(rests);
    lanes_drop(&w.lanes, 0);
    assert_int_equal(w.lanes.jobs, 2);
    assert_int_equal(w.lanes.resting, 0);
    assert_null(lanes_take(&w.lanes));
    assert_true(point(1, 1)); /* a new lane: the other worker's are not ours */
    lane_done(busy[0]);
    lane_rest(busy[1]);
    assert_int_equal(w.lanes.jobs, 1);
    pass(2ULL * REST_FIRST_MS);
    assert_int_equal(w.ready, 0);
}

static bool point_in(unsigned part, uint64_t conv) {
    return lanes_put(&w.lanes, &(struct hook_entry){.part = part,
                                                    .id = {++w.entries, 0},
                                                    .kind = HOOK_POINTER,
                                                    .conv = {conv},
                                                    .seq = {1}});
}

/* A partition goes alone. */
static void test_partitions(void **state) {
    struct lane *lane;

    (void)state;
    assert_true(point_in(1, 7));
    assert_true(point_in(2, 8));
    assert_false(point_in(2, 8));
    lanes_drop(&w.lanes, 1);
    lane = lanes_take(&w.lanes);
    assert_true(lane->part == 2 && lane->id == 8 && !lane->dropped);
    assert_null(lanes_take(&w.lanes));
    assert_true(point_in(1, 7));
    lanes_drop(&w.lanes, 2);
    assert_true(lane->dropped);
    lane_done(lane);
    assert_int_equal(w.lanes.jobs, 1);
    lane_done(lanes_take(&w.lanes));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partitions, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
