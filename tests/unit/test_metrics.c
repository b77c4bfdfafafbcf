/* What a gateway counts and measures, as Prometheus reads it. */
#include "gateway/metrics.h"

#include "tests/unit/gateway_fixture.h"

static const char build_info[] =
    "moim_build_info{version=\"" MOIM_VERSION "\"} 1\n";

static void put_stores(const void *stores, struct buf *out) {
    buf_add_str(out, stores);
}

static const char *const want[] = {
    "moim_gateway_connections 21\n",
    "moim_gateway_users 40\n",
    "moim_gateway_lingering_users 19\n",
    "moim_gateway_connects_total 22\n",
    "moim_gateway_refused_total 23\n",
    "moim_gateway_requests_total 24\n",
    "moim_gateway_commands_total 25\n",
    "moim_gateway_messages_in_total 26\n",
    "moim_gateway_repeats_total 27\n",
    "moim_gateway_messages_out_total 28\n",
    "moim_gateway_ephemeral_dropped_total 29\n",
    "moim_gateway_slow_closes_total 30\n",
    "moim_gateway_auth_failures_total 31\n",
    "moim_gateway_membership_reloads_total 32\n",
    "moim_gateway_held_events_total 33\n",
    "moim_gateway_bus_gaps_total 34\n",
    "moim_gateway_bus_errors_total 35\n",
    "moim_gateway_tls_handshakes_full_total 0\n",
    "moim_gateway_loop_lag_seconds_sum 0.010000\n",
    "moim_gateway_ack_seconds_sum 0.036000\n",
    "moim_gateway_delivery_seconds_sum 0.037000\n",
    "moim_gateway_disconnects_total{code=\"left\"} 38\n",
    "moim_gateway_disconnects_total{code=\"1001\"} 0\n",
    "moim_gateway_waiting_connections 39\n",
    "moim_gateway_send_queue_bytes 0\n",
    "of_the_stores\n",
    build_info,
    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
};

/* Each number is the one it says; all are told as Prometheus reads them. */
static void test_metrics(void **state) {
    struct stage g;
    struct peer scraper;

    (void)state;
    stage_open(&g, NULL);
    g.server.put_store_metrics = put_stores;
    g.server.stores = "of_the_stores\n";
    g.loop.turns = (struct histogram){.counts = {0}};
    histogram_add(&g.loop.turns, 10000);
    g.server.session_count = 21;
    g.server.stats = (struct server_stats){.connects = 22,
                                           .refused = 23,
                                           .requests = 24,
                                           .commands = 25,
                                           .texts_out = 28,
                                           .dropped = 29,
                                           .slow_closes = 30,
                                           .auth_failures = 31};
    g.server.core.stats = (struct core_stats){.said = 26,
                                              .repeats = 27,
                                              .reloads = 32,
                                              .held = 33,
                                              .gaps = 34,
                                              .bus_errors = 35};
    histogram_add(&g.server.core.stats.acks, 36000);
    histogram_add(&g.server.core.stats.deliveries, 37000);
    g.server.stats.ends.counts[ENDS_LEFT] = 38;
    g.loop.interest.of[INTEREST_LAST].count = 39;
    g.server.core.users.count = 59;
    g.server.core.linger.count = 19;
    peer_open(&g, &scraper, true);
    peer_gets(&g, &scraper, 0, "/metrics");
    assert_true(peer_hears(&g, &scraper, "of_the_stores\n"));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_row(want[i], drive_has(&scraper.in, want[i]));
    }
    assert_int_equal(peer_count(&scraper, "# HELP "),
                     peer_count(&scraper, "# TYPE "));
    g.server.session_count = 0;
    g.loop.interest.of[INTEREST_LAST].count = 0;
    g.server.core.users.count = 0;
    g.server.core.linger.count = 0;
    peer_close(&scraper);
    stage_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
