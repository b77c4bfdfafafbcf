/* A gateway's ends: its listeners, the connections on them, its closing. */
#include "gateway/server.h"

#include "tests/unit/gateway_fixture.h"

#include <fcntl.h>

#define PING "{\"type\":\"ping\",\"id\":\"1\"}"

/* More connections than allowed are told so; operators still get in. */
static void test_full(void **state) {
    struct stage g;
    struct peer first;
    struct peer second;
    struct peer operator;

    (void)state;
    stage_open(&g, (const char *const[]){"--limits.sessions=1", NULL});
    peer_open(&g, &first, false);
    peer_gets(&g, &first, 0, "/healthz");
    assert_true(peer_hears(&g, &first, "alive"));
    peer_open(&g, &second, false);
    assert_true(peer_hears(&g, &second, "HTTP/1.1 503 "));
    assert_true(peer_heard(&g, &second, "Retry-After: 5\r\n"));
    assert_true(peer_is_left(&g, &second));
    assert_int_equal(g.server.stats.refused, 1);
    peer_open(&g, &operator, true);
    peer_gets(&g, &operator, 0, "/healthz");
    assert_true(peer_hears(&g, &operator, "alive"));
    peer_close(&first);
    peer_close(&second);
    stage_settle(&g);
    assert_int_equal(listener_count(g.server.listener), 0);
    peer_open(&g, &second, false); /* there is room again */
    peer_gets(&g, &second, 0, "/healthz");
    assert_true(peer_hears(&g, &second, "alive"));
    peer_close(&second);
    peer_close(&operator);
    stage_close(&g);
}

/* A socket that has become a session counts as the one connection it is. */
static void test_sessions_count(void **state) {
    struct stage g;
    struct peer first;
    struct peer second;

    (void)state;
    stage_open(&g, (const char *const[]){"--limits.sessions=1", NULL});
    peer_ready(&g, &first, ANN);
    assert_true(list_empty(&g.server.conns));
    assert_int_equal(listener_count(g.server.listener), 1);
    peer_open(&g, &second, false);
    assert_true(peer_hears(&g, &second, "HTTP/1.1 503 "));
    peer_close(&first);
    peer_close(&second);
    stage_settle(&g);
    assert_int_equal(listener_count(g.server.listener), 0);
    stage_close(&g);
}

static void test_proxy_header(void **state) {
    static const struct {
        const char *name;
        const char *protocol;
        const char *proxies;
        const char *first; /* what comes before the request */
        const char *want;
        const char *counted; /* the stranger's address; NULL: not let in */
    } rows[] = {
        {"off", "off", "unix", "", "101 ", "unix"},
        {"off, and one comes", "off", "unix", "PROXY UNKNOWN\r\n", "400 ",
         NULL},
        {"required", "required", "unix",
         "PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\n", "101 ", "192.0.2.7"},
        {"required, and none comes", "required", "unix", "", "400 ", NULL},
        {"required, of nobody we trust", "required", "10.0.0.0/8",
         "PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\n", "400 ", NULL},
        {"optional", "optional", "unix",
         "PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\n", "101 ", "192.0.2.7"},
        {"optional, and none comes", "optional", "unix", "", "101 ", "unix"},
        {"optional, of nobody we trust", "optional", "10.0.0.0/8",
         "PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\n", "400 ", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char protocol[64];
        char proxies[64];
        const char *const flags[] = {protocol, proxies, NULL};
        struct stage g;
        struct peer p;

        snprintf(protocol, sizeof(protocol), "--gateway.proxy_protocol=%s",
                 rows[i].protocol);
        snprintf(proxies, sizeof(proxies), "--gateway.trusted_proxies=%s",
                 rows[i].proxies);
        stage_open(&g, flags);
        peer_open(&g, &p, false);
        peer_say(&p, rows[i].first);
        peer_knocks(&g, &p, 0, "");
        assert_row(rows[i].name, peer_hears(&g, &p, rows[i].want));
        assert_row(rows[i].name,
                   (g.server.session_count == 1) == (rows[i].counted != NULL));
        assert_row(rows[i].name,
                   rows[i].counted == NULL ||
                       strangers_count(&g.server.strangers,
                                       strangers_key(rows[i].counted)) == 1);
        peer_close(&p);
        stage_settle(&g);
        assert_row(rows[i].name, list_empty(&g.server.conns));
        assert_row(rows[i].name, listener_count(g.server.listener) == 0);
        stage_close(&g);
    }
}

/* ---- closing ---- */

static bool left_presence(const struct stage *g) {
    for (size_t i = 0; i < fake_bus_sent_count(g->bus); i++) {
        struct bus_msg msg;

        if (bus_msg_decode(fake_bus_sent(g->bus, i)->msg, &msg) == RC_OK &&
            msg.kind == BUS_PRESENCE_REPORT && msg.u.report.leaving) {
            return true;
        }
    }
    return false;
}

/* Everybody is told that it is over, and nothing is left open. */
static void test_close(void **state) {
    struct stage g;
    struct peer ws;    /* a session */
    struct peer sse;   /* a stream of events */
    struct peer poll;  /* waits for something to happen */
    struct peer idle;  /* a connection without a request */
    struct peer gated; /* has not said whose it is */

    (void)state;
    stage_open(&g,
               (const char *const[]){"--gateway.proxy_protocol=optional",
                                     "--gateway.trusted_proxies=unix", NULL});
    peer_ready(&g, &ws, ANN);
    peer_open(&g, &sse, false);
    peer_asks(&g, &sse, BEN, "GET /v1/events", "Accept: text/event-stream\r\n",
              "");
    assert_true(peer_hears(&g, &sse, "\"ready\""));
    g.stores_sleep = true;
    peer_open(&g, &poll, false);
    peer_gets(&g, &poll, 3, "/v1/poll");
    peer_open(&g, &idle, false);
    peer_gets(&g, &idle, 0, "/healthz");
    assert_true(peer_hears(&g, &idle, "alive"));
    peer_open(&g, &gated, false);
    stage_settle(&g);
    assert_false(left_presence(&g));
    server_close(&g.server);
    assert_true(left_presence(&g));
    assert_int_equal(peer_closed_with(&g, &ws), WS_CODE_GOING_AWAY);
    assert_true(peer_hears(&g, &sse, "{\"type\":\"closed\",\"code\":1001,"));
    assert_true(peer_is_left(&g, &sse));
    assert_true(peer_hears(&g, &poll, "{\"type\":\"closed\",\"code\":1001,"));
    assert_true(peer_is_left(&g, &poll));
    stage_pass(&g, 1000);
    assert_true(peer_is_left(&g, &idle));
    assert_true(peer_is_left(&g, &gated));
    peer_close(&ws);
    peer_close(&sse);
    peer_close(&poll);
    peer_close(&idle);
    peer_close(&gated);
    stage_settle(&g);
    assert_true(stage_all_gone(&g));
    assert_int_equal(rmdir(g.dir), 0); /* the sockets' paths are gone */
    assert_int_equal(mkdir(g.dir, 0700), 0);
    stage_close(&g);
}

/* A command on its way when the gateway stops is still answered. */
static void test_close_with_a_command_open(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_open(&g, &p, false);
    g.stores_sleep = true;
    peer_gets(&g, &p, ANN, "/v1/me");
    stage_settle(&g);
    server_close(&g.server);
    stage_settle(&g);
    assert_false(stage_all_gone(&g));
    g.stores_sleep = false;
    assert_true(peer_hears(&g, &p, "\"type\":\"me\""));
    assert_true(drive_has(&p.in, "Connection: close\r\n"));
    assert_true(peer_is_left(&g, &p));
    peer_close(&p);
    stage_close(&g);
}

static void test_requests_on_one_connection(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_open(&g, &p, false);
    for (unsigned i = 0; i < 3; i++) {
        peer_asks(&g, &p, 0, "POST /v1/cmd", "", PING);
    }
    stage_settle(&g);
    peer_read(&p);
    assert_int_equal(peer_count(&p, "{\"type\":\"ok\",\"id\":\"1\"}"), 3);
    assert_int_equal(listener_count(g.server.listener), 1);
    peer_close(&p);
    stage_close(&g);
}

/* Sockets that no listener took are closed, once: whoever gets their numbers
 * next keeps them. */
static void test_thaw_fails(void **state) {
    struct server_sockets sockets;
    char path[STAGE_PATH_MAX];
    struct stage g;
    int ends[2];

    (void)state;
    stage_open(&g, NULL);
    server_freeze(&g.server, &sockets);
    stage_settle(&g);
    assert_true(sockets.public > 0 && sockets.internal > 0);
    assert_int_equal(pipe(ends), 0);
    close(sockets.public);
    sockets.public = ends[0]; /* nobody can listen there */
    assert_int_equal(server_thaw(&g.server, &sockets), RC_BACKEND);
    stage_settle(&g);
    assert_int_equal(fcntl(sockets.public, F_GETFD), -1);
    assert_int_equal(fcntl(sockets.internal, F_GETFD), -1);
    close(ends[1]);
    stage_path(&g, true, path);
    assert_int_equal(unlink(path), 0);
    stage_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_sessions_count),
        cmocka_unit_test(test_proxy_header),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_close_with_a_command_open),
        cmocka_unit_test(test_requests_on_one_connection),
        cmocka_unit_test(test_thaw_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
