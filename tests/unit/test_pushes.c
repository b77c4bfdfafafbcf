/* What waits to be pushed: the newest of each user and conversation, who
 * failed rests, and nothing is lost or told twice on the way. */
#include "hooks/pushes.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

struct world {
    struct clock clock;
    struct wheel wheel;
    struct rand rand;
    struct pushes pushes;
    size_t ready;
    uint64_t entries;
};

static struct world w;

static void on_ready(void *owner) {
    ((struct world *)owner)->ready++;
}

static int setup(void **state) {
    const struct pushes_ports ports = {&w.clock, &w.wheel, &w.rand, on_ready,
                                       &w};

    (void)state;
    w = (struct world){.clock = {.mono_ms = 1000}};
    wheel_init(&w.wheel, w.clock.mono_ms);
    rand_seed(&w.rand, 1);
    pushes_init(&w.pushes, &ports);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pushes_fini(&w.pushes);
    return 0;
}

static void pass(uint64_t ms) {
    w.clock.mono_ms += ms;
    wheel_advance(&w.wheel, w.clock.mono_ms);
}

/* Answers the entry that it stands for too. */
static uint64_t put(uint64_t user, uint64_t conv, uint64_t last,
                    uint64_t count) {
    const struct push_notice n = {.entry = {++w.entries, 0},
                                  .of = {{conv}, {last}, {user}},
                                  .count = count};

    return pushes_put(&w.pushes, &n).ms;
}

/* Each user and each conversation of his is one; they come in order. */
static void test_one_each(void **state) {
    struct push *first;
    struct push *second;
    struct push *third;

    (void)state;
    assert_int_equal(put(1, 7, 50, 1), 0);
    assert_int_equal(put(1, 8, 50, 1), 0);
    assert_int_equal(put(2, 7, 50, 1), 0);
    first = pushes_take(&w.pushes);
    second = pushes_take(&w.pushes);
    third = pushes_take(&w.pushes);
    assert_null(pushes_take(&w.pushes));
    assert_int_equal(first->now.of.user.v, 1);
    assert_int_equal(second->now.of.conv.v, 8);
    assert_int_equal(third->now.of.user.v, 2);
    push_done(first);
    push_done(second);
    push_done(third);
    assert_int_equal(pushes_held(&w.pushes), 0);
}

/* The newest stands for those that wait; one that is busy is let through
 * before. */
static void test_collapsed(void **state) {
    struct push *p;

    (void)state;
    assert_int_equal(put(1, 7, 50, 1), 0);
    assert_int_equal(put(1, 7, 52, 2), 1);
    p = pushes_take(&w.pushes);
    assert_int_equal(p->now.entry.ms, 2);
    assert_int_equal(p->now.count, 3);
    push_give(p, (struct device_id){9});
    assert_false(push_is_old(p));
    assert_int_equal(put(1, 7, 53, 1), 0);
    assert_int_equal(put(1, 7, 54, 1), 3);
    assert_true(push_is_old(p));
    assert_int_equal(p->now.of.last.v, 52);
    push_done(p);
    assert_ptr_equal(pushes_take(&w.pushes), p);
    assert_int_equal(p->now.of.last.v, 54);
    assert_int_equal(p->now.count, 2);
    assert_false(push_has(p, (struct device_id){9})); /* it had another one */
    push_done(p);
    assert_int_equal(pushes_held(&w.pushes), 0);
}

/* A device that has it keeps it while the others are tried again. */
static void test_given(void **state) {
    struct push *p;

    (void)state;
    assert_int_equal(put(1, 7, 50, 1), 0);
    p = pushes_take(&w.pushes);
    for (uint64_t v = 1; v <= DEVICE_PUSH_MAX + 2; v++) {
        push_give(p, (struct device_id){v});
        push_give(p, (struct device_id){v});
    }
    assert_int_equal(p->done_count, DEVICE_PUSH_MAX);
    push_rest(p, 0);
    pass(PUSHES_REST_FIRST_MS + WHEEL_TICK_MS);
    assert_ptr_equal(pushes_take(&w.pushes), p);
    assert_true(push_has(p, (struct device_id){1}));
    assert_false(push_has(p, (struct device_id){99}));
    push_done(p);
}

/* Longer each time, and never shorter than the service wants. */
static void test_rest(void **state) {
    uint64_t most_ms = PUSHES_REST_FIRST_MS;

    (void)state;
    assert_int_equal(put(1, 7, 50, 1), 0);
    for (size_t i = 0; i < 10; i++) {
        struct push *p = pushes_take(&w.pushes);

        assert_non_null(p);
        push_rest(p, 5000);
        assert_int_equal(w.pushes.resting, 1);
        pass(5000 + most_ms / 2 - 2);
        assert_null(pushes_take(&w.pushes));
        pass(most_ms / 2 + 2 + WHEEL_TICK_MS);
        assert_int_equal(w.ready, i + 1);
        most_ms = most_ms * 2 > REST_MOST_MS ? REST_MOST_MS : most_ms * 2;
    }
    push_done(pushes_take(&w.pushes));
    assert_int_equal(w.pushes.resting, 0);
}

/* What is new does not wait for what failed. */
static void test_new_wakes(void **state) {
    struct push *p;

    (void)state;
    assert_int_equal(put(1, 7, 50, 1), 0);
    p = pushes_take(&w.pushes);
    push_rest(p, 3600000);
    assert_null(pushes_take(&w.pushes));
    assert_int_equal(put(1, 7, 51, 1), 1);
    assert_int_equal(w.pushes.resting, 0);
    assert_ptr_equal(pushes_take(&w.pushes), p);
    push_done(p);
}

/* Another one works from now on: what is busy ends alone, and what comes later
 * is beside it. */
static void test_drop(void **state) {
    struct push *busy;
    struct push *resting;
    struct push *done;

    (void)state;
    assert_int_equal(put(1, 7, 50, 1), 0);
    assert_int_equal(put(2, 7, 50, 1), 0);
    assert_int_equal(put(3, 7, 50, 1), 0);
    busy = pushes_take(&w.pushes);
    done = pushes_take(&w.pushes);
    resting = pushes_take(&w.pushes);
    push_rest(resting, 0);
    assert_int_equal(put(1, 7, 51, 1), 0);
    assert_int_equal(put(4, 7, 50, 1), 0);
    pushes_drop(&w.pushes, hook_part(8));
    assert_int_equal(pushes_held(&w.pushes), 4); /* of another one */
    pushes_drop(&w.pushes, hook_part(7));
    assert_int_equal(pushes_held(&w.pushes), 0);
    assert_int_equal(w.pushes.resting, 0);
    assert_int_equal(put(1, 7, 52, 1), 0);
    push_done(done);
    push_rest(busy, 0);
    assert_int_equal(pushes_held(&w.pushes), 1);
    push_done(pushes_take(&w.pushes));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_collapsed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_given, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_wakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
