/* Which devices can be woken, against a real PostgreSQL: who subscribes, who
 * is found, and what ends it. */
#include "tests/unit/assert_row.h"

#include "storage/hook_outbox.h"
#include "tests/integration/dir_env.h"

static struct got g;
static struct hook_outbox *outbox;

enum {
    CONV = 7000,
    LIFE_MS = 86400000,
    WAKES_MAX = 32,
};

static struct device_id device(uint64_t v) {
    return (struct device_id){v};
}

static enum rc subscribe(uint64_t of, uint64_t id, const char *endpoint) {
    const struct device_push push = {.user = user(of),
                                     .device = device(id),
                                     .endpoint = slice_str(endpoint),
                                     .p256dh = SLICE_LIT("key"),
                                     .auth = SLICE_LIT("auth"),
                                     .life_ms = LIFE_MS};

    return GOT(&g, done, push_set, &push);
}

static void make_device(uint64_t of, uint64_t id) {
    assert_int_equal(GOT(&g, device, device_create, user(of), device(id),
                         SLICE_LIT("browser")),
                     RC_OK);
}

/* What hook_outbox_wakes has answered. */
static struct {
    bool done;
    enum rc rc;
    size_t count;
    uint64_t devices[WAKES_MAX];
    char text[WAKES_MAX][128];
} wakes;

static void on_wakes(void *ctx, enum rc rc, const struct hook_wake *found,
                     size_t count) {
    (void)ctx;
    wakes.done = true;
    wakes.rc = rc;
    wakes.count = count;
    for (size_t i = 0; i < count && i < WAKES_MAX; i++) {
        const struct hook_wake *x = &found[i];

        wakes.devices[i] = x->device.v;
        snprintf(wakes.text[i], sizeof(wakes.text[i]),
                 "%.*s %.*s %.*s %.*s "
                 "%.*s",
                 (int)x->endpoint.n, (const char *)x->endpoint.p,
                 (int)x->p256dh.n, (const char *)x->p256dh.p, (int)x->auth.n,
                 (const char *)x->auth.p, (int)x->name.n,
                 (const char *)x->name.p, (int)x->title.n,
                 (const char *)x->title.p);
    }
}

/* How many devices of the user can be woken for what user 2 says. */
static size_t woken(uint64_t of) {
    wakes.done = false;
    hook_outbox_wakes(outbox, user(of), conv(CONV), user(2), on_wakes, NULL);
    pg_env_wait(&env, &wakes.done);
    assert_int_equal(wakes.rc, RC_OK);
    return wakes.count;
}

static void test_subscribe(void **state) {
    (void)state;
    make_device(1, 101);
    make_device(1, 102);
    make_device(3, 103);
    assert_int_equal(subscribe(1, 101, "https://a/1"), RC_OK);
    assert_int_equal(woken(1), 1);
    assert_int_equal(wakes.devices[0], 101);
    assert_string_equal(wakes.text[0], "https://a/1 key auth u2 Trip");
    assert_int_equal(subscribe(1, 101, "https://a/2"), RC_OK); /* once each */
    assert_int_equal(subscribe(1, 102, "https://a/3"), RC_OK);
    assert_int_equal(woken(1), 2);
    assert_int_equal(subscribe(3, 101, "https://a/4"), RC_NOT_FOUND);
    assert_int_equal(subscribe(1, 999, "https://a/4"), RC_NOT_FOUND);
    assert_int_equal(subscribe(1, 101, "https://a/'; DROP"), RC_OK);
    assert_int_equal(GOT(&g, done, push_drop, user(3), device(101)), RC_OK);
    assert_int_equal(woken(1), 2); /* not his */
    assert_int_equal(GOT(&g, done, push_drop, user(1), device(101)), RC_OK);
    assert_int_equal(GOT(&g, done, push_drop, user(1), device(101)), RC_OK);
    assert_int_equal(woken(1), 1);
    assert_int_equal(wakes.devices[0], 102);
}

/* A browser is the last one's who logged in there. */
static void test_taken_over(void **state) {
    (void)state;
    assert_int_equal(subscribe(3, 103, "https://a/3"), RC_OK);
    assert_int_equal(woken(1), 0);
    assert_int_equal(woken(3), 1);
    assert_int_equal(subscribe(1, 102, "https://a/3"), RC_OK);
    assert_int_equal(woken(3), 0);
    assert_int_equal(woken(1), 1);
}

static void on_dropped(void *ctx, enum rc rc) {
    got_rc(ctx, rc);
}

static void gone(uint64_t id, const char *endpoint) {
    g = (struct got){0};
    hook_outbox_gone(outbox, device(id), slice_str(endpoint), on_dropped, &g);
    assert_int_equal(got_wait(&g), RC_OK);
}

/* What ends it: the service says so, of this endpoint; the device is logged
 * out, or has been silent for too long; and what is no end: he left, or muted
 * the conversation. */
static void test_ends(void **state) {
    (void)state;
    assert_int_equal(subscribe(1, 102, "https://a/5"), RC_OK);
    gone(102, "https://a/3");
    assert_int_equal(woken(1), 1);
    gone(102, "https://a/5");
    assert_int_equal(woken(1), 0);
    assert_int_equal(subscribe(1, 102, "https://a/5"), RC_OK);
    pg_env_sql(&env, "UPDATE members SET muted_until = 4000000000000 "
                     "WHERE conv_id = 7000 AND user_id = 1");
    assert_int_equal(woken(1), 0);
    pg_env_sql(&env, "UPDATE members SET muted_until = 0, role = 0 "
                     "WHERE conv_id = 7000 AND user_id = 1");
    assert_int_equal(woken(1), 0);
    pg_env_sql(&env, "UPDATE members SET role = 1 "
                     "WHERE conv_id = 7000 AND user_id = 1");
    assert_int_equal(woken(1), 1);
    pg_env_sql(&env, "UPDATE devices SET used_at = now() - interval '2 days' "
                     "WHERE id = 102");
    assert_int_equal(woken(1), 0);
    assert_int_equal(GOT(&g, done, device_use, user(1), device(102)), RC_OK);
    assert_int_equal(woken(1), 1);
    assert_int_equal(
        GOT(&g, devices, devices_revoke, user(1), device(102), REVOKE_THIS),
        RC_OK);
    assert_int_equal(woken(1), 0);
    assert_int_equal(subscribe(1, 102, "https://a/5"), RC_NOT_FOUND);
}

/* Beyond so many the oldest go. */
static void test_limit(void **state) {
    char endpoint[32];

    (void)state;
    for (uint64_t i = 0; i < DEVICE_PUSH_MAX + 2; i++) {
        make_device(3, 200 + i);
        snprintf(endpoint, sizeof(endpoint), "https://b/%u", (unsigned)i);
        assert_int_equal(subscribe(3, 200 + i, endpoint), RC_OK);
    }
    assert_int_equal(woken(3), DEVICE_PUSH_MAX);
    assert_int_equal(wakes.devices[0], 202);
    assert_int_equal(wakes.devices[DEVICE_PUSH_MAX - 1],
                     200 + DEVICE_PUSH_MAX + 1);
    assert_int_equal(GOT(&g, devices, user_close, user(3)), RC_OK);
    assert_int_equal(woken(3), 0);
}

static void outbox_open(void) {
    const struct hook_outbox_config config = {env.conninfo, 5000};

    if (hook_outbox_open(&outbox, &env.loop, &config) != RC_OK) {
        abort();
    }
    while (!hook_outbox_ready(outbox)) {
        pg_env_turn(&env);
    }
    pg_env_sql(&env,
               "INSERT INTO conversations (id, kind, title, "
               "member_count, created_by) VALUES (7000, 2, 'Trip', 2, 1); "
               "INSERT INTO members (conv_id, user_id, role, bound) VALUES "
               "(7000, 1, 1, true), (7000, 3, 1, true)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subscribe),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_limit),
    };
    int failed;

    dir_env_open();
    outbox_open();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    hook_outbox_close(&outbox);
    dir_env_close();
    return failed;
}
