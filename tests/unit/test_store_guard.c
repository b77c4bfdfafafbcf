/* Is the history's store the one that was known? A store of two slots that the
 * test empties, exchanges and brings back, and two gateways at one directory.
 */
#include "gateway/store_guard.h"

#include "tests/unit/gateway_fixture.h"

enum {
    SLOTS_HERE = 2,
    OTHER_SLOT = 1,
    LOOK_MS = 1000,
    PATIENCE = 10, /* seconds, of the clock that stands still */
};

/* ---- the store ---- */

enum ask {
    ASK_NOTHING,
    ASK_LOOK,
    ASK_NAME,
    ASK_MARK,
};

struct fake_store {
    struct store base;
    struct store_id slots[SLOTS_HERE]; /* "": nothing stands there */
    struct store_id expected;
    unsigned lost;
    bool away; /* it cannot be reached */
    /* The question that waits for its answer. */
    enum ask ask;
    unsigned slot;
    struct store_id id;
    store_done_fn done;
    store_found_fn found;
    void *ctx;
    unsigned marks;
};

static struct fake_store *fake_of(struct store *s) {
    return CONTAINER_OF(s, struct fake_store, base);
}

static void expect_op(struct store *s, const struct store_id *id) {
    fake_of(s)->expected = *id;
}

static struct fake_store *ask(struct store *s, enum ask what, void *ctx) {
    struct fake_store *f = fake_of(s);

    assert_int_equal(f->ask, ASK_NOTHING);
    f->ask = what;
    f->ctx = ctx;
    return f;
}

static void look_op(struct store *s, store_done_fn done, void *ctx) {
    ask(s, ASK_LOOK, ctx)->done = done;
}

static void name_op(struct store *s, unsigned slot,
                    const struct store_id *fresh, store_found_fn done,
                    void *ctx) {
    struct fake_store *f = ask(s, ASK_NAME, ctx);

    assert_true(slot < SLOTS_HERE);
    assert_int_equal(strlen(fresh->s), STORE_ID_LEN);
    f->slot = slot;
    f->id = *fresh;
    f->found = done;
}

static unsigned where_op(const struct store *s) {
    return ((const struct fake_store *)(const void *)s)->lost;
}

static void mark_op(struct store *s, const struct store_id *id,
                    store_done_fn done, void *ctx) {
    struct fake_store *f = ask(s, ASK_MARK, ctx);

    f->id = *id;
    f->done = done;
}

static const struct store_ops ops = {
    .expect = expect_op,
    .look = look_op,
    .name = name_op,
    .where = where_op,
    .mark = mark_op,
};

static enum rc looked(struct fake_store *f) {
    for (unsigned i = 0; i < SLOTS_HERE; i++) {
        if (strcmp(f->slots[i].s, f->expected.s) != 0) {
            f->lost = i;
            return RC_LOST;
        }
    }
    return RC_OK;
}

static void name_it(struct fake_store *f, enum rc rc) {
    struct store_found found = {.slot = f->slot};

    if (rc == RC_OK && f->slots[f->slot].s[0] == '\0') {
        f->slots[f->slot] = f->id;
    }
    found.id = f->slots[f->slot];
    f->found(f->ctx, rc, rc == RC_OK ? &found : NULL);
}

static void answer(struct fake_store *f) {
    enum ask what = f->ask;
    enum rc rc = f->away ? RC_AGAIN : RC_OK;

    f->ask = ASK_NOTHING;
    if (what == ASK_NAME) {
        name_it(f, rc);
    } else if (what == ASK_LOOK) {
        f->done(f->ctx, rc == RC_OK ? looked(f) : rc);
    } else if (what == ASK_MARK) {
        for (unsigned i = 0; rc == RC_OK && i < SLOTS_HERE; i++) {
            f->slots[i] = f->id;
        }
        f->marks += rc == RC_OK;
        f->done(f->ctx, rc);
    }
}

/* ---- the gateway ---- */

static struct stage g;
static struct fake_store redis;
static struct store_guard guard;

static void settle(void) {
    do {
        answer(&redis);
        stage_settle(&g);
    } while (redis.ask != ASK_NOTHING);
}

static void pass(unsigned seconds) {
    for (unsigned i = 0; i < seconds; i++) {
        stage_pass(&g, LOOK_MS);
        settle();
    }
}

static int setup(void **state) {
    (void)state;
    stage_open(&g, NULL);
    redis = (struct fake_store){.base = {.ops = &ops}};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    store_guard_stop(&guard);
    settle();
    stage_close(&g);
    return 0;
}

static void start(void) {
    store_guard_start(&guard, &g.server, &redis.base);
    assert_non_null(g.server.store_lost);
    pass(1);
}

static bool bears(const struct fake_store *f, const char *id) {
    for (unsigned i = 0; i < SLOTS_HERE; i++) {
        if (strcmp(f->slots[i].s, id) != 0) {
            return false;
        }
    }
    return true;
}

static void assert_lost(void) {
    assert_non_null(g.server.store_lost);
    assert_true(slice_starts(slice_str(g.server.store_lost), "store_lost"));
}

static void empty(void) {
    memset(redis.slots, 0, sizeof(redis.slots));
}

/* ---- the tests ---- */

static void test_first_start(void **state) {
    bool whole = false;
    struct store_found known;

    (void)state;
    start();
    known = fake_directory_known(g.directory, &whole);
    assert_null(g.server.store_lost);
    assert_true(whole);
    assert_int_equal(strlen(known.id.s), STORE_ID_LEN);
    assert_string_equal(redis.expected.s, known.id.s);
    assert_true(bears(&redis, known.id.s));
    pass(PATIENCE);
    assert_null(g.server.store_lost);
    assert_int_equal(redis.marks, 1);
}

/* Two that start at once have made one id: who comes second takes it. */
static void test_named_by_another(void **state) {
    struct store_found other = {{"0123456789abcdef0123456789abcdef"}, 0};
    bool whole;

    (void)state;
    redis.slots[0] = other.id;
    start();
    assert_null(g.server.store_lost);
    assert_string_equal(fake_directory_known(g.directory, &whole).id.s,
                        other.id.s);
    assert_true(bears(&redis, other.id.s));
}

/* The same moment, but ours is another store than the one that is known. */
static void test_another_store(void **state) {
    struct store_found other = {{"0123456789abcdef0123456789abcdef"}, 0};

    (void)state;
    fake_directory_accept(g.directory, other);
    start();
    assert_lost();
    assert_int_equal(redis.marks, 0);
    assert_string_equal(redis.expected.s, other.id.s);
    redis.slots[0] = other.id; /* it is the right one after all */
    pass(PATIENCE);
    assert_null(g.server.store_lost);
}

static void test_waits_for_both(void **state) {
    (void)state;
    redis.away = true;
    start();
    pass(PATIENCE);
    assert_non_null(g.server.store_lost);
    redis.away = false;
    g.stores_sleep = true;
    pass(PATIENCE);
    assert_non_null(g.server.store_lost);
    g.stores_sleep = false;
    pass(PATIENCE);
    assert_null(g.server.store_lost);
}

static void test_empty_and_back(void **state) {
    struct store_id before;
    struct peer p;

    (void)state;
    start();
    peer_ws(&g, &p, ANN);
    assert_true(peer_hears(&g, &p, "\"type\":\"ready\""));
    before = redis.slots[0];
    redis.slots[OTHER_SLOT].s[0] = '\0';
    pass(2);
    assert_lost();
    assert_int_equal(fake_directory_found(g.directory).slot, OTHER_SLOT);
    assert_string_equal(fake_directory_found(g.directory).id.s,
                        redis.slots[OTHER_SLOT].s);
    pass(PATIENCE);
    assert_lost();
    assert_string_equal(redis.expected.s, before.s);
    assert_false(peer_heard(&g, &p, "\"type\":\"resync\""));
    redis.slots[OTHER_SLOT] = before;
    pass(2);
    assert_null(g.server.store_lost);
    assert_true(peer_hears(&g, &p, "\"type\":\"resync\""));
    assert_int_equal(redis.marks, 1);
    peer_close(&p);
}

static void test_accepted(void **state) {
    struct peer p;
    struct store_id before;
    bool whole;

    (void)state;
    start();
    before = redis.slots[0];
    peer_ws(&g, &p, ANN);
    assert_true(peer_hears(&g, &p, "\"type\":\"ready\""));
    empty();
    pass(2);
    assert_lost();
    fake_directory_accept(g.directory, fake_directory_found(g.directory));
    pass(2);
    assert_null(g.server.store_lost);
    assert_true(peer_hears(&g, &p, "\"type\":\"resync\""));
    assert_string_not_equal(redis.expected.s, before.s);
    assert_true(bears(&redis, redis.expected.s));
    (void)fake_directory_known(g.directory, &whole);
    assert_true(whole);
    peer_close(&p);
}

/* What another gateway found, and somebody accepted, is not what we have. */
static void test_accepted_elsewhere(void **state) {
    struct store_found other = {{"0123456789abcdef0123456789abcdef"}, 0};

    (void)state;
    start();
    fake_directory_accept(g.directory, other);
    for (unsigned i = 0; i < PATIENCE && g.server.store_lost == NULL; i++) {
        pass(1);
    }
    assert_lost();
    assert_string_equal(redis.expected.s, other.id.s);
    for (unsigned i = 0; i < PATIENCE; i++) {
        pass(1);
        assert_lost();
    }
    assert_int_equal(redis.marks, 1);
}

/* PostgreSQL is not needed as long as nothing is lost, and is when it is. */
static void test_directory_away(void **state) {
    (void)state;
    start();
    g.stores_sleep = true;
    pass(PATIENCE);
    assert_null(g.server.store_lost);
    g.stores_sleep = false;
    pass(1);
    fake_directory_calls(g.server.core.directory)->refuse = RC_BACKEND;
    pass(PATIENCE);
    assert_null(g.server.store_lost);
    empty();
    pass(PATIENCE);
    assert_lost();
    fake_directory_calls(g.server.core.directory)->refuse = RC_OK;
    pass(2);
    assert_lost();
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_first_start),        TEST(test_named_by_another),
        TEST(test_another_store),      TEST(test_waits_for_both),
        TEST(test_empty_and_back),     TEST(test_accepted),
        TEST(test_accepted_elsewhere), TEST(test_directory_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
