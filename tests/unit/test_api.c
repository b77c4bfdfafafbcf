/* What a request on either listener is answered: hosts, origins, tokens,
 * commands, routes. */
#include "gateway/api.h"

#include "tests/unit/gateway_fixture.h"

#define CMD "POST /v1/cmd HTTP/1.1\r\nHost: h\r\n"
#define JSON "Content-Type: application/json\r\n"
#define ID_BEN "0000000000002"

static const struct api_case {
    const char *name;
    const char *flag; /* a setting; NULL: none */
    const char *head; /* ends in CRLF; Authorization and length are added */
    const char *body;
    const char *want; /* is in the answer */
    uint64_t user;    /* 0: nobody */
    unsigned status;
} api_cases[] = {
    /* who asks */
    {"somebody", NULL, "GET /v1/me HTTP/1.1\r\nHost: h\r\n", "",
     "\"name\":\"user1\"", ANN, 200},
    {"nobody", NULL, "GET /v1/me HTTP/1.1\r\nHost: h\r\n", "",
     "WWW-Authenticate: Bearer\r\n", 0, 401},
    {"another scheme", NULL,
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nAuthorization: Basic abc\r\n", "",
     "\"code\":\"unauthorized\"", 0, 401},
    {"a bad token, where none is needed", NULL,
     CMD JSON "Authorization: Bearer v1.k.a.b\r\n",
     "{\"type\":\"ping\",\"id\":\"1\"}", "\"code\":\"unauthorized\"", 0, 401},
    {"any case of the scheme", NULL,
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nAuthorization: bearer \r\n", "",
     "\"code\":\"unauthorized\"", 0, 401},

    /* commands */
    {"command", NULL, CMD JSON, "{\"type\":\"ping\",\"id\":\"x\"}",
     "{\"type\":\"ok\",\"id\":\"x\"}", 0, 200},
    {"with charset", NULL,
     CMD "Content-Type: Application/JSON ; charset=UTF-8\r\n",
     "{\"type\":\"ping\",\"id\":\"x\"}", "\"ok\"", 0, 200},
    {"another charset", NULL,
     CMD "Content-Type: application/json; charset=latin1\r\n",
     "{\"type\":\"ping\",\"id\":\"x\"}", "\"unsupported_media_type\"", 0, 415},
    {"as a form", NULL, CMD "Content-Type: text/plain\r\n",
     "{\"type\":\"ping\",\"id\":\"x\"}", "\"unsupported_media_type\"", 0, 415},
    {"no type at all", NULL, CMD, "{}", "\"unsupported_media_type\"", 0, 415},
    {"no JSON", NULL, CMD JSON, "ping", "\"bad_json\"", 0, 400},
    {"no object", NULL, CMD JSON, "[1]", "\"bad_envelope\"", 0, 400},
    {"unknown", NULL, CMD JSON, "{\"type\":\"dance\",\"id\":\"x\"}",
     "\"id\":\"x\",\"code\":\"unknown_type\"", 0, 400},
    {"not for nobody", NULL, CMD JSON, "{\"type\":\"me\",\"id\":\"x\"}",
     "\"id\":\"x\",\"code\":\"unauthorized\"", 0, 401},
    {"needs a session", NULL, CMD JSON,
     "{\"type\":\"presence.watch\",\"id\":\"x\",\"users\":[]}",
     "\"code\":\"socket_only\"", ANN, 400},
    {"by another method", NULL, "GET /v1/cmd HTTP/1.1\r\nHost: h\r\n", "",
     "Allow: POST\r\n", 0, 405},

    /* routes */
    {"no such path", NULL, "GET /v1/nothing HTTP/1.1\r\nHost: h\r\n", "",
     "\"code\":\"not_found\"", ANN, 404},
    {"no such method", NULL, "DELETE /v1/me HTTP/1.1\r\nHost: h\r\n", "",
     "Allow: GET, POST\r\n", ANN, 405},
    {"a body as JSON only", NULL, "POST /v1/friends HTTP/1.1\r\nHost: h\r\n",
     "user=1", "\"unsupported_media_type\"", ANN, 415},
    {"a body that is none", NULL,
     "POST /v1/friends HTTP/1.1\r\nHost: h\r\n" JSON, "[]", "\"bad_envelope\"",
     ANN, 400},
    {"a bad field in the query", NULL,
     "GET /v1/conversations/" ID_BEN "/history?limit=x HTTP/1.1\r\nHost: h\r\n",
     "", "\"bad_value\"", ANN, 400},
    {"a REST answer has no id", NULL, "GET /v1/friends HTTP/1.1\r\nHost: h\r\n",
     "", "{\"type\":\"friends\",\"friends\":[", ANN, 200},

    /* streams */
    {"a stream by HEAD", NULL, "HEAD /v1/events HTTP/1.1\r\nHost: h\r\n", "",
     "Allow: GET\r\n", ANN, 405},
    {"a poll by POST", NULL, "POST /v1/poll HTTP/1.1\r\nHost: h\r\n", "x",
     "Allow: GET\r\n", ANN, 405},

    /* the way in */
    {"the way", NULL, "GET /v1/way HTTP/1.1\r\nHost: h\r\n", "",
     "{\"type\":\"way\",\"address\":\"", ANN, 200},
    {"the way of nobody", NULL, "GET /v1/way HTTP/1.1\r\nHost: h\r\n", "",
     "\"unauthorized\"", 0, 401},
    {"the way by POST", NULL, "POST /v1/way HTTP/1.1\r\nHost: h\r\n", "x",
     "Allow: GET\r\n", ANN, 405},

    /* hosts */
    {"host", "--gateway.hosts=a.example b.example:81",
     "GET /v1/me HTTP/1.1\r\nHost: A.Example\r\n", "", "\"me\"", ANN, 200},
    {"any port of it", "--gateway.hosts=a.example",
     "GET /v1/me HTTP/1.1\r\nHost: a.example:99\r\n", "", "\"me\"", ANN, 200},
    {"its port", "--gateway.hosts=a.example b.example:81",
     "GET /v1/me HTTP/1.1\r\nHost: b.example:81\r\n", "", "\"me\"", ANN, 200},
    {"another port", "--gateway.hosts=a.example b.example:81",
     "GET /v1/me HTTP/1.1\r\nHost: b.example:82\r\n", "", "\"misdirected\"",
     ANN, 421},
    {"another host", "--gateway.hosts=a.example",
     "GET /v1/me HTTP/1.1\r\nHost: a.example.org\r\n", "", "\"misdirected\"",
     ANN, 421},
    {"no host", "--gateway.hosts=a.example", "GET /v1/me HTTP/1.0\r\n", "",
     "\"misdirected\"", ANN, 421},
    {"IPv6 host", "--gateway.hosts=[::1]",
     "GET /v1/me HTTP/1.1\r\nHost: [::1]:80\r\n", "", "\"me\"", ANN, 200},
    {"IPv6 without a port", "--gateway.hosts=[::1]",
     "GET /v1/me HTTP/1.1\r\nHost: [::1]\r\n", "", "\"me\"", ANN, 200},
    {"a balancer's question", "--gateway.hosts=a.example",
     "GET /healthz HTTP/1.1\r\nHost: 10.0.0.1\r\n", "", "\"alive\"", 0, 200},

    /* origins */
    {"its own page", NULL,
     "GET /v1/me HTTP/1.1\r\nHost: h:80\r\nOrigin: https://H:80\r\n", "",
     "\"me\"", ANN, 200},
    {"another page", NULL,
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nOrigin: https://h.evil\r\n", "",
     "\"origin_not_allowed\"", ANN, 403},
    {"another port's page", NULL,
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nOrigin: https://h:81\r\n", "",
     "\"origin_not_allowed\"", ANN, 403},
    {"a page without an origin", NULL,
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nOrigin: null\r\n", "",
     "\"origin_not_allowed\"", ANN, 403},
    {"an empty origin", NULL, "GET /v1/me HTTP/1.1\r\nHost: h\r\nOrigin:\r\n",
     "", "\"origin_not_allowed\"", ANN, 403},
    {"two origins", NULL,
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\n"
     "Origin: http://h\r\n",
     "", "\"origin_not_allowed\"", ANN, 403},
    {"a listed page", "--gateway.origins=https://a.example https://b.example",
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nOrigin: https://b.example\r\n", "",
     "\"me\"", ANN, 200},
    {"its own is not listed", "--gateway.origins=https://a.example",
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\n", "",
     "\"origin_not_allowed\"", ANN, 403},
    {"half of a listed one", "--gateway.origins=https://a.example",
     "GET /v1/me HTTP/1.1\r\nHost: h\r\nOrigin: https://a\r\n", "",
     "\"origin_not_allowed\"", ANN, 403},
};

static void ask(struct stage *g, struct peer *p, const struct api_case *c) {
    struct buf b;

    buf_init(&b);
    buf_add_str(&b, c->head);
    if (c->user != 0) {
        buf_add_str(&b, "Authorization: Bearer ");
        stage_token(g, c->user, &b);
        buf_add_str(&b, "\r\n");
    }
    if (c->body[0] != '\0') {
        buf_addf(&b, "Content-Length: %zu\r\n", strlen(c->body));
    }
    buf_addf(&b, "\r\n%s", c->body);
    peer_say_bytes(p, buf_slice(&b));
    buf_fini(&b);
}

static void test_requests(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(api_cases); i++) {
        const struct api_case *c = &api_cases[i];
        const char *const flags[] = {c->flag, NULL};
        char status[32];
        struct stage g;
        struct peer p;

        stage_open(&g, flags);
        peer_open(&g, &p, false);
        ask(&g, &p, c);
        snprintf(status, sizeof(status), "HTTP/1.1 %u ", c->status);
        assert_row(c->name, peer_hears(&g, &p, "\r\n\r\n"));
        assert_row(c->name, slice_starts(buf_slice(&p.in), status));
        assert_row(c->name, peer_heard(&g, &p, c->want));
        assert_row(c->name, g.server.stats.requests == 1);
        peer_close(&p);
        stage_close(&g);
    }
}

/* Two good ones are one too many: who is it? */
static void test_two_tokens(void **state) {
    struct buf header;
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    buf_init(&header);
    buf_add_str(&header, "Authorization: Bearer ");
    stage_token(&g, BEN, &header);
    buf_add(&header, SLICE_LIT("\r\n\0"));
    peer_open(&g, &p, false);
    peer_asks(&g, &p, ANN, "GET /v1/me", (const char *)header.p, "");
    assert_true(peer_hears(&g, &p, "HTTP/1.1 401 "));
    peer_close(&p);
    buf_fini(&header);
    stage_close(&g);
}

/* No token is believed before it is known who was logged out. */
static void test_too_soon(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open_bare(&g, NULL);
    g.stores_sleep = true;
    peer_open(&g, &p, false);
    peer_gets(&g, &p, ANN, "/v1/me");
    assert_true(peer_hears(&g, &p, "HTTP/1.1 503 "));
    assert_true(peer_heard(&g, &p, "Retry-After: 1\r\n"));
    assert_int_equal(g.server.stats.auth_failures, 0);
    peer_asks(&g, &p, 0, "GET /v1/me", "", "");
    assert_true(peer_hears(&g, &p, "HTTP/1.1 401 ")); /* nothing to believe */
    peer_close(&p);
    stage_close(&g);
}

/* A command in a session: its name is in the query, its limits count. */
static void test_in_a_session(void **state) {
    static const struct {
        const char *name;
        uint64_t user;
        bool named;
        const char *want;
    } rows[] = {
        {"mine", ANN, true, "\"type\":\"ok\""},
        {"another's", BEN, true, "\"code\":\"socket_only\""},
        {"none", ANN, false, "\"code\":\"socket_only\""},
    };
    char request[128];
    char name[33];
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_open(&g, &p, false);
    peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
    assert_true(peer_hears(&g, &p, "\"ready\""));
    peer_find(&p, "\"session\":\"", name, sizeof(name));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        snprintf(request, sizeof(request), "POST /v1/cmd%s%s",
                 rows[i].named ? "?session=" : "", rows[i].named ? name : "");
        peer_forget(&p);
        peer_asks(&g, &p, rows[i].user, request, "",
                  "{\"type\":\"presence.unwatch\",\"id\":\"1\","
                  "\"users\":[\"" ID_BEN "\"]}");
        assert_row(rows[i].name, peer_hears(&g, &p, rows[i].want));
    }
    peer_close(&p);
    stage_close(&g);
}

static void test_internal(void **state) {
    static const struct {
        const char *name;
        const char *request;
        const char *want;
        bool internal;
    } rows[] = {
        {"metrics", "GET /metrics", "HTTP/1.1 200 ", true},
        {"metrics, public", "GET /metrics", "HTTP/1.1 404 ", false},
        {"the API", "GET /v1/me", "HTTP/1.1 404 ", true},
        {"readiness", "GET /readyz", "HTTP/1.1 200 ", true},
        {"another method", "POST /metrics", "HTTP/1.1 404 ", true},
    };
    struct stage g;

    (void)state;
    stage_open(&g, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct peer p;

        peer_open(&g, &p, rows[i].internal);
        peer_asks(&g, &p, ANN, rows[i].request, "", "");
        assert_row(rows[i].name, peer_hears(&g, &p, rows[i].want));
        peer_close(&p);
    }
    stage_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests), cmocka_unit_test(test_two_tokens),
        cmocka_unit_test(test_too_soon), cmocka_unit_test(test_in_a_session),
        cmocka_unit_test(test_internal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
