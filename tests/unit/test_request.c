/* One command on its way to its answer: the words over each transport, and
 * what becomes of it when nobody waits any more. */
#include "gateway/request.h"

#include "tests/unit/gateway_fixture.h"

#include "gateway/transport.h"

/* ---- a session that remembers what it is told ---- */

static struct buf told;

static void on_send(struct session *s, struct blob *text) {
    (void)s;
    buf_add(&told, blob_slice(text));
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

static const struct transport_ops ops = {
    .send = on_send,
    .queued = on_queued,
    .close = on_close,
    .on_time = on_time,
};

static struct stage g;
static struct session s;

static int setup(void **state) {
    (void)state;
    stage_open(&g, NULL);
    buf_init(&told);
    s = (struct session){.state = SESSION_AUTH};
    session_init(&s, &g.server, &ops, "192.0.2.1");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    session_fini(&s);
    buf_fini(&told);
    stage_close(&g);
    return 0;
}

/* As session_run makes it. */
static struct request *pending(const char *id) {
    struct request *r = request_new(&g.server, slice_str(id));

    r->session = &s;
    r->next = s.requests;
    s.requests = r;
    s.pending++;
    return r;
}

/* ---- the words ---- */

static void answer_ok(struct request *r) {
    request_ok(r);
}

static void answer_more(struct request *r) {
    struct buf b;
    struct json_out o = request_begin(r, &b, "thing");

    json_field_u64(&o, "n", 7);
    request_end(r, &b);
}

static void answer_fail(struct request *r) {
    request_fail(r, ERROR_NOT_FOUND);
}

static void answer_later(struct request *r) {
    request_fail_later(r, ERROR_BUSY, 1001);
}

static void answer_denied(struct request *r) {
    request_fail_rc(r, RC_DENIED);
}

static void answer_away(struct request *r) {
    request_fail_rc(r, RC_AGAIN);
}

static void answer_field(struct request *r) {
    struct client_fields f = {.error = CLIENT_TOO_LARGE, .bad = "text"};

    request_fail_field(r, &f);
}

static void answer_unauthorized(struct request *r) {
    request_fail(r, ERROR_UNAUTHORIZED);
}

static const struct answer_case {
    const char *name;
    void (*answer)(struct request *r);
    const char *begins; /* behind the type and the id */
    const char *has;
    const char *header; /* over HTTP; "": none of ours */
    unsigned status;
} answer_cases[] = {
    {"ok", answer_ok, "{\"type\":\"ok\",\"id\":\"x\"}", "", "", 200},
    {"more", answer_more, "{\"type\":\"thing\",\"id\":\"x\",\"n\":7}", "", "",
     200},
    {"fail", answer_fail,
     "{\"type\":\"error\",\"id\":\"x\",\"code\":\"not_found\",\"message\":\"",
     "", "", 404},
    {"later", answer_later,
     "{\"type\":\"error\",\"id\":\"x\",\"code\":\"busy\",\"message\":\"",
     "\",\"retry_after_ms\":1001}", "Retry-After: 2\r\n", 503},
    {"a result", answer_denied,
     "{\"type\":\"error\",\"id\":\"x\",\"code\":\"forbidden\",\"message\":\"",
     "", "", 403},
    {"a store is away", answer_away,
     "{\"type\":\"error\",\"id\":\"x\",\"code\":\"unavailable\",",
     "\"retry_after_ms\":1000}", "Retry-After: 1\r\n", 503},
    {"a field", answer_field,
     "{\"type\":\"error\",\"id\":\"x\",\"code\":\"too_large\",",
     "\",\"field\":\"text\"}", "", 413},
    {"who are you", answer_unauthorized,
     "{\"type\":\"error\",\"id\":\"x\",\"code\":\"unauthorized\",", "",
     "WWW-Authenticate: Bearer\r\n", 401},
};

static void test_to_a_session(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answer_cases); i++) {
        const struct answer_case *c = &answer_cases[i];

        buf_clear(&told);
        c->answer(pending("x"));
        assert_row(c->name, slice_starts(buf_slice(&told), c->begins));
        assert_row(c->name, c->has[0] == '\0' || drive_has(&told, c->has));
        assert_row(c->name, s.pending == 0);
        assert_row(c->name, s.requests == NULL);
    }
}

/* ---- over HTTP ---- */

static const struct answer_case *row_of_the_exchange;

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    struct request *r = request_new(&g.server, SLICE_LIT("x"));

    (void)owner;
    (void)head;
    (void)body;
    r->exchange = x;
    row_of_the_exchange->answer(r);
}

static void on_closed(void *owner) {
    *(bool *)owner = true;
}

static void test_to_an_exchange(void **state) {
    static const struct http_conn_events events = {on_request, on_closed};
    static const struct http_conn_limits limits = {10000, 75000, 65536, 100};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(answer_cases); i++) {
        const struct answer_case *c = &answer_cases[i];
        struct peer p = {.fd = -1};
        bool closed = false;
        char status[32];
        struct stream *stream;
        int fds[2];

        row_of_the_exchange = c;
        buf_init(&p.in);
        assert_true(drive_pair(fds));
        p.fd = fds[1];
        assert_int_equal(stream_adopt(&stream, &g.loop, fds[0], 1 << 18),
                         RC_OK);
        (void)http_conn_open(&g.loop, stream, &limits, &events, &closed);
        peer_say(&p, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        snprintf(status, sizeof(status), "HTTP/1.1 %u ", c->status);
        assert_row(c->name, peer_hears(&g, &p, c->begins));
        assert_row(c->name, slice_starts(buf_slice(&p.in), status));
        assert_row(c->name, peer_heard(&g, &p, c->header));
        assert_row(c->name, drive_has(&p.in, "Retry-After") ==
                                (strstr(c->header, "Retry") != NULL));
        assert_row(c->name, drive_has(&p.in, "WWW-Authenticate") ==
                                (strstr(c->header, "WWW") != NULL));
        peer_close(&p);
        stage_settle(&g);
        assert_row(c->name, closed);
    }
}

/* ---- whose it is ---- */

static void test_the_session_has_gone(void **state) {
    struct request *r = pending("1");

    (void)state;
    session_close(&s, WS_CODE_NORMAL, "");
    assert_null(r->session);
    request_ok(r); /* nobody hears it; the sanitizer sees it freed */
    assert_int_equal(told.n, 0);
}

/* One that was never let in does not count when it ends. */
static void test_not_counted(void **state) {
    struct request *first = pending("1");
    struct request *refused = request_new(&g.server, SLICE_LIT("2"));

    (void)state;
    refused->session = &s;
    request_fail_later(refused, ERROR_BUSY, 100);
    assert_int_equal(s.pending, 1);
    request_ok(first);
    assert_int_equal(s.pending, 0);
}

/* Those on their way stay in order, whichever is answered. */
static void test_any_order(void **state) {
    static const struct {
        const char *name;
        size_t answered;
        const char *left;
    } rows[] = {
        {"the newest", 2, "12"},
        {"one between", 1, "13"},
        {"the oldest", 0, "23"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct request *all[] = {NULL, NULL, NULL};
        struct buf left;

        buf_init(&left);
        all[2] = pending("3");
        all[1] = pending("2");
        all[0] = pending("1");
        request_ok(all[rows[i].answered]);
        for (const struct request *r = s.requests; r != NULL; r = r->next) {
            buf_add(&left, request_id(r));
        }
        assert_row(rows[i].name, slice_is(buf_slice(&left), rows[i].left));
        assert_row(rows[i].name, s.pending == 2);
        buf_fini(&left);
        request_ok(s.requests);
        request_ok(s.requests);
    }
}

static void test_ids(void **state) {
    static const struct {
        const char *name;
        const char *id;
        const char *want;
    } rows[] = {
        {"none", "", "{\"type\":\"ok\"}"},
        {"quotes", "a\"b", "{\"type\":\"ok\",\"id\":\"a\\\"b\"}"},
        {"longest",
         "0123456789012345678901234567890123456789012345678901234567890123",
         "\"01234567890123456789012345678901234567890123456789012345678901"
         "23\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_clear(&told);
        request_ok(pending(rows[i].id));
        assert_row(rows[i].name, drive_has(&told, rows[i].want));
    }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_to_a_session), TEST(test_to_an_exchange),
        TEST(test_any_order),    TEST(test_the_session_has_gone),
        TEST(test_not_counted),  TEST(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
