/* The history in a store that is not the one it was: emptied under a living
 * connection, restarted empty, or another one. */
#include "tests/integration/store_env.h"

struct env {
    struct fixture f; /* first: tear_down wants it there */
    struct store *store;
};

/* ---- the fixture ---- */

static void await_calls(struct env *e) {
    unsigned tries = 0;

    while (name(&e->f, e->store, 0, first).rc != RC_OK) {
        assert_true(tries++ < IT_PATIENCE_MS / 20);
        it_run_for(&e->f.loop, 20);
    }
}

static int begin(void **state) {
    struct env *e = mem_new(sizeof(*e));

    assert_int_equal(loop_init(&e->f.loop), RC_OK);
    it_redis_open(&e->f.redis);
    e->f.h =
        open_history(&e->f, (struct redis_config){.address = e->f.redis.address,
                                                  .deadline_ms = 20000});
    e->store = history_redis_guard(e->f.h);
    e->f.conv = new_conv(&e->f);
    await_calls(e);
    *state = e;
    return 0;
}

/* Marked and expected, with two events. */
static int begin_known(void **state) {
    struct env *e;

    assert_int_equal(begin(state), 0);
    e = *state;
    assert_int_equal(mark_all(&e->f, e->store, first), RC_OK);
    e->store->ops->expect(e->store, &first);
    await_ready(&e->f);
    fill(&e->f, 2);
    return 0;
}

static struct it_said tell(struct env *e, const char *line) {
    struct resp_conn *c = it_connect(
        &e->f.loop, (struct redis_config){.address = e->f.redis.address});
    struct it_said said = it_say(&e->f.loop, c, line);

    resp_conn_close(&c);
    return said;
}

static enum rc move_cursor(struct env *e) {
    struct history_move to = {e->f.conv, {7}, CURSOR_READ, {1}};
    struct cursor c = {.answered = false};

    e->f.h->ops->mark(e->f.h, &to, on_cursor, &c);
    assert_true(it_until(&e->f.loop, it_is_set, &c.answered, IT_PATIENCE_MS));
    return c.rc;
}

/* Nothing is told, and nothing is written. */
static void assert_lost(struct env *e) {
    uint64_t before = history_redis_stats(e->f.h)->lost;
    int64_t keys = tell(e, "DBSIZE").number;

    assert_int_equal(say(&e->f, "m3"), RC_LOST);
    assert_int_equal(read_page(&e->f), RC_LOST);
    assert_int_equal(read_heads(&e->f, &e->f.conv, 1).rc, RC_LOST);
    assert_int_equal(move_cursor(e), RC_LOST);
    assert_int_equal(look(&e->f, e->store), RC_LOST);
    assert_int_equal(history_redis_stats(e->f.h)->lost, before + 5);
    assert_int_equal(tell(e, "DBSIZE").number, keys);
}

/* ---- the tests ---- */

static void test_nothing_before_it_is_told(void **state) {
    struct env *e = *state;

    assert_false(history_ready(e->f.h));
    assert_int_equal(say(&e->f, "m1"), RC_AGAIN);
    assert_int_equal(read_page(&e->f), RC_AGAIN);
    assert_int_equal(read_heads(&e->f, &e->f.conv, 1).rc, RC_AGAIN);
    assert_int_equal(move_cursor(e), RC_AGAIN);
    assert_int_equal(look(&e->f, e->store), RC_AGAIN);
}

static void test_named_once(void **state) {
    struct env *e = *state;
    struct told t = name(&e->f, e->store, 0, second);

    assert_int_equal(t.rc, RC_OK);
    assert_string_equal(t.found.id.s, first.s);
    assert_int_equal(t.found.slot, 0);
    e->store->ops->expect(e->store, &first);
    assert_int_equal(look(&e->f, e->store), RC_OK);
    e->store->ops->expect(e->store, &second);
    assert_int_equal(look(&e->f, e->store), RC_LOST);
}

/* The connection lives, and so does what is pipelined on it. */
static void test_emptied(void **state) {
    struct env *e = *state;
    struct told t;

    assert_int_equal(read_page(&e->f), RC_OK);
    assert_string_equal(tell(e, "FLUSHALL").text, "OK");
    assert_lost(e);
    assert_int_equal(tell(e, "DBSIZE").number, 0);
    t = name(&e->f, e->store, 0, second);
    assert_string_equal(t.found.id.s, second.s);
    assert_lost(e);
    assert_int_equal(mark_all(&e->f, e->store, second), RC_OK);
    e->store->ops->expect(e->store, &second);
    assert_int_equal(look(&e->f, e->store), RC_OK);
    assert_int_equal(say(&e->f, "m1"), RC_OK);
    assert_int_equal(read_page(&e->f), RC_OK);
}

/* Not one append gets through, from the first moment on. */
static void test_restarted_empty(void **state) {
    struct env *e = *state;
    char command[160];
    enum rc rc = RC_BACKEND;

    it_redis_kill(&e->f.redis);
    snprintf(command, sizeof(command), "rm -r '%s/appendonlydir'",
             e->f.redis.dir);
    assert_int_equal(system(command), 0);
    it_redis_start(&e->f.redis);
    for (unsigned tries = 0; rc != RC_LOST; tries++) {
        assert_true(tries < IT_PATIENCE_MS / 20);
        rc = say(&e->f, "m3");
        assert_int_not_equal(rc, RC_OK);
        it_run_for(&e->f.loop, 20);
    }
    assert_lost(e);
}

static void test_another_store(void **state) {
    struct env *e = *state;

    assert_int_equal(mark_all(&e->f, e->store, second), RC_OK);
    assert_lost(e);
    assert_int_equal(mark_all(&e->f, e->store, first), RC_OK);
    assert_int_equal(look(&e->f, e->store), RC_OK);
    assert_int_equal(say(&e->f, "m3"), RC_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_before_it_is_told, begin,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_named_once, begin, tear_down),
        cmocka_unit_test_setup_teardown(test_emptied, begin_known, tear_down),
        cmocka_unit_test_setup_teardown(test_restarted_empty, begin_known,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_another_store, begin_known,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
