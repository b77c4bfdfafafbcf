/* Whose request it is, with proxies in front that say so. */
#include "gateway/client_address.h"

#include "tests/unit/gateway_fixture.h"

#define XFF "X-Forwarded-For: "

/* Which settings make sense. */
static void test_open(void **state) {
    static const struct {
        const char *name;
        const char *proxies;
        enum proxy_protocol protocol;
        enum rc rc;
    } rows[] = {
        {"nobody", "", PROXY_PROTOCOL_OFF, RC_OK},
        {"networks", "10.0.0.0/8 fd00::/8", PROXY_PROTOCOL_OFF, RC_OK},
        {"one address", "192.0.2.1", PROXY_PROTOCOL_REQUIRED, RC_OK},
        {"sockets", "unix", PROXY_PROTOCOL_REQUIRED, RC_OK},
        {"a wrong prefix", "10.0.0.0/33", PROXY_PROTOCOL_OFF, RC_BAD_INPUT},
        {"a name", "10.0.0.0/8 proxy", PROXY_PROTOCOL_OFF, RC_BAD_INPUT},
        {"nobody could connect", "", PROXY_PROTOCOL_REQUIRED, RC_BAD_INPUT},
        {"nobody needs to", "", PROXY_PROTOCOL_OPTIONAL, RC_OK},
    };

    (void)state;
    log_set_level(LOG_ERROR);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char proxies[64];
        struct settings settings = {.trusted_proxies = proxies,
                                    .proxy_protocol = rows[i].protocol};
        struct server server = {.settings = &settings};

        snprintf(proxies, sizeof(proxies), "%s", rows[i].proxies);
        assert_row(rows[i].name, client_address_open(&server) == rows[i].rc);
        client_address_close(&server);
    }
}

/* The address that a stranger's socket is counted by. The peer is a Unix
 * socket's. */
static void test_settle(void **state) {
    static const struct {
        const char *name;
        const char *proxies;
        const char *headers;
        const char *want;
    } rows[] = {
        {"nobody says anything", "unix", "", "unix"},
        {"a proxy speaks", "unix", XFF "192.0.2.9\r\n", "192.0.2.9"},
        {"nobody we trust speaks", "", XFF "192.0.2.9\r\n", "unix"},
        {"not of this kind", "10.0.0.0/8", XFF "192.0.2.9\r\n", "unix"},
        {"the last one counts", "unix", XFF "192.0.2.1, 192.0.2.9\r\n",
         "192.0.2.9"},
        {"behind a second proxy", "unix 10.0.0.0/8",
         XFF "192.0.2.9, 10.1.2.3\r\n", "192.0.2.9"},
        {"nonsense", "unix", XFF "somebody\r\n", "unix"},
        {"IPv6", "unix", XFF "2001:db8::1\r\n", "2001:db8::1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char flag[64];
        const char *const flags[] = {flag, NULL};
        struct stage g;
        struct peer p;

        snprintf(flag, sizeof(flag), "--gateway.trusted_proxies=%s",
                 rows[i].proxies);
        stage_open(&g, flags);
        peer_open(&g, &p, false);
        peer_knocks(&g, &p, 0, rows[i].headers);
        assert_row(rows[i].name, peer_hears(&g, &p, "HTTP/1.1 101 "));
        assert_row(rows[i].name,
                   strangers_count(&g.server.strangers,
                                   strangers_key(rows[i].want)) == 1);
        peer_close(&p);
        stage_close(&g);
    }
}

static void test_trusts(void **state) {
    static const struct {
        const char *name;
        const char *proxies;
        const char *peer;
        bool want;
    } rows[] = {
        {"a socket", "unix", "unix", true},
        {"no socket", "10.0.0.0/8", "unix", false},
        {"in the network", "10.0.0.0/8", "10.200.0.1", true},
        {"beside it", "10.0.0.0/8", "11.0.0.1", false},
        {"a socket is not everybody", "unix", "10.0.0.1", false},
        {"gone", "unix 0.0.0.0/0", "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char flag[64];
        const char *const flags[] = {flag, NULL};
        struct stage g;
        struct stream *s;
        int fds[2];

        snprintf(flag, sizeof(flag), "--gateway.trusted_proxies=%s",
                 rows[i].proxies);
        stage_open(&g, flags);
        assert_true(drive_pair(fds));
        assert_int_equal(stream_adopt(&s, &g.loop, fds[0], 1024), RC_OK);
        stream_set_peer(s, rows[i].peer);
        assert_row(rows[i].name,
                   client_address_trusts(&g.server, s) == rows[i].want);
        stream_close(s, RC_OK);
        close(fds[1]);
        stage_close(&g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_trusts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
