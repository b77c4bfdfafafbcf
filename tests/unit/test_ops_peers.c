/* The other processes: how they are named, and asking them. */
#include "gateway/ops_peers.h"

#include "tests/unit/gateway_fixture.h"

static void test_names(void **state) {
    static const struct {
        const char *name;
        const char *text;
        enum rc rc;
        size_t count;
    } rows[] = {
        {"none", "", RC_OK, 0},
        {"one", "g1=127.0.0.1:9081", RC_OK, 1},
        {"some, spaces", " g1=127.0.0.1:1  p.1=[::1]:2 x=unix:/a ", RC_OK, 3},
        {"twice", "g1=127.0.0.1:1 g1=127.0.0.1:2", RC_BAD_INPUT, 0},
        {"no name", "=127.0.0.1:1", RC_BAD_INPUT, 0},
        {"no address", "g1=", RC_BAD_INPUT, 0},
        {"no =", "g1", RC_BAD_INPUT, 0},
        {"a name to look up", "g1=example.org:1", RC_BAD_INPUT, 0},
        {"no port", "g1=127.0.0.1", RC_BAD_INPUT, 0},
        {"a slash", "g/1=127.0.0.1:1", RC_BAD_INPUT, 0},
        {"31 letters", "a234567890123456789012345678901=[::1]:2", RC_OK, 1},
        {"32", "a2345678901234567890123456789012=[::1]:2", RC_BAD_INPUT, 0},
        {"one is good", "g1=127.0.0.1:1 g2", RC_BAD_INPUT, 0},
    };

    (void)state;
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ops_peers p;

        assert_row(rows[i].name,
                   ops_peers_open(&p, NULL, rows[i].text) == rows[i].rc);
        assert_row(rows[i].name, p.count == rows[i].count);
        ops_peers_close(&p);
    }
}

static void test_too_many(void **state) {
    struct ops_peers p;
    struct buf b;

    (void)state;
    buf_init(&b);
    for (unsigned i = 0; i < OPS_PEERS_MAX; i++) {
        buf_addf(&b, "g%u=127.0.0.1:%u ", i, 1000 + i);
    }
    buf_add_byte(&b, '\0');
    assert_int_equal(ops_peers_open(&p, NULL, (const char *)b.p), RC_OK);
    assert_non_null(ops_peers_find(&p, SLICE_LIT("g63")));
    assert_null(ops_peers_find(&p, SLICE_LIT("g64")));
    assert_string_equal(ops_peers_find(&p, SLICE_LIT("g1"))->address,
                        "127.0.0.1:1001");
    ops_peers_close(&p);
    b.n--;
    buf_add_str(&b, "more=127.0.0.1:1");
    buf_add_byte(&b, '\0');
    assert_int_equal(ops_peers_open(&p, NULL, (const char *)b.p), RC_BAD_INPUT);
    buf_fini(&b);
}

/* ---- asking ---- */

static struct stage g;
static struct peer p;
static char socket_path[64];
static int listening;

/* A peer "other" that the test plays, and one that nobody is. */
static int setup(void **state) {
    char flag[256];

    (void)state;
    snprintf(socket_path, sizeof(socket_path), "unix:/tmp/moim-peer-%d",
             (int)getpid());
    listening = drive_listen(socket_path);
    assert_true(listening >= 0);
    snprintf(flag, sizeof(flag),
             "--gateway.peers=other=%s nobody=unix:/tmp/moim-nobody-%d",
             socket_path, (int)getpid());
    stage_open(&g, (const char *[]){flag, NULL});
    peer_open(&g, &p, true);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    peer_close(&p);
    stage_close(&g);
    close(listening);
    unlink(socket_path + 5);
    return 0;
}

static void ask(const char *target) {
    char text[256];

    peer_forget(&p);
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
             target);
    peer_say(&p, text);
    stage_settle(&g);
}

static void answer_with(const char *text) {
    int fd = accept(listening, NULL, NULL);
    size_t n = strlen(text);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    stage_settle(&g);
    close(fd);
}

static void test_answers(void **state) {
    static const struct {
        const char *name;
        const char *target;
        const char *answer; /* NULL: the peer is not even there */
        const char *want;
        const char *also;
    } rows[] = {
        {"metrics", "/ops/peers/other/metrics",
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na1", "HTTP/1.1 200 ",
         "Content-Type: text/plain; version=0.0.4"},
        {"its type is ours", "/ops/peers/other/errors",
         "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a\r\n"
         "Content-Length: 2\r\n\r\n{}",
         "HTTP/1.1 200 ", "Content-Type: application/json\r\n"},
        {"not ready", "/ops/peers/other/readyz",
         "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 503 ",
         "\r\n\r\n{}"},
        {"a status we never send", "/ops/peers/other/readyz",
         "HTTP/1.1 299 No\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 502 ",
         "peer_unreachable"},
        {"cut", "/ops/peers/other/metrics",
         "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\na1", "HTTP/1.1 502 ",
         "peer_unreachable"},
        {"not there", "/ops/peers/nobody/metrics", NULL, "HTTP/1.1 502 ",
         "peer_unreachable"},
        {"no such name", "/ops/peers/others/metrics", NULL, "HTTP/1.1 404 ",
         "gateway.peers"},
        {"nothing to ask", "/ops/peers/other/healthz", NULL, "HTTP/1.1 404 ",
         "gateway.peers"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ask(rows[i].target);
        if (rows[i].answer != NULL) {
            answer_with(rows[i].answer);
        }
        assert_row(rows[i].name, peer_hears(&g, &p, rows[i].want));
        assert_row(rows[i].name, peer_hears(&g, &p, rows[i].also));
        assert_row(rows[i].name, !drive_has(&p.in, "Set-Cookie"));
    }
}

static void test_silence(void **state) {
    (void)state;
    ask("/ops/peers/other/metrics");
    stage_pass(&g, OPS_FETCH_MS / 2);
    assert_false(peer_heard(&g, &p, "HTTP/1.1"));
    stage_pass(&g, OPS_FETCH_MS);
    assert_true(peer_hears(&g, &p, "HTTP/1.1 504 "));
}

/* What is passed on has a limit, long before a stream's queue has. */
static void test_too_long(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_addf(&b, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
             OPS_ANSWER_BYTES + 1);
    for (unsigned i = 0; i <= OPS_ANSWER_BYTES; i++) {
        buf_add_byte(&b, 'x');
    }
    buf_add_byte(&b, '\0');
    ask("/ops/peers/other/metrics");
    answer_with((const char *)b.p);
    assert_true(peer_hears(&g, &p, "HTTP/1.1 502 "));
    buf_fini(&b);
}

/* One that has gone waits for nothing; one that waits hears of the end. */
static void test_ends(void **state) {
    struct peer gone;

    (void)state;
    peer_open(&g, &gone, true);
    peer_say(&gone, "GET /ops/peers/other/metrics HTTP/1.1\r\n"
                    "Host: localhost\r\n\r\n");
    stage_settle(&g);
    peer_hang_up(&gone);
    peer_close(&gone);
    stage_settle(&g);
    answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na1");
    ask("/ops/peers/other/metrics");
    server_drain(&g.server);
    ops_close(&g.server.ops);
    assert_true(peer_hears(&g, &p, "HTTP/1.1 503 "));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_too_many),
        TEST(test_answers),           TEST(test_silence),
        TEST(test_too_long),          TEST(test_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
