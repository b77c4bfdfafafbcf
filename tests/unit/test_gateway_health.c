/* What operators and balancers ask a gateway. */
#include "gateway/health.h"

#include "tests/unit/gateway_fixture.h"

static struct stage g;
static struct peer p;

static int setup(void **state) {
    (void)state;
    stage_open_bare(&g, NULL);
    g.stores_sleep = true; /* it has just been started */
    peer_open(&g, &p, false);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    peer_close(&p);
    stage_close(&g);
    return 0;
}

/* "200" or "503", and what is said of the named check. */
static void expect(const char *row, const char *status, const char *said) {
    char line[32];

    snprintf(line, sizeof(line), "HTTP/1.1 %s ", status);
    peer_forget(&p);
    peer_gets(&g, &p, 0, "/readyz");
    assert_row(row, peer_hears(&g, &p, "]}"));
    assert_row(row, slice_starts(buf_slice(&p.in), line));
    assert_row(row, drive_has(&p.in, said));
}

static void test_ready(void **state) {
    (void)state;
    expect("who was logged out is not known", "503",
           "{\"name\":\"revoked\",\"ok\":false,\"detail\":\"not read yet");
    g.stores_sleep = false;
    stage_pass(&g, WHEEL_TICK_MS);
    fake_bus_cut(g.server.core.bus);
    expect("a store was never there", "503",
           "{\"name\":\"bus\",\"ok\":false,\"detail\":\"not connected");
    fake_bus_heal(g.server.core.bus, false);
    expect("everything is there", "200", "{\"status\":\"ready\",\"checks\":[");
    expect("durability", "200", "{\"name\":\"durability\",\"ok\":true,");
    fake_bus_cut(g.server.core.bus);
    expect("a store went away", "200", "{\"name\":\"bus\",\"ok\":false,");
    fake_bus_heal(g.server.core.bus, false);
    g.server.not_durable = "a test says so";
    expect("an ack would promise too much", "503",
           "{\"name\":\"durability\",\"ok\":false,"
           "\"detail\":\"a test says so\"}");
    g.server.not_durable = NULL;
    expect("it promises enough", "200", "\"ready\"");
    g.server.store_lost = "another test says so";
    expect("another store", "503",
           "{\"name\":\"store\",\"ok\":false,"
           "\"detail\":\"another test says so\"}");
    g.server.store_lost = NULL;
    expect("the right one", "200", "\"ready\"");
    server_drain(&g.server);
    expect("drain", "503",
           "{\"name\":\"drain\",\"ok\":false,\"detail\":\"draining\"}");
    peer_forget(&p);
    peer_gets(&g, &p, 0, "/healthz");
    assert_true(peer_hears(&g, &p, "{\"status\":\"alive\"}"));
}

static void test_methods(void **state) {
    static const struct {
        const char *request;
        const char *want;
    } rows[] = {
        {"GET /healthz", "HTTP/1.1 200 "},  {"HEAD /healthz", "HTTP/1.1 200 "},
        {"POST /healthz", "HTTP/1.1 404 "}, {"DELETE /readyz", "HTTP/1.1 404 "},
        {"GET /healthz/", "HTTP/1.1 404 "}, {"GET /metrics", "HTTP/1.1 404 "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        peer_forget(&p);
        peer_asks(&g, &p, 0, rows[i].request, "", "");
        assert_row(rows[i].request, peer_hears(&g, &p, rows[i].want));
        stage_settle(&g);
        peer_read(&p);
    }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_ready),
        TEST(test_methods),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
