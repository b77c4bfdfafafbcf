/* Is the history's store as durable as the tier says? Asked of a store that
 * says what the test wants it to. */
#include "gateway/durability.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/assert_row.h"

#include "gateway/server.h"
#include "proto/base/macros.h"
#include "tests/unit/drive.h"

enum {
    MINUTE_MS = 60000,
};

/* What the store says; NULL: CONFIG GET is not allowed. */
struct says {
    const char *info;
    const char *appendonly;
    const char *appendfsync;
    const char *on_rewrite;
    const char *policy;
};

struct world {
    struct loop loop;
    struct settings settings;
    struct server server;
    struct durability durability;
    struct says says;
    const char *replication; /* NULL: it does not tell */
    char address[128];
    int listening;
    int peer; /* -1: none */
    struct buf in;
    size_t asked; /* questions answered */
};

static struct world w;

static int setup(void **state) {
    (void)state;
    w = (struct world){.peer = -1};
    snprintf(w.address, sizeof(w.address), "unix:/tmp/moim-durability.%ld",
             (long)getpid());
    assert_int_equal(loop_init(&w.loop), RC_OK);
    w.settings.tier = TIER_T1;
    w.server.loop = &w.loop;
    w.server.settings = &w.settings;
    w.listening = drive_listen(w.address);
    assert_true(w.listening >= 0);
    assert_int_equal(fcntl(w.listening, F_SETFL, O_NONBLOCK), 0);
    buf_init(&w.in);
    return 0;
}

static void hang_up(void) {
    if (w.peer >= 0) {
        close(w.peer);
        w.peer = -1;
        w.in.n = 0;
    }
}

static int teardown(void **state) {
    (void)state;
    durability_stop(&w.durability);
    hang_up();
    close(w.listening);
    (void)unlink(w.address + strlen("unix:"));
    loop_run(&w.loop);
    loop_fini(&w.loop);
    buf_fini(&w.in);
    return 0;
}

static void put_setting(struct buf *out, const char *name, const char *value) {
    if (value == NULL) {
        buf_add_str(out, "-NOPERM this user has no permissions\r\n");
    } else {
        buf_addf(out, "*2\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(name), name,
                 strlen(value), value);
    }
}

static void answer(void) {
    struct buf out;

    buf_init(&out);
    buf_addf(&out, "$%zu\r\n%s\r\n", strlen(w.says.info), w.says.info);
    if (w.replication == NULL) {
        buf_add_str(&out, "$-1\r\n");
    } else {
        buf_addf(&out, "$%zu\r\n%s\r\n", strlen(w.replication), w.replication);
    }
    put_setting(&out, "appendonly", w.says.appendonly);
    put_setting(&out, "appendfsync", w.says.appendfsync);
    put_setting(&out, "no-appendfsync-on-rewrite", w.says.on_rewrite);
    put_setting(&out, "maxmemory-policy", w.says.policy);
    assert_int_equal(write(w.peer, out.p, out.n), out.n);
    buf_fini(&out);
}

/* A turn of the store: PING is the greeting, the policy the last question. */
static void serve(void) {
    if (w.peer < 0) {
        w.peer = accept(w.listening, NULL, NULL);
        if (w.peer < 0) {
            return;
        }
        assert_int_equal(fcntl(w.peer, F_SETFL, O_NONBLOCK), 0);
    }
    if (drive_read(w.peer, &w.in)) {
        hang_up();
    } else if (drive_has(&w.in, "maxmemory-policy\r\n")) {
        w.in.n = 0;
        answer();
        w.asked++;
    } else if (drive_has(&w.in, "PING\r\n")) {
        w.in.n = 0;
        assert_int_equal(write(w.peer, "+PONG\r\n", 7), 7);
    }
}

static bool is_judged(void *ctx) {
    const size_t *asked = ctx;

    serve();
    return w.asked == *asked && wheel_is_set(&w.durability.timer);
}

/* Until the answer to that many questions has been heard. */
static void wait_for(size_t asked) {
    assert_true(drive_until(&w.loop, is_judged, &asked));
}

static void start(void) {
    struct redis_config redis = {.address = w.address, .deadline_ms = 1000};

    assert_int_equal(durability_start(&w.durability, &w.server, &redis), RC_OK);
}

#define INFO "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"

#define REPLICAS(n) "# Replication\r\nrole:master\r\nconnected_slaves:" n "\r\n"

static const struct says good = {INFO, "yes", "always", "no", "noeviction"};

static const struct row {
    const char *name;
    struct says says;
    const char *why; /* how it begins, or NULL: good enough */
} rows[] = {
    {"as it should be", {INFO, "yes", "always", "no", "noeviction"}, NULL},
    {"a newer one",
     {"redis_version:10.1.0\r\n", "yes", "always", "no", "noeviction"},
     NULL},
    {"one that does not say which it is",
     {"# Server\r\n", "yes", "always", "no", "noeviction"},
     NULL},
    {"an old one",
     {"redis_version:6.2.14\r\n", "yes", "always", "no", "noeviction"},
     "the server is older than Redis 7"},
    {"no log", {INFO, "no", "always", "no", "noeviction"}, "appendonly"},
    {"a log that lags",
     {INFO, "yes", "everysec", "no", "noeviction"},
     "appendfsync"},
    {"a log that rests",
     {INFO, "yes", "always", "yes", "noeviction"},
     "no-appendfsync-on-rewrite"},
    {"one that forgets",
     {INFO, "yes", "always", "no", "allkeys-lru"},
     "maxmemory-policy"},
    {"one that is silent",
     {INFO, NULL, NULL, NULL, NULL},
     "the store does not tell its settings"},
    {"half of it is silent",
     {INFO, "yes", "always", NULL, "noeviction"},
     "the store does not tell its settings"},
};

static void test_rows(void **state) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *why;

        assert_int_equal(setup(state), 0);
        w.says = rows[i].says;
        start();
        assert_row(rows[i].name, w.server.not_durable != NULL);
        wait_for(1);
        why = w.server.not_durable;
        assert_row(rows[i].name, (why == NULL) == (rows[i].why == NULL));
        assert_row(rows[i].name,
                   why == NULL || slice_starts(slice_str(why), rows[i].why));
        assert_int_equal(teardown(state), 0);
    }
}

static void test_tier_0(void **state) {
    (void)state;
    w.settings.tier = TIER_T0;
    start();
    assert_null(w.server.not_durable);
    drive_turns(&w.loop, 10);
    assert_int_equal(accept(w.listening, NULL, NULL), -1);
}

static void test_bad_address(void **state) {
    struct redis_config redis = {.address = "nowhere", .deadline_ms = 1000};

    (void)state;
    assert_int_equal(durability_start(&w.durability, &w.server, &redis),
                     RC_BAD_INPUT);
}

static void pass(uint64_t ms) {
    w.loop.clock.mono_ms += ms;
    wheel_advance(&w.loop.wheel, w.loop.clock.mono_ms);
}

/* It is asked again every minute, and either way it changes is seen. */
static void test_again(void **state) {
    (void)state;
    w.says = good;
    start();
    wait_for(1);
    assert_null(w.server.not_durable);
    w.says.appendonly = "no";
    pass(MINUTE_MS - 1000);
    assert_true(wheel_is_set(&w.durability.timer));
    pass(2000);
    assert_false(wheel_is_set(&w.durability.timer)); /* it is asked now */
    wait_for(2);
    assert_non_null(w.server.not_durable);
    w.says.appendonly = "yes";
    pass((uint64_t)2 * MINUTE_MS);
    wait_for(3);
    assert_null(w.server.not_durable);
}

static bool is_asked(void *ctx) {
    const size_t *asked = ctx;

    serve();
    return w.asked == *asked;
}

/* Each address is asked, and the weakest counts. */
static void test_several(void **state) {
    char twice[2 * sizeof(w.address)];
    struct redis_config redis = {.address = twice, .deadline_ms = 1000};
    size_t once = 1;

    (void)state;
    snprintf(twice, sizeof(twice), "%s,%s", w.address, w.address);
    w.says = good;
    assert_int_equal(durability_start(&w.durability, &w.server, &redis), RC_OK);
    assert_true(drive_until(&w.loop, is_asked, &once));
    w.says.appendonly = "no";
    wait_for(2);
    assert_non_null(w.server.not_durable);
    pass((uint64_t)2 * MINUTE_MS);
    once = 3;
    assert_true(drive_until(&w.loop, is_asked, &once));
    w.says = good;
    wait_for(4);
    assert_non_null(w.server.not_durable);
    pass((uint64_t)2 * MINUTE_MS);
    wait_for(6);
    assert_null(w.server.not_durable);
}

/* Tier t2 wants replicas before it begins. Later each ack asks for them. */
static void test_replicas(void **state) {
    static const struct {
        const char *name;
        const char *says;
        bool good;
    } steps[] = {
        {"none are told", NULL, false},         {"none", REPLICAS("0"), false},
        {"too few", REPLICAS("1"), false},      {"enough", REPLICAS("2"), true},
        {"they go again", REPLICAS("0"), true},
    };

    (void)state;
    w.settings.tier = TIER_T2;
    w.settings.copies = 2;
    w.says = good;
    start();
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        w.replication = steps[i].says;
        wait_for(i + 1);
        assert_row(steps[i].name,
                   (w.server.not_durable == NULL) == steps[i].good);
        pass(steps[i].good ? (uint64_t)2 * MINUTE_MS : 2000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_tier_0, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replicas, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
