/* Transitions for the webhooks: they wait while the queue is away, and what
 * failed is told as it stands then. */
#include "presence/hooked.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

enum {
    CALLS_MAX = 8,
};

struct world {
    struct hooks port; /* first */
    struct clock clock;
    struct hooked hooked;
    bool ready;
    enum presence_state now;
    uint64_t next; /* of the last sweep */
    size_t sweeps;
    hooks_online_fn online_done;
    void *online_ctx;
    size_t count; /* of calls */
    struct {
        struct hooks_seen seen;
        hooks_done_fn done;
        void *ctx;
    } calls[CALLS_MAX];
};

static struct world w;

static void seen(struct hooks *h, const struct hooks_seen *s,
                 hooks_done_fn done, void *ctx) {
    (void)h;
    w.calls[w.count].seen = *s;
    w.calls[w.count].done = done;
    w.calls[w.count++].ctx = ctx;
}

static void online(struct hooks *h, uint64_t next, hooks_online_fn done,
                   void *ctx) {
    (void)h;
    w.next = next;
    w.sweeps++;
    w.online_done = done;
    w.online_ctx = ctx;
}

static bool ready(struct hooks *h) {
    (void)h;
    return w.ready;
}

static struct presence_known known(void *owner, struct user_id user) {
    (void)owner;
    return (struct presence_known){user, w.now, 99};
}

static int setup(void **state) {
    static const struct hooks_ops ops = {NULL, seen, online, ready};

    (void)state;
    w = (struct world){.ready = true, .now = PRESENCE_UNKNOWN};
    w.port.ops = &ops;
    w.hooked.hooks = &w.port;
    w.hooked.clock = &w.clock;
    w.hooked.known = known;
    hooked_init(&w.hooked);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    hooked_fini(&w.hooked);
    return 0;
}

static void put(uint64_t user, enum presence_state state) {
    hooked_put(&w.hooked, (struct presence_known){{user}, state, 5});
    hooked_flush(&w.hooked);
}

static void answer(size_t i, enum rc rc) {
    w.calls[i].done(w.calls[i].ctx, rc);
    hooked_flush(&w.hooked);
}

static void test_waits(void **state) {
    (void)state;
    w.ready = false;
    put(1, PRESENCE_ONLINE);
    put(2, PRESENCE_AWAY);
    put(1, PRESENCE_OFFLINE);
    assert_int_equal(w.count, 0);
    assert_false(hooked_idle(&w.hooked));
    w.ready = true;
    hooked_flush(&w.hooked);
    assert_int_equal(w.count, 2);
    assert_true(w.calls[0].seen.user.v == 2 && w.calls[0].seen.online);
    assert_true(w.calls[1].seen.user.v == 1 && !w.calls[1].seen.online);
    assert_int_equal(w.calls[1].seen.since_ms, 5);
    assert_false(hooked_idle(&w.hooked));
    answer(0, RC_OK);
    answer(1, RC_OK);
    assert_true(hooked_idle(&w.hooked));
}

static void test_fails(void **state) {
    (void)state;
    put(1, PRESENCE_ONLINE);
    answer(0, RC_TIMEOUT); /* nothing better is known */
    assert_true(w.count == 2 && w.calls[1].seen.online);
    w.now = PRESENCE_OFFLINE;
    answer(1, RC_BACKEND);
    assert_true(w.count == 3 && !w.calls[2].seen.online);
    w.ready = false;
    put(1, PRESENCE_ONLINE); /* newer than what fails now */
    answer(2, RC_AGAIN);
    w.ready = true;
    hooked_flush(&w.hooked);
    assert_true(w.count == 4 && w.calls[3].seen.online);
    answer(3, RC_CLOSED);
    assert_true(hooked_idle(&w.hooked));
}

/* Of a user one thing is on its way at a time, so none overtakes another. */
static void test_one_at_a_time(void **state) {
    (void)state;
    put(1, PRESENCE_ONLINE);
    put(1, PRESENCE_OFFLINE);
    put(2, PRESENCE_ONLINE);
    assert_true(w.count == 2 && w.calls[1].seen.user.v == 2);
    answer(0, RC_OK);
    assert_true(w.count == 3 && w.calls[2].seen.user.v == 1);
    assert_false(w.calls[2].seen.online);
    answer(1, RC_OK);
    answer(2, RC_OK);
    assert_true(hooked_idle(&w.hooked));
}

static void swept(enum rc rc, uint64_t user, uint64_t next) {
    const struct user_id users[] = {{user}};

    w.online_done(w.online_ctx, rc, users, rc == RC_OK ? 1 : 0, next);
    hooked_flush(&w.hooked);
}

/* Who was told to be online and is not goes, but for those whom another one
 * speaks for. */
static void test_sweep(void **state) {
    (void)state;
    w.clock.wall_ms = 77;
    w.ready = false;
    hooked_sweep(&w.hooked);
    hooked_flush(&w.hooked);
    assert_int_equal(w.sweeps, 0);
    w.ready = true;
    hooked_flush(&w.hooked);
    assert_true(w.sweeps == 1 && w.next == 0);
    hooked_flush(&w.hooked); /* it is on its way */
    assert_int_equal(w.sweeps, 1);
    swept(RC_TIMEOUT, 0, 0); /* again */
    assert_true(w.sweeps == 2 && w.next == 0);
    swept(RC_OK, 1, 5); /* of him nothing is known */
    assert_true(w.sweeps == 3 && w.next == 5 && w.count == 0);
    w.now = PRESENCE_ONLINE;
    hooked_sweep(&w.hooked); /* more is ours: once more from the beginning */
    swept(RC_OK, 2, 9);
    assert_true(w.sweeps == 4 && w.next == 9 && w.count == 0);
    w.now = PRESENCE_OFFLINE;
    swept(RC_OK, 3, 0);
    assert_true(w.count == 1 && w.calls[0].seen.user.v == 3);
    assert_true(!w.calls[0].seen.online && w.calls[0].seen.since_ms == 77);
    assert_true(w.sweeps == 5 && w.next == 0);
    swept(RC_OK, 4, 0);
    assert_int_equal(w.count, 2);
    hooked_flush(&w.hooked);
    assert_int_equal(w.sweeps, 5);
    answer(0, RC_OK);
    answer(1, RC_OK);
}

/* Without webhooks nothing is kept. */
static void test_nobody(void **state) {
    (void)state;
    w.hooked.hooks = NULL;
    put(1, PRESENCE_ONLINE);
    hooked_sweep(&w.hooked);
    hooked_flush(&w.hooked);
    assert_true(hooked_idle(&w.hooked) && w.sweeps == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
