/* The operator's side of the internal listener: who may ask, for what, and
 * what it tells. */
#include "gateway/ops.h"

#include "tests/unit/gateway_fixture.h"

static struct stage g;
static struct peer p;
static char root[64];

static void put_file(const char *name, const char *text) {
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void open_with(const char *control) {
    char flag[128];
    char peers[128];

    snprintf(root, sizeof(root), "/tmp/moim-ops-%d", (int)getpid());
    assert_int_equal(mkdir(root, 0700), 0);
    put_file("index.html", "<p>operators</p>");
    snprintf(flag, sizeof(flag), "--gateway.ops_root=%s", root);
    snprintf(peers, sizeof(peers), "--gateway.peers=g1=127.0.0.1:1 %s",
             "g2=unix:/tmp/moim-nobody p1=[::1]:3");
    stage_open(&g, (const char *[]){flag, control, peers, "--gateway.name=g1",
                                    "--gateway.ops_hosts=ops.example", NULL});
    peer_open(&g, &p, true);
}

static int setup(void **state) {
    (void)state;
    open_with("--gateway.ops_control=yes");
    return 0;
}

static int setup_no_control(void **state) {
    (void)state;
    open_with("--gateway.ops_control=no");
    return 0;
}

static int teardown(void **state) {
    char path[128];

    (void)state;
    peer_close(&p);
    stage_close(&g);
    snprintf(path, sizeof(path), "%s/index.html", root);
    unlink(path);
    assert_int_equal(rmdir(root), 0);
    return 0;
}

static void ask(const char *request, const char *headers) {
    char text[512];

    peer_forget(&p);
    snprintf(text, sizeof(text), "%s HTTP/1.1\r\n%s\r\n", request, headers);
    peer_say(&p, text);
}

#define LOCAL "Host: localhost:9081\r\n"
#define CONTROL "X-Moim-Ops: 1\r\n"

static void test_page(void **state) {
    (void)state;
    ask("GET /", LOCAL);
    assert_true(peer_hears(&g, &p, "<p>operators</p>"));
    assert_true(drive_has(&p.in, "default-src 'none'; script-src 'self'"));
    assert_true(drive_has(&p.in, "frame-ancestors 'none'"));
}

/* The page is not on the public listener, nor is anything else of it. */
static void test_not_public(void **state) {
    static const char *const paths[] = {"/", "/index.html", "/ops/state",
                                        "/ops/errors"};

    (void)state;
    peer_close(&p);
    peer_open(&g, &p, false);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        peer_forget(&p);
        peer_gets(&g, &p, 0, paths[i]);
        assert_row(paths[i], peer_hears(&g, &p, "HTTP/1.1 404 "));
        stage_settle(&g);
        peer_read(&p);
    }
}

/* Who asks; all of it before anything is done. */
static void test_guard(void **state) {
    static const struct {
        const char *request;
        const char *headers;
        const char *want;
    } rows[] = {
        {"GET /ops/state", LOCAL, "HTTP/1.1 200 "},
        {"GET /ops/state", "Host: 127.0.0.1\r\n", "HTTP/1.1 200 "},
        {"GET /ops/state", "Host: [::1]:1\r\n", "HTTP/1.1 200 "},
        {"GET /ops/state", "Host: OPS.example:9\r\n", "HTTP/1.1 200 "},
        {"GET /ops/state", "Host: evil.example\r\n", "gateway.ops_hosts"},
        {"GET /ops/errors", "Host: evil.example\r\n", "HTTP/1.1 421 "},
        {"GET /", "Host: evil.example\r\n", "HTTP/1.1 421 "},
        {"GET /nothing", "Host: evil.example\r\n", "HTTP/1.1 421 "},
        {"GET /metrics", "Host: any.example\r\n", "HTTP/1.1 200 "},
        {"GET /ops/state", LOCAL "Origin: http://localhost:9081\r\n",
         "HTTP/1.1 200 "},
        {"GET /ops/state", LOCAL "Origin: http://localhost:80\r\n",
         "HTTP/1.1 403 "},
        {"POST /ops/drain", LOCAL CONTROL "Origin: http://evil.example\r\n",
         "origin_not_allowed"},
        {"POST /ops/drain", "Host: evil.example\r\n" CONTROL, "HTTP/1.1 421 "},
        {"POST /ops/drain", LOCAL, "X-Moim-Ops"},
        {"POST /ops/kill", LOCAL "X-Moim-Ops: 0\r\n", "HTTP/1.1 403 "},
        {"POST /ops/peers/g2/drain", LOCAL, "HTTP/1.1 403 "},
        {"GET /ops/drain", LOCAL CONTROL, "Allow: POST\r\n"},
        {"GET /ops/peers/g2/kill", LOCAL CONTROL, "Allow: POST\r\n"},
        {"POST /ops/state", LOCAL CONTROL, "Allow: GET\r\n"},
        {"POST /ops/peers/g2/metrics", LOCAL CONTROL, "Allow: GET\r\n"},
        {"GET /ops/", LOCAL, "HTTP/1.1 404 "},
        {"GET /ops/peers/g2", LOCAL, "HTTP/1.1 404 "},
        {"GET /ops/peers/g2/metrics/x", LOCAL, "HTTP/1.1 404 "},
        {"GET /nothing", LOCAL, "HTTP/1.1 404 "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ask(rows[i].request, rows[i].headers);
        assert_row(rows[i].request, peer_hears(&g, &p, rows[i].want));
        stage_settle(&g);
        peer_read(&p);
    }
    assert_false(server_draining(&g.server));
}

/* A list that all gateways share names this one too; it is not its own peer. */
static void test_state(void **state) {
    (void)state;
    ask("GET /ops/state", LOCAL);
    assert_true(peer_hears(&g, &p, "\"name\":\"g1\",\"version\":\""));
    assert_true(
        peer_hears(&g, &p, "\"control\":true,\"peers\":[\"g2\",\"p1\"]}"));
}

static void test_errors(void **state) {
    static const struct log_ctx ctx = {"test", 0};

    (void)state;
    log_error(&ctx, "went_wrong", "why=\"%s\"", "a test");
    ask("GET /ops/errors", LOCAL);
    assert_true(peer_hears(&g, &p, "\"level\":\"error\",\"times\":1,"));
    assert_true(drive_has(&p.in, "\"pairs\":\"why=\\\"a test\\\"\"}"));
}

/* A second press changes nothing; a second SIGTERM would. */
static void test_drain(void **state) {
    uint64_t from;

    (void)state;
    ask("POST /ops/drain", LOCAL CONTROL "Origin: http://localhost:9081\r\n");
    assert_true(peer_hears(&g, &p, "HTTP/1.1 202 "));
    assert_true(server_draining(&g.server));
    from = g.server.drain_from_ms;
    stage_pass(&g, 100);
    ask("POST /ops/drain", LOCAL CONTROL);
    assert_true(peer_hears(&g, &p, "HTTP/1.1 202 "));
    assert_int_equal(g.server.drain_from_ms, from);
    assert_false(g.stopped);
}

static void test_no_control(void **state) {
    static const char *const requests[] = {"POST /ops/drain", "POST /ops/kill",
                                           "POST /ops/peers/g2/drain",
                                           "POST /ops/peers/g2/kill"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        ask(requests[i], LOCAL CONTROL);
        assert_row(requests[i], peer_hears(&g, &p, "HTTP/1.1 403 "));
        assert_row(requests[i], peer_hears(&g, &p, "gateway.ops_control"));
    }
    assert_false(server_draining(&g.server));
    ask("GET /ops/state", LOCAL);
    assert_true(peer_hears(&g, &p, "\"control\":false"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_page),
        TEST(test_not_public),
        TEST(test_guard),
        TEST(test_state),
        TEST(test_errors),
        TEST(test_drain),
        cmocka_unit_test_setup_teardown(test_no_control, setup_no_control,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
