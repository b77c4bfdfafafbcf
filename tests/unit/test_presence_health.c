/* What the presence service answers on its internal listener. */
#include "presence/health.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/assert_row.h"

#include "proto/base/log.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_directory.h"
#include "tests/unit/http_ask.h"

enum {
    SETTLED_MS = 60000, /* every partition is known by then */
};

struct world {
    struct loop loop;
    struct clock clock; /* the service's, which the test moves */
    struct wheel wheel;
    struct fake_bus *net;
    struct fake_directory *store;
    struct bus_redis_stats bus_stats;
    struct bus *bus;
    struct directory *dir;
    struct service *service;
    struct presence_health *health;
    char address[128];
    struct buf response;
};

static struct world w;

static int setup(void **state) {
    struct service_config config = {
        .service = 1,
        .tracker = {.lease_ms = 6000,
                    .grace_ms = 5000,
                    .settle_ms = 3000,
                    .asleep_ms = 2000},
        .seen_every_ms = 2000,
        .seen_limit = 100,
    };
    struct service_ports ports;
    struct presence_health_parts parts;

    (void)state;
    w = (struct world){.service = NULL};
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    snprintf(w.address, sizeof(w.address), "unix:/tmp/moim-health.%ld",
             (long)getpid());
    assert_int_equal(loop_init(&w.loop), RC_OK);
    w.clock = w.loop.clock;
    wheel_init(&w.wheel, w.clock.mono_ms);
    w.net = fake_bus_new(1);
    w.store = fake_directory_new();
    w.bus = fake_bus_join(w.net);
    w.dir = fake_directory_join(w.store);
    ports = (struct service_ports){w.bus, w.dir, &w.clock, &w.wheel, NULL};
    w.service = service_open(&config, &ports);
    parts = (struct presence_health_parts){&w.loop, w.service, w.bus, w.dir,
                                           &w.bus_stats};
    assert_int_equal(presence_health_open(&w.health, &parts, w.address), RC_OK);
    buf_init(&w.response);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    presence_health_close(w.health);
    loop_run(&w.loop);
    presence_health_free(&w.health);
    assert_null(w.health);
    service_close(&w.service);
    loop_fini(&w.loop);
    fake_bus_free(&w.net);
    fake_directory_free(&w.store);
    buf_fini(&w.response);
    return 0;
}

static unsigned ask_as(const char *host, const char *line) {
    struct buf request;
    unsigned status;

    buf_init(&request);
    buf_addf(&request, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
             line, host);
    buf_clear(&w.response);
    status = http_ask(&w.loop, w.address, buf_slice(&request), &w.response,
                      NULL, NULL);
    buf_fini(&request);
    return status;
}

static unsigned ask(const char *line) {
    return ask_as("x", line);
}

static bool said(const char *text) {
    return strstr((const char *)w.response.p, text) != NULL;
}

static void test_routes(void **state) {
    static const struct {
        const char *line;
        unsigned status;
        const char *says;
    } cases[] = {
        {"GET /healthz", 200, "\r\n\r\n{\"status\":\"alive\"}"},
        {"HEAD /healthz", 200, "\r\n\r\n"},
        {"GET /healthz?x=1", 200, "{\"status\":\"alive\"}"},
        {"GET /metrics", 200, "text/plain; version=0.0.4"},
        {"POST /healthz", 405, "Allow: GET, HEAD\r\n"},
        {"GET /", 404, "not_found"},
        {"GET /healthz/", 404, "not_found"},
        {"GET /v1/me", 404, "not_found"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_row(cases[i].line, ask(cases[i].line) == cases[i].status);
        assert_row(cases[i].line, said(cases[i].says));
    }
}

/* The last errors are for who asks by a name of ours only. */
static void test_errors(void **state) {
    static const struct log_ctx ctx = {"test", 0};

    (void)state;
    log_error(&ctx, "went_wrong", "n=1");
    assert_int_equal(ask_as("localhost:9090", "GET /ops/errors"), 200);
    assert_true(said("\"event\":\"went_wrong\",\"pairs\":\"n=1\"}"));
    assert_int_equal(ask("GET /ops/errors"), 421);
    assert_false(said("went_wrong"));
    assert_int_equal(ask_as("127.0.0.1", "POST /ops/errors"), 405);
}

/* Steps of less than what a process may sleep, or it would doubt itself. */
static void pass(uint64_t ms) {
    for (uint64_t spent = 0; spent < ms; spent += 100) {
        w.clock.mono_ms += 100;
        w.clock.wall_ms += 100;
        wheel_advance(&w.wheel, w.clock.mono_ms);
        fake_bus_settle(w.net);
    }
}

#define CHECK(name, ok) "{\"name\":\"" name "\",\"ok\":" ok ","

/* Ready when every partition is known; the directory may be away meanwhile,
 * since nobody is told less for it. */
static void test_ready(void **state) {
    (void)state;
    assert_int_equal(ask("GET /readyz"), 503);
    assert_true(said("{\"status\":\"not ready\","));
    assert_true(said(CHECK("presence", "false")));
    assert_true(said(CHECK("bus", "true")));
    assert_true(said(CHECK("directory", "true")));
    pass(SETTLED_MS);
    assert_true(service_ready(w.service));
    fake_directory_calls(w.dir)->refuse = RC_AGAIN;
    assert_int_equal(ask("GET /readyz"), 200);
    assert_true(said("{\"status\":\"ready\","));
    assert_true(said(CHECK("presence", "true")));
    assert_true(said(CHECK("directory", "false")));
    fake_bus_cut(w.bus);
    (void)ask("GET /readyz");
    assert_true(said(CHECK("bus", "false")));
}

static size_t count_of(const char *word) {
    const char *at = (const char *)w.response.p;
    size_t n = 0;

    while ((at = strstr(at, word)) != NULL) {
        n++;
        at += strlen(word);
    }
    return n;
}

/* Each metric has its help and type; what was not understood is counted. */
static void test_metrics(void **state) {
    struct topic topic = {TOPIC_PRESENCE, 1};

    (void)state;
    pass(SETTLED_MS);
    w.bus->ops->publish(w.bus, &topic, 1, SLICE_LIT("nonsense"), false, NULL,
                        NULL);
    fake_bus_settle(w.net);
    w.bus_stats.missed = 3;
    assert_int_equal(ask("GET /metrics"), 200);
    assert_true(said("\nmoim_presence_bad_messages_total 1\n"));
    assert_true(said("\nmoim_presence_online_users 0\n"));
    assert_true(said("\nmoim_presence_redis_missed_total 3\n"));
    assert_false(said("\nmoim_presence_owned_partitions 0\n"));
    assert_true(said("\nmoim_build_info{version=\""));
    assert_int_equal(count_of("# HELP "), count_of("# TYPE "));
    assert_int_equal(count_of("# HELP "), count_of("\nmoim_"));
}

/* Nothing is answered from a service that is being taken apart. */
static void test_closing(void **state) {
    int fd = http_ask_connect(w.address);
    struct buf in;

    (void)state;
    buf_init(&in);
    drive_turns(&w.loop, 5);
    presence_health_close(w.health);
    while (!drive_read(fd, &in)) {
        uv_run(&w.loop.uv, UV_RUN_NOWAIT);
    }
    assert_int_equal(in.n, 0);
    close(fd);
    buf_fini(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_routes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ready, setup, teardown),
        cmocka_unit_test_setup_teardown(test_metrics, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
