#include "proto/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"

enum {
    /* Tasks may defer tasks. After so many rounds the sockets get their turn
     * before the rest. */
    TASK_ROUNDS = 16,
};

static const struct log_ctx log_loop = {"loop", 0};

static const int signums[] = {SIGTERM, SIGINT, SIGHUP};

static void on_timer(uv_timer_t *handle) {
    struct loop *l = handle->data;

    l->read_clock(&l->clock);
    wheel_advance(&l->wheel, l->clock.mono_ms);
}

/* Each round takes what was deferred before it began. */
static void run_tasks(struct loop *l) {
    for (unsigned i = 0; i < TASK_ROUNDS && !list_empty(&l->tasks); i++) {
        struct list round;
        struct list *node;

        list_init(&round);
        list_append(&round, &l->tasks);
        while ((node = list_pop_front(&round)) != NULL) {
            struct loop_task *t = CONTAINER_OF(node, struct loop_task, node);

            t->run(t);
        }
    }
}

/* Does not wait while tasks are left over. */
static void arm_timer(struct loop *l) {
    uint64_t wait_ms = wheel_wait_ms(&l->wheel, l->clock.mono_ms);

    if (list_empty(&l->tasks)) {
        uv_unref((uv_handle_t *)&l->prepare);
    } else {
        wait_ms = 0;
    }
    if (wait_ms == UINT64_MAX) {
        uv_timer_stop(&l->timer);
    } else {
        uv_timer_start(&l->timer, on_timer, wait_ms, 0);
    }
}

/* The end of a turn; after it the loop waits. */
static void on_prepare(uv_prepare_t *handle) {
    struct loop *l = handle->data;

    loop_wake(l);
    run_tasks(l);
    l->read_clock(&l->clock);
    histogram_add_since(&l->turns, l->turn_us, l->clock.mono_us);
    arm_timer(l);
    l->awake = false;
}

/* libuv has said which sets there is something in. */
static void on_check(uv_check_t *handle) {
    loop_wake(handle->data);
    interest_turn(handle->data);
}

static void on_signal(uv_signal_t *handle, int signum) {
    struct loop *l = handle->data;

    loop_wake(l);
    l->on_signal(l->owner, signum);
}

/* None of the loop's own handles keeps it running; but see loop_defer. */
static void own(struct loop *l, uv_handle_t *handle) {
    handle->data = l;
    uv_unref(handle);
}

static int init_handles(struct loop *l) {
    int err = uv_timer_init(&l->uv, &l->timer);

    own(l, (uv_handle_t *)&l->timer);
    uv_prepare_init(&l->uv, &l->prepare);
    own(l, (uv_handle_t *)&l->prepare);
    uv_prepare_start(&l->prepare, on_prepare);
    uv_check_init(&l->uv, &l->check);
    own(l, (uv_handle_t *)&l->check);
    uv_check_start(&l->check, on_check);
    for (size_t i = 0; i < COUNT_OF(l->signals) && err == 0; i++) {
        err = uv_signal_init(&l->uv, &l->signals[i]);
        own(l, (uv_handle_t *)&l->signals[i]);
    }
    return err;
}

enum rc loop_init(struct loop *l) {
    int err;

    *l = (struct loop){0};
    err = uv_loop_init(&l->uv);
    if (err == 0) {
        err = init_handles(l);
    }
    if (err == 0 && interest_open(l, LOOP_SHARE_US) != RC_OK) {
        err = uv_translate_sys_error(errno);
    }
    if (err != 0) {
        log_error(&log_loop, "loop_failed", "error=\"%s\"", uv_strerror(err));
        return RC_BACKEND;
    }
    signal(SIGPIPE, SIG_IGN);
    l->uv.data = l;
    l->read_clock = clock_update;
    l->read_clock(&l->clock);
    l->turn_us = l->clock.mono_us;
    wheel_init(&l->wheel, l->clock.mono_ms);
    rand_seed_from_kernel(&l->rand);
    list_init(&l->tasks);
    l->read_bytes = mem_new(LOOP_READ_BYTES);
    l->plain_bytes = mem_new(LOOP_PLAIN_BYTES);
    return RC_OK;
}

void loop_on_signal(struct loop *l, void (*fn)(void *owner, int signum),
                    void *owner) {
    l->on_signal = fn;
    l->owner = owner;
    for (size_t i = 0; i < COUNT_OF(l->signals); i++) {
        uv_signal_start(&l->signals[i], on_signal, signums[i]);
    }
}

void loop_run(struct loop *l) {
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l) {
    uv_stop(&l->uv);
}

static void assert_closing(uv_handle_t *handle, void *unused) {
    (void)unused;
    assert(uv_is_closing(handle));
}

void loop_fini(struct loop *l) {
    int err;

    run_tasks(l); /* who closed a moment ago frees himself there */
    uv_close((uv_handle_t *)&l->timer, NULL);
    uv_close((uv_handle_t *)&l->prepare, NULL);
    uv_close((uv_handle_t *)&l->check, NULL);
    for (size_t i = 0; i < COUNT_OF(l->signals); i++) {
        uv_close((uv_handle_t *)&l->signals[i], NULL);
    }
    interest_close(l);
    uv_walk(&l->uv, assert_closing, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    err = uv_loop_close(&l->uv);
    assert(err == 0);
    (void)err;
    mem_free(l->read_bytes);
    l->read_bytes = NULL;
    mem_free(l->plain_bytes);
    l->plain_bytes = NULL;
}

void loop_wake(struct loop *l) {
    if (!l->awake) {
        l->awake = true;
        l->read_clock(&l->clock);
        l->turn_us = l->clock.mono_us;
    }
}

void loop_task_init(struct loop_task *t, void (*run)(struct loop_task *t)) {
    list_init(&t->node);
    t->run = run;
}

void loop_defer(struct loop *l, struct loop_task *t) {
    if (!list_linked(&t->node)) {
        list_push_back(&l->tasks, &t->node);
        uv_ref((uv_handle_t *)&l->prepare); /* there is something to do */
    }
}

void loop_undefer(struct loop_task *t) {
    list_remove(&t->node);
}

void loop_timer(struct loop *l, struct wheel_timer *t, uint64_t after_ms) {
    wheel_set(&l->wheel, t, l->clock.mono_ms + after_ms);
}
