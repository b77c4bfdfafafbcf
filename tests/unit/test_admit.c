/* Who gets a new session: tokens in URLs, too many at once, a drain. */
#include "gateway/admit.h"

#include "tests/unit/gateway_fixture.h"

static void test_tokens_in_urls(void **state) {
    static const struct {
        const char *target;
        bool refused;
    } rows[] = {
        {"/v1/poll?timeout=0", false},
        {"/v1/poll?timeout=0&token=v1.k.a.b", true},
        {"/v1/poll?timeout=0&access_token=x", true},
        {"/v1/poll?timeout=0&jwt=x", true},
        {"/v1/poll?auth=x&timeout=0", true},
        {"/v1/poll?timeout=0&token", true},
        {"/v1/poll?timeout=0&token=", true},
        {"/v1/poll?timeout=0&tokens=x", false},
    };
    struct stage g;

    (void)state;
    stage_open(&g, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t refused = g.server.stats.refused;
        struct peer p;

        peer_open(&g, &p, false);
        peer_gets(&g, &p, ANN, rows[i].target);
        assert_row(rows[i].target,
                   peer_hears(&g, &p,
                              rows[i].refused ? "\"code\":\"token_in_url\""
                                              : "\"type\":\"ready\""));
        assert_row(rows[i].target,
                   drive_has(&p.in, rows[i].refused ? "HTTP/1.1 400 "
                                                    : "HTTP/1.1 200 "));
        assert_row(rows[i].target,
                   g.server.stats.refused - refused == rows[i].refused);
        peer_close(&p);
    }
    stage_close(&g);
}

/* As many as the burst at once, then at the pace; sessions that go on are not
 * new ones. */
static void test_pace(void **state) {
    const char *const flags[] = {"--limits.connects_per_s=2",
                                 "--limits.connects_burst=3", NULL};
    char target[128];
    char name[33];
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, flags);
    peer_open(&g, &p, false);
    for (unsigned i = 0; i < 3; i++) {
        peer_forget(&p);
        peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
        assert_true(peer_hears(&g, &p, "\"type\":\"ready\""));
    }
    peer_find(&p, "\"session\":\"", name, sizeof(name));
    peer_forget(&p);
    peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
    assert_true(peer_hears(&g, &p, "HTTP/1.1 429 "));
    assert_true(peer_heard(&g, &p, "\"code\":\"rate_limited\""));
    assert_true(drive_has(&p.in, "Retry-After: "));
    assert_true(drive_has(&p.in, "\"retry_after_ms\":"));
    assert_int_equal(g.server.session_count, 3);
    snprintf(target, sizeof(target), "/v1/poll?session=%s&ack=1&timeout=0",
             name);
    peer_forget(&p);
    peer_gets(&g, &p, ANN, target);
    assert_true(peer_hears(&g, &p, "\"texts\":[]"));
    stage_pass(&g, 499);
    peer_forget(&p);
    peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
    assert_true(peer_hears(&g, &p, "HTTP/1.1 429 "));
    stage_pass(&g, 1);
    peer_forget(&p);
    peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
    assert_true(peer_hears(&g, &p, "\"type\":\"ready\""));
    peer_close(&p);
    stage_close(&g);
}

static void test_drain(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_open(&g, &p, false);
    server_drain(&g.server);
    peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
    assert_true(peer_hears(&g, &p, "HTTP/1.1 503 "));
    assert_true(peer_heard(&g, &p, "\"code\":\"unavailable\""));
    assert_true(drive_has(&p.in, "Retry-After: "));
    assert_int_equal(g.server.session_count, 0);
    peer_close(&p);
    stage_close(&g);
}

/* Those who are refused do not come back together, nor at once. */
static void test_retry(void **state) {
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    struct stage g;

    (void)state;
    stage_open(&g, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t ms = admit_retry_ms(&g.server);

        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_in_range(least, 1000, 1500);
    assert_in_range(most, 4500, 5000);
    stage_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_in_urls),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_retry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
