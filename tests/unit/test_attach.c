/* From a request for events to the session it is for. */
#include "gateway/attach.h"

#include "tests/unit/gateway_fixture.h"

#define SSE "Accept: text/event-stream\r\n"
#define NO_SESSION "session=00000000000000000000000000000000"

static const struct attach_case {
    const char *name;
    const char *request;
    const char *headers;
    const char *want;  /* is in the answer */
    const char * not ; /* is not */
    uint64_t user;
    unsigned status;
} attach_cases[] = {
    {"a new one", "GET /v1/poll?timeout=0", "", "\"type\":\"ready\"", "resumed",
     ANN, 200},
    {"as nobody", "GET /v1/poll?timeout=0", "", "\"unauthorized\"", "ready", 0,
     401},
    {"as nobody, a stream", "GET /v1/events", SSE, "\"unauthorized\"", "ready",
     0, 401},
    {"one that is not here", "GET /v1/poll?timeout=0&" NO_SESSION, "",
     "\"resumed\":false", "error", ANN, 200},
    {"an ack of something lost", "GET /v1/poll?timeout=0&ack=7", "",
     "\"resumed\":false", "error", ANN, 200},
    {"a short name", "GET /v1/poll?timeout=0&session=0", "",
     "\"field\":\"session\"", "ready", ANN, 400},
    {"a name that is none",
     "GET /v1/poll?session=0000000000000000000000000000000X", "",
     "\"field\":\"session\"", "ready", ANN, 400},
    {"two names", "GET /v1/poll?" NO_SESSION "&" NO_SESSION, "",
     "\"field\":\"session\"", "ready", ANN, 400},
    {"an ack that is none", "GET /v1/poll?ack=-1", "", "\"field\":\"ack\"",
     "ready", ANN, 400},
    {"an empty ack", "GET /v1/poll?ack=", "", "\"field\":\"ack\"", "ready", ANN,
     400},
    {"a wait that is none", "GET /v1/poll?timeout=soon", "",
     "\"field\":\"timeout\"", "ready", ANN, 400},
    {"the first mistake is named", "GET /v1/poll?timeout=x&ack=x&session=x", "",
     "\"field\":\"session\"", "ready", ANN, 400},
    {"a stream", "GET /v1/events", SSE, "data: {\"type\":\"ready\"", "resumed",
     ANN, 200},
    {"a stream among others", "GET /v1/events",
     "Accept: text/html, Text/Event-Stream ;q=0.9\r\n", "\"ready\"", "resumed",
     ANN, 200},
    {"nobody accepts a stream", "GET /v1/events", "", "\"not_acceptable\"",
     "ready", ANN, 406},
    {"somebody accepts something else", "GET /v1/events",
     "Accept: text/event-streams\r\n", "\"not_acceptable\"", "ready", ANN, 406},
    {"anything is not a stream", "GET /v1/events", "Accept: */*\r\n",
     "\"not_acceptable\"", "ready", ANN, 406},
    {"a stream that was lost", "GET /v1/events?" NO_SESSION,
     SSE "Last-Event-ID: 7\r\n", "\"resumed\":false", "error", ANN, 200},
    {"an event id that is none", "GET /v1/events", SSE "Last-Event-ID: x\r\n",
     "\"field\":\"Last-Event-ID\"", "ready", ANN, 400},
    {"two event ids", "GET /v1/events",
     SSE "Last-Event-ID: 1\r\nLast-Event-ID: 1\r\n",
     "\"field\":\"Last-Event-ID\"", "ready", ANN, 400},
};

static void test_wishes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(attach_cases); i++) {
        const struct attach_case *c = &attach_cases[i];
        char status[32];
        struct stage g;
        struct peer p;

        stage_open(&g, NULL);
        peer_open(&g, &p, false);
        peer_asks(&g, &p, c->user, c->request, c->headers, "");
        snprintf(status, sizeof(status), "HTTP/1.1 %u ", c->status);
        assert_row(c->name, peer_hears(&g, &p, c->want));
        assert_row(c->name, drive_has(&p.in, status));
        assert_row(c->name, !peer_heard(&g, &p, c->not ));
        assert_row(c->name,
                   (g.server.session_count == 1) == (c->status == 200));
        peer_close(&p);
        stage_close(&g);
    }
}

/* What was never given cannot be acknowledged; the session stays. */
static void test_too_high(void **state) {
    static const struct {
        const char *name;
        const char *path;
        const char *headers;
        const char *want;
    } rows[] = {
        {"poll", "/v1/poll?ack=2&session=", "", "\"field\":\"ack\""},
        {"stream", "/v1/events?session=", SSE "Last-Event-ID: 2\r\n",
         "\"field\":\"Last-Event-ID\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char request[128];
        char name[33];
        struct stage g;
        struct peer p;

        stage_open(&g, NULL);
        peer_open(&g, &p, false);
        peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
        assert_true(peer_hears(&g, &p, "\"ready\""));
        peer_find(&p, "\"session\":\"", name, sizeof(name));
        snprintf(request, sizeof(request), "GET %s%s", rows[i].path, name);
        peer_asks(&g, &p, ANN, request, rows[i].headers, "");
        assert_row(rows[i].name, peer_hears(&g, &p, rows[i].want));
        assert_row(rows[i].name, g.server.session_count == 1);
        peer_close(&p);
        stage_close(&g);
    }
}

/* However long a client would wait, it is answered within 25 s. */
static void test_longest_wait(void **state) {
    static const struct {
        const char *name;
        const char *wait;
        uint64_t ms;
    } rows[] = {
        {"left out", "", 25000},
        {"more", "&timeout=3600", 25000},
        {"as much", "&timeout=25", 25000},
        {"less", "&timeout=3", 3000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char target[128];
        char name[33];
        struct stage g;
        struct peer p;

        stage_open(&g, NULL);
        peer_open(&g, &p, false);
        peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
        assert_true(peer_hears(&g, &p, "\"ready\""));
        peer_find(&p, "\"session\":\"", name, sizeof(name));
        peer_forget(&p);
        snprintf(target, sizeof(target), "/v1/poll?session=%s&ack=1%s", name,
                 rows[i].wait);
        peer_gets(&g, &p, ANN, target);
        stage_settle(&g);
        stage_pass(&g, rows[i].ms - 1);
        assert_row(rows[i].name, !peer_heard(&g, &p, "texts"));
        stage_pass(&g, 1);
        assert_row(rows[i].name, peer_heard(&g, &p, "\"texts\":[]"));
        peer_close(&p);
        stage_close(&g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_too_high),
        cmocka_unit_test(test_longest_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
