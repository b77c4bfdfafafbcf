/* The loop: deferred tasks, timers, signals, its end. */
#include "tests/unit/assert_row.h"

#include <signal.h>

#include "proto/net/loop.h"
#include "tests/unit/drive.h"

struct fixture {
    struct loop loop;
    struct loop_task task;
    struct loop_task other;
    struct wheel_timer timer;
    uv_async_t alive; /* keeps the loop running */
    unsigned runs;
    unsigned other_runs;
    unsigned again; /* times the task defers itself */
    unsigned fired;
    int signum;
};

static void on_task(struct loop_task *t) {
    struct fixture *f = CONTAINER_OF(t, struct fixture, task);

    f->runs++;
    if (f->again > 0) {
        f->again--;
        loop_defer(&f->loop, t);
    }
}

static void on_other(struct loop_task *t) {
    CONTAINER_OF(t, struct fixture, other)->other_runs++;
}

static void on_fire(struct wheel_timer *t) {
    struct fixture *f = CONTAINER_OF(t, struct fixture, timer);

    f->fired++;
    loop_defer(&f->loop, &f->task);
    loop_stop(&f->loop);
}

static void on_signal(void *owner, int signum) {
    struct fixture *f = owner;

    f->signum = signum;
    loop_stop(&f->loop);
}

static void setup(struct fixture *f) {
    *f = (struct fixture){0};
    assert_int_equal(loop_init(&f->loop), RC_OK);
    loop_task_init(&f->task, on_task);
    loop_task_init(&f->other, on_other);
    wheel_timer_init(&f->timer, on_fire);
}

static void keep_alive(struct fixture *f) {
    assert_int_equal(uv_async_init(&f->loop.uv, &f->alive, NULL), 0);
}

static void let_go(struct fixture *f) {
    uv_close((uv_handle_t *)&f->alive, NULL);
}

static void test_ends_with_nothing_to_do(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    loop_on_signal(&f.loop, on_signal, &f);
    loop_timer(&f.loop, &f.timer, 1000000);
    loop_run(&f.loop);
    assert_int_equal(f.fired, 0);
    wheel_cancel(&f.timer);
    loop_fini(&f.loop);
}

static void test_defer(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    f.again = 3;
    loop_defer(&f.loop, &f.task);
    loop_defer(&f.loop, &f.task);
    loop_defer(&f.loop, &f.other);
    loop_undefer(&f.other);
    loop_run(&f.loop);
    assert_int_equal(f.runs, 4);
    assert_int_equal(f.other_runs, 0);
    loop_fini(&f.loop);
}

/* A task that never ends leaves the sockets their turn. */
static void test_defer_is_bounded(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    keep_alive(&f);
    f.again = 1000;
    loop_defer(&f.loop, &f.task);
    uv_run(&f.loop.uv, UV_RUN_NOWAIT);
    assert_in_range(f.runs, 2, 100);
    while (f.again > 100) {
        uv_run(&f.loop.uv, UV_RUN_ONCE); /* would hang if it waited */
    }
    let_go(&f);
    loop_run(&f.loop);
    assert_int_equal(f.runs, 1001);
    loop_fini(&f.loop);
}

static void test_timer(void **state) {
    struct fixture f;
    uint64_t start_ms;

    (void)state;
    setup(&f);
    keep_alive(&f);
    start_ms = f.loop.clock.mono_ms;
    loop_timer(&f.loop, &f.timer, 30);
    loop_run(&f.loop);
    assert_int_equal(f.fired, 1);
    assert_in_range(f.loop.clock.mono_ms - start_ms, 30, 3000);
    let_go(&f);
    loop_run(&f.loop);
    assert_int_equal(f.runs, 1);
    loop_fini(&f.loop);
}

static void read_far_future(struct clock *c) {
    *c = (struct clock){.mono_ms = UINT64_C(1) << 50,
                        .wall_ms = UINT64_C(1) << 51};
}

/* Whoever made the loop says what time it is. */
static void test_a_clock_of_ones_own(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    keep_alive(&f);
    loop_timer(&f.loop, &f.timer, (uint64_t)1 << 40);
    f.loop.read_clock = read_far_future;
    loop_run(&f.loop);
    assert_int_equal(f.fired, 1);
    assert_int_equal(f.loop.clock.mono_ms, UINT64_C(1) << 50);
    assert_int_equal(f.loop.clock.wall_ms, UINT64_C(1) << 51);
    let_go(&f);
    loop_run(&f.loop);
    loop_fini(&f.loop);
}

static void test_signal(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    keep_alive(&f);
    loop_on_signal(&f.loop, on_signal, &f);
    raise(SIGPIPE); /* is ignored */
    raise(SIGHUP);
    loop_run(&f.loop);
    assert_int_equal(f.signum, SIGHUP);
    let_go(&f);
    loop_fini(&f.loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_with_nothing_to_do),
        cmocka_unit_test(test_defer),
        cmocka_unit_test(test_defer_is_bounded),
        cmocka_unit_test(test_timer),
        cmocka_unit_test(test_a_clock_of_ones_own),
        cmocka_unit_test(test_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
