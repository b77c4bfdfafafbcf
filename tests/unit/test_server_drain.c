/* Stopping in good order (gateway/server_drain.c): when it begins, at what
 * pace sessions are asked to leave, and when it ends in any case. */
#include "gateway/server.h"

#include "tests/unit/gateway_fixture.h"

#include "gateway/transport.h"
#include "gateway/transport_http.h"

enum {
    WAIT_MS = 5000,
    SPREAD_MS = 2000, /* 20 ticks */
    LAST_WORDS_MS = 6000,
    SESSIONS = 5, /* on sockets */
    CROWD = 75,   /* without: 80 in all, 4 a tick */
};

static struct stage g;
static struct peer peers[SESSIONS];

static int setup(void **state) {
    const char *const flags[] = {"--gateway.drain_wait=5s",
                                 "--gateway.drain_spread=2s",
                                 "--limits.sessions_per_user=100", NULL};

    (void)state;
    stage_open(&g, flags);
    for (uint64_t i = 0; i < SESSIONS; i++) {
        peer_ready(&g, &peers[i], i + 1);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    for (unsigned i = 0; i < SESSIONS; i++) {
        peer_close(&peers[i]);
    }
    stage_close(&g);
    return 0;
}

/* As the loop does: in small steps. */
static void pass(uint64_t ms) {
    for (; ms > 0; ms -= 100) {
        stage_pass(&g, 100);
    }
}

static size_t open_sessions(void) {
    size_t n = 0;

    for (struct list *at = g.server.sessions.next; at != &g.server.sessions;
         at = at->next) {
        n++;
    }
    return n;
}

static void crowd(void) {
    struct token_claims claims = {{ANN},
                                  {DEVICE_OF + ANN},
                                  stage_now.wall_ms,
                                  stage_now.wall_ms + 100000};

    for (unsigned i = 0; i < CROWD; i++) {
        (void)transport_http_open(&g.server, &claims, "192.0.2.1", false);
    }
    stage_settle(&g);
}

static void test_pace(void **state) {
    static const struct {
        const char *name;
        uint64_t ms;
        size_t left;
    } steps[] = {
        {"at once", 100, 80},
        {"before the balancer knows", WAIT_MS - 200, 80},
        {"the first", 100, 76},
        {"the next", 100, 72},
        {"half of the time", SPREAD_MS / 2 - 200, 40},
        {"nearly all of it", SPREAD_MS / 2 - 100, 4},
        {"all of it", 100, 0},
    };

    (void)state;
    crowd();
    assert_false(server_draining(&g.server));
    server_drain(&g.server);
    assert_true(server_draining(&g.server));
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        pass(steps[i].ms);
        assert_row(steps[i].name, open_sessions() == steps[i].left);
        assert_row(steps[i].name, !g.stopped);
    }
}

/* Each is told when to come back, not all the same, and closed with 1012. */
static void test_words(void **state) {
    char first[16] = "";
    unsigned different = 0;

    (void)state;
    server_drain(&g.server);
    pass(WAIT_MS + SPREAD_MS);
    for (unsigned i = 0; i < SESSIONS; i++) {
        char digits[16];
        unsigned long ms;

        assert_true(peer_heard(&g, &peers[i], "{\"type\":\"bye\","));
        assert_int_equal(peer_code(&peers[i]), WS_CODE_RESTART);
        peer_find(&peers[i], "\"retry_after_ms\":", digits, sizeof(digits));
        ms = strtoul(digits, NULL, 10);
        assert_in_range(ms, 100, 3000);
        if (i == 0) {
            memcpy(first, digits, sizeof(first));
        }
        different += strncmp(first, digits, 4) != 0;
    }
    assert_true(different > 0);
}

/* It is over when the last has gone, and not before the wait. */
static void test_ends_with_the_last(void **state) {
    (void)state;
    for (unsigned i = 0; i < SESSIONS; i++) {
        peer_hang_up(&peers[i]);
    }
    stage_settle(&g);
    assert_int_equal(g.server.session_count, 0);
    server_drain(&g.server);
    pass(WAIT_MS - 100);
    assert_false(g.stopped);
    pass(200);
    assert_true(g.stopped);
}

/* ---- somebody who stays ---- */

static void on_send(struct session *s, struct blob *text) {
    (void)s;
    (void)text;
}

static size_t on_queued(const struct session *s) {
    (void)s;
    return 0;
}

static void on_close(struct session *s, uint16_t code, const char *reason) {
    (void)s;
    (void)code;
    (void)reason;
}

static void on_time(struct session *s) {
    (void)s;
}

/* Who does not go is not waited for for ever. */
static void test_who_stays(void **state) {
    static const struct transport_ops deaf = {
        .send = on_send,
        .queued = on_queued,
        .close = on_close,
        .on_time = on_time,
    };
    struct session s = {.state = SESSION_AUTH};

    (void)state;
    session_init(&s, &g.server, &deaf, "192.0.2.1");
    server_drain(&g.server);
    pass(WAIT_MS + SPREAD_MS + LAST_WORDS_MS - 100);
    assert_int_equal(g.server.session_count, 1);
    assert_false(g.stopped);
    pass(100);
    assert_true(g.stopped);
    session_fini(&s);
}

/* Those who come between two ticks have to leave too: sessions over HTTP go
 * on until then. */
static void test_http_sessions(void **state) {
    struct peer p;

    (void)state;
    peer_open(&g, &p, false);
    peer_asks(&g, &p, ANN, "GET /v1/events", "Accept: text/event-stream\r\n",
              "");
    assert_true(peer_hears(&g, &p, "\"ready\""));
    server_drain(&g.server);
    pass(WAIT_MS + SPREAD_MS);
    assert_true(peer_heard(&g, &p, "data: {\"type\":\"bye\","));
    assert_true(drive_has(&p.in, "data: {\"type\":\"closed\",\"code\":1012,"));
    peer_close(&p);
}

static void test_asked_twice(void **state) {
    (void)state;
    server_drain(&g.server);
    assert_int_equal(g.loop.uv.stop_flag, 0);
    server_drain(&g.server);
    assert_int_equal(g.loop.uv.stop_flag, 1);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_pace),
        TEST(test_words),
        TEST(test_ends_with_the_last),
        TEST(test_who_stays),
        TEST(test_http_sessions),
        TEST(test_asked_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
