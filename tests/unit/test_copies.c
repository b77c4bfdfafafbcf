/* Who waits for replicas, on a server that says what the test wants it to. */
#include "storage/copies.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/unit/drive.h"

enum {
    DEADLINE_MS = 2000,
    WAITERS = 4,
};

static const char wait_2[] = "*3\r\n$4\r\nWAIT\r\n$1\r\n2\r\n$3\r\n500\r\n";

struct told {
    struct copies_waiter w;
    unsigned times;
    enum rc rc;
};

struct world {
    struct loop loop;
    struct copies copies;
    struct redis_node node;
    char address[128];
    int listening;
    int peer; /* -1: none */
    struct buf in;
    struct told told[WAITERS];
};

static struct world w;

static void on_told(struct copies_waiter *waiter, enum rc rc) {
    struct told *t = CONTAINER_OF(waiter, struct told, w);

    t->times++;
    t->rc = rc;
}

/* A turn of the server, which answers the greeting only. */
static void serve(void) {
    if (w.peer < 0) {
        w.peer = accept(w.listening, NULL, NULL);
        if (w.peer < 0) {
            return;
        }
        assert_int_equal(fcntl(w.peer, F_SETFL, O_NONBLOCK), 0);
    }
    (void)drive_read(w.peer, &w.in);
    if (drive_has(&w.in, "PING\r\n")) {
        w.in.n = 0;
        assert_int_equal(write(w.peer, "+PONG\r\n", 7), 7);
    }
}

static bool is_ready(void *ctx) {
    (void)ctx;
    serve();
    return resp_conn_ready(w.node.conn);
}

/* It waits before it connects again. */
static void pass(uint64_t ms) {
    w.loop.clock.mono_ms += ms;
    wheel_advance(&w.loop.wheel, w.loop.clock.mono_ms);
}

static bool is_asked(void *ctx) {
    (void)ctx;
    serve();
    return drive_has(&w.in, wait_2);
}

static bool is_told(void *ctx) {
    const struct told *t = ctx;

    return t->times > 0;
}

static int setup(void **state) {
    static const struct resp_conn_events events = {.on_ready = NULL};
    struct resp_conn_config config = {.name = "test", .events = &events};

    (void)state;
    w = (struct world){.peer = -1};
    snprintf(w.address, sizeof(w.address), "unix:/tmp/moim-copies.%ld",
             (long)getpid());
    assert_int_equal(loop_init(&w.loop), RC_OK);
    buf_init(&w.in);
    w.listening = drive_listen(w.address);
    assert_true(w.listening >= 0);
    assert_int_equal(fcntl(w.listening, F_SETFL, O_NONBLOCK), 0);
    config.redis.address = w.address;
    assert_int_equal(resp_conn_open(&w.node.conn, &w.loop, &config), RC_OK);
    copies_init(&w.copies, &w.loop, DEADLINE_MS);
    w.copies.want = 2;
    for (size_t i = 0; i < WAITERS; i++) {
        w.told[i].w.done = on_told;
    }
    assert_true(drive_until(&w.loop, is_ready, NULL));
    return 0;
}

static void hang_up(void) {
    if (w.peer >= 0) {
        close(w.peer);
        w.peer = -1;
    }
}

static int teardown(void **state) {
    (void)state;
    resp_conn_close(&w.node.conn);
    copies_fini(&w.copies);
    hang_up();
    close(w.listening);
    (void)unlink(w.address + strlen("unix:"));
    loop_run(&w.loop);
    loop_fini(&w.loop);
    buf_fini(&w.in);
    return 0;
}

static void await(size_t i) {
    copies_await(&w.copies, &w.node, &w.told[i].w);
    assert_int_equal(w.told[i].times, 0);
}

static void answer(const char *reply) {
    assert_true(drive_until(&w.loop, is_asked, NULL));
    assert_int_equal(w.in.n, strlen(wait_2)); /* and nothing else */
    w.in.n = 0;
    assert_int_equal(write(w.peer, reply, strlen(reply)), strlen(reply));
}

static void expect(size_t i, enum rc rc) {
    assert_true(drive_until(&w.loop, is_told, &w.told[i]));
    assert_int_equal(w.told[i].times, 1);
    assert_int_equal(w.told[i].rc, rc);
}

static void test_answers(void **state) {
    static const struct {
        const char *name;
        const char *reply;
        enum rc want;
    } rows[] = {
        {"as many as wanted", ":2\r\n", RC_OK},
        {"more", ":5\r\n", RC_OK},
        {"one too few", ":1\r\n", RC_TIMEOUT},
        {"none", ":0\r\n", RC_TIMEOUT},
        {"as many again", ":2\r\n", RC_OK},
        {"not allowed", "-NOPERM no\r\n", RC_BACKEND},
        {"not now", "-LOADING it\r\n", RC_BACKEND},
        {"less than nothing", ":-1\r\n", RC_BACKEND},
        {"nothing", "$-1\r\n", RC_BACKEND},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        w.told[0].times = 0;
        await(0);
        answer(rows[i].reply);
        assert_row(rows[i].name, drive_until(&w.loop, is_told, &w.told[0]));
        assert_row(rows[i].name, w.told[0].rc == rows[i].want);
    }
}

/* Those of a turn are asked for together; those that come while the server
 * waits are not believed to be in its answer, but share the next one. */
static void test_together(void **state) {
    (void)state;
    await(0);
    await(1);
    assert_true(drive_until(&w.loop, is_asked, NULL));
    await(2);
    await(3);
    drive_turns(&w.loop, 10);
    answer(":2\r\n");
    expect(0, RC_OK);
    expect(1, RC_OK);
    assert_int_equal(w.told[2].times, 0);
    answer(":1\r\n");
    expect(2, RC_TIMEOUT);
    expect(3, RC_TIMEOUT);
}

/* Another connection knows nothing of what was written on this one. */
static void test_connection_breaks(void **state) {
    (void)state;
    await(0);
    assert_true(drive_until(&w.loop, is_asked, NULL));
    await(1);
    w.in.n = 0;
    hang_up();
    expect(0, RC_BACKEND);
    expect(1, RC_BACKEND);
    await(2); /* answered before the break was seen */
    expect(2, RC_BACKEND);
    pass(1000);
    assert_true(drive_until(&w.loop, is_ready, NULL));
    await(3);
    answer(":2\r\n");
    expect(3, RC_OK);
}

static void test_node_goes(void **state) {
    (void)state;
    copies_gone(&w.node); /* nobody has asked yet */
    await(0);
    copies_gone(&w.node);
    expect(0, RC_BACKEND);
    await(1);
    assert_true(drive_until(&w.loop, is_asked, NULL));
    copies_gone(&w.node);
    resp_conn_drop(w.node.conn);
    expect(1, RC_BACKEND);
    assert_null(w.node.user);
}

static void test_end(void **state) {
    (void)state;
    await(0);
    assert_true(drive_until(&w.loop, is_asked, NULL));
    await(1);
    resp_conn_close(&w.node.conn);
    await(2);
    copies_fini(&w.copies);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(w.told[i].times, 1);
        assert_int_equal(w.told[i].rc, RC_CLOSED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_together, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connection_breaks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_node_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
