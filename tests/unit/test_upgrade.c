/* From an HTTP request to a session on a WebSocket, and the ways not to. */
#include "gateway/upgrade.h"

#include "tests/unit/gateway_fixture.h"

#define HEAD(host)                                                             \
    "GET /v1/ws HTTP/1.1\r\nHost: " host "\r\nUpgrade: websocket\r\n"          \
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                     \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

/* Who brings which token where. */
enum token {
    TOKEN_NONE,
    TOKEN_HEADER,
    TOKEN_PROTOCOL,
    TOKEN_BOTH, /* the header's counts */
};

static const struct upgrade_case {
    const char *name;
    const char *head;
    const char *want;
    enum token token;
    unsigned status;
    uint64_t user; /* whose session it becomes */
    bool ends;     /* the connection is no good for more requests */
} upgrade_cases[] = {
    {"with a header", HEAD("h"),
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", TOKEN_HEADER,
     101, ANN, false},
    {"with a subprotocol", HEAD("h"), "Sec-WebSocket-Protocol: moim.v1\r\n",
     TOKEN_PROTOCOL, 101, ANN, false},
    {"with both", HEAD("h"), "Sec-WebSocket-Protocol: moim.v1\r\n", TOKEN_BOTH,
     101, BEN, false},
    {"with neither", HEAD("h"), "Upgrade: websocket\r\n", TOKEN_NONE, 101, 0,
     false},
    {"a bad token", HEAD("h") "Authorization: Bearer v1.k.a.b\r\n",
     "WWW-Authenticate: Bearer\r\n", TOKEN_NONE, 401, 0, false},
    {"a bad token as a subprotocol",
     HEAD("h") "Sec-WebSocket-Protocol: moim.v1, moim.token.v1.k.a.b\r\n",
     "\"code\":\"unauthorized\"", TOKEN_NONE, 401, 0, false},
    {"no upgrade", "GET /v1/ws HTTP/1.1\r\nHost: h\r\n",
     "\"code\":\"bad_handshake\"", TOKEN_HEADER, 426, 0, false},
    {"another version",
     "GET /v1/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
     "Connection: Upgrade\r\nSec-WebSocket-Version: 12\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
     "Sec-WebSocket-Version: 13\r\n", TOKEN_HEADER, 426, 0, false},
    {"no key",
     "GET /v1/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
     "\"code\":\"bad_handshake\"", TOKEN_HEADER, 400, 0, true},
    {"another subprotocol", HEAD("h") "Sec-WebSocket-Protocol: chat\r\n",
     "\"code\":\"bad_handshake\"", TOKEN_HEADER, 400, 0, true},
    {"by POST",
     "POST /v1/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
     "Connection: Upgrade\r\nContent-Length: 0\r\n",
     "\"code\":\"bad_handshake\"", TOKEN_HEADER, 405, 0, false},
};

static void ask(struct stage *g, struct peer *p, const char *head,
                enum token token) {
    struct buf b;

    buf_init(&b);
    buf_add_str(&b, head);
    if (token == TOKEN_HEADER || token == TOKEN_BOTH) {
        buf_add_str(&b, "Authorization: Bearer ");
        stage_token(g, token == TOKEN_BOTH ? BEN : ANN, &b);
        buf_add_str(&b, "\r\n");
    }
    if (token == TOKEN_PROTOCOL || token == TOKEN_BOTH) {
        buf_add_str(&b, "Sec-WebSocket-Protocol: moim.v1, moim.token.");
        stage_token(g, ANN, &b);
        buf_add_str(&b, "\r\n");
    }
    buf_add_str(&b, "\r\n");
    peer_say_bytes(p, buf_slice(&b));
    buf_fini(&b);
}

static uint64_t user_of_the_session(struct stage *g) {
    return CONTAINER_OF(g->server.sessions.next, struct session, node)->user.v;
}

static void test_handshakes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(upgrade_cases); i++) {
        const struct upgrade_case *c = &upgrade_cases[i];
        char status[32];
        struct stage g;
        struct peer p;

        stage_open(&g, NULL);
        peer_open(&g, &p, false);
        ask(&g, &p, c->head, c->token);
        snprintf(status, sizeof(status), "HTTP/1.1 %u ", c->status);
        assert_row(c->name, peer_hears(&g, &p, "\r\n\r\n"));
        assert_row(c->name, slice_starts(buf_slice(&p.in), status));
        assert_row(c->name, peer_heard(&g, &p, c->want));
        assert_row(c->name,
                   c->status != 101 || !drive_has(&p.in, "moim.token"));
        assert_row(c->name,
                   (g.server.session_count == 1) == (c->status == 101));
        assert_row(c->name,
                   c->status != 101 || user_of_the_session(&g) == c->user);
        assert_row(c->name,
                   (g.server.stats.refused + g.server.stats.auth_failures >
                    0) == (c->status != 101));
        assert_row(c->name, p.ended == c->ends);
        assert_row(c->name, c->status != 101 || list_empty(&g.server.conns));
        peer_close(&p);
        stage_close(&g);
    }
}

/* Frames that came along with the request are none that we asked for. */
static void test_bytes_too_early(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_open(&g, &p, false);
    peer_say(&p, HEAD("h") "\r\n\x81\x80\x01\x02\x03\x04");
    assert_true(peer_is_left(&g, &p));
    assert_true(drive_has(&p.in, "HTTP/1.1 400 "));
    assert_int_equal(g.server.session_count, 0);
    peer_close(&p);
    stage_close(&g);
}

static void test_too_soon(void **state) {
    static const struct {
        const char *name;
        enum token token;
        const char *want;
    } rows[] = {
        {"header", TOKEN_HEADER, "HTTP/1.1 503 "},
        {"subprotocol", TOKEN_PROTOCOL, "HTTP/1.1 503 "},
        {"later", TOKEN_NONE, "HTTP/1.1 101 "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage g;
        struct peer p;

        stage_open_bare(&g, NULL);
        g.stores_sleep = true;
        peer_open(&g, &p, false);
        ask(&g, &p, HEAD("h"), rows[i].token);
        assert_row(rows[i].name, peer_hears(&g, &p, rows[i].want));
        assert_row(rows[i].name, peer_heard(&g, &p, "Retry-After: ") ==
                                     (rows[i].token != TOKEN_NONE));
        assert_row(rows[i].name, g.server.stats.auth_failures == 0);
        peer_close(&p);
        stage_close(&g);
    }
}

/* Of one address only so many may not say who they are; others may. */
static void test_strangers(void **state) {
    struct stage g;
    struct peer first;
    struct peer second;

    (void)state;
    stage_open(&g, (const char *const[]){
                       "--limits.unauthenticated_per_address=1", NULL});
    peer_ws(&g, &first, 0);
    peer_open(&g, &second, false);
    ask(&g, &second, HEAD("h"), TOKEN_NONE);
    assert_true(peer_hears(&g, &second, "HTTP/1.1 429 "));
    assert_true(peer_heard(&g, &second, "Retry-After: "));
    peer_forget(&second);
    ask(&g, &second, HEAD("h"), TOKEN_HEADER);
    assert_true(peer_hears(&g, &second, "HTTP/1.1 101 "));
    peer_close(&second);
    peer_close(&first);
    stage_settle(&g);
    peer_ws(&g, &first, 0); /* there is room again */
    peer_close(&first);
    stage_close(&g);
}

static void test_drain(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_open(&g, &p, false);
    server_drain(&g.server);
    ask(&g, &p, HEAD("h"), TOKEN_HEADER);
    assert_true(peer_hears(&g, &p, "HTTP/1.1 503 "));
    peer_close(&p);
    stage_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_bytes_too_early),
        cmocka_unit_test(test_too_soon),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_drain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
