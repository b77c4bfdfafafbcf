/* A session's life on a transport that only writes down what it is told: who
 * it becomes, what it hears and when, its deadlines, its end. */
#include "gateway/session.h"

#include "tests/unit/gateway_fixture.h"

#include "gateway/request.h"
#include "gateway/transport.h"
#include "proto/base/mem.h"
#include "proto/wire/ws.h"

enum {
    QUEUE = 16384,
    EPHEMERAL_QUEUE = 8192,
    TOKEN_MS = 600000,
};

/* ---- a transport that remembers ---- */

struct fake_session {
    struct session s;
    struct buf told; /* the texts, each ended by a newline */
    size_t queued;   /* what `queued` answers */
    size_t takes;    /* of it the kernel, when it is asked */
    unsigned closes;
    uint16_t code;
    unsigned times; /* on_time */
};

static struct fake_session *fake_of(struct session *s) {
    return CONTAINER_OF(s, struct fake_session, s);
}

static void on_send(struct session *s, struct blob *text) {
    buf_add(&fake_of(s)->told, blob_slice(text));
    buf_add_byte(&fake_of(s)->told, '\n');
}

static size_t on_queued(const struct session *s) {
    return ((const struct fake_session *)s)->queued;
}

static void on_push(struct session *s) {
    fake_of(s)->queued -= fake_of(s)->takes;
}

static void on_close(struct session *s, uint16_t code, const char *reason) {
    assert_non_null(reason);
    fake_of(s)->closes++;
    fake_of(s)->code = code;
}

static void on_time(struct session *s) {
    fake_of(s)->times++;
    loop_timer(s->server->loop, &s->timer, TOKEN_MS);
}

static void on_put_ready(const struct session *s, struct json_out *o) {
    (void)s;
    json_field_str(o, "own", SLICE_LIT("field"));
}

static const struct transport_ops fake_transport = {
    .send = on_send,
    .queued = on_queued,
    .push = on_push,
    .close = on_close,
    .on_time = on_time,
    .put_ready = on_put_ready,
};

/* ---- a presence that remembers ---- */

struct fake_port {
    struct presence port;
    uint64_t user;
    unsigned sessions;
    unsigned reports;
};

static void on_report(struct presence *p, struct user_id user,
                      unsigned sessions) {
    struct fake_port *f = CONTAINER_OF(p, struct fake_port, port);

    f->user = user.v;
    f->sessions = sessions;
    f->reports++;
}

static void on_query(struct presence *p, const struct user_id *users,
                     size_t count, presence_known_fn done, void *ctx) {
    (void)p;
    (void)users;
    (void)count;
    (void)done;
    (void)ctx;
    fail();
}

static const struct presence_ops fake_presence_ops = {on_report, on_query};

/* ---- fixture ---- */

static struct stage g;
static struct fake_port presence;

static int setup(void **state) {
    const char *const flags[] = {"--limits.queue=16KiB",
                                 "--limits.sessions_per_user=2",
                                 "--auth.token_lifetime=600s", NULL};

    (void)state;
    stage_open(&g, flags);
    presence = (struct fake_port){.port = {&fake_presence_ops}};
    g.server.presence = &presence.port;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    stage_close(&g);
    return 0;
}

static struct fake_session *begin(void) {
    struct fake_session *f = mem_new(sizeof(*f));

    buf_init(&f->told);
    session_init(&f->s, &g.server, &fake_transport, "192.0.2.1");
    return f;
}

static struct token_claims claims_of(uint64_t user) {
    return (struct token_claims){{user},
                                 {DEVICE_OF + user},
                                 stage_now.wall_ms,
                                 stage_now.wall_ms + TOKEN_MS};
}

/* It has its user; whether it is ready is up to the stores. */
static struct fake_session *join(uint64_t user) {
    struct fake_session *f = begin();
    struct token_claims claims = claims_of(user);

    session_become(&f->s, &claims);
    return f;
}

static struct fake_session *live(uint64_t user) {
    struct fake_session *f = join(user);

    stage_settle(&g);
    assert_int_equal(f->s.state, SESSION_LIVE);
    buf_clear(&f->told);
    return f;
}

/* The transport has done what it had to do. */
static void end(struct fake_session *f) {
    session_fini(&f->s);
    buf_fini(&f->told);
    mem_free(f);
}

static bool told(const struct fake_session *f, const char *what) {
    return drive_has(&f->told, what);
}

static void give(struct fake_session *f, size_t bytes, bool ephemeral) {
    struct blob *b = blob_new_empty(bytes);

    memset(b->bytes, 'x', bytes);
    session_send(&f->s, b, ephemeral);
    blob_unref(&b);
}

/* ---- who it becomes ---- */

static void test_auth_deadline(void **state) {
    struct fake_session *f = begin();

    (void)state;
    assert_int_equal(g.server.session_count, 1);
    assert_int_equal(
        strangers_count(&g.server.strangers, strangers_key("192.0.2.1")), 1);
    stage_pass(&g, g.settings.auth_ms - 1);
    assert_int_equal(f->closes, 0);
    stage_pass(&g, 1);
    assert_int_equal(f->closes, 1);
    assert_int_equal(f->code, CLOSE_AUTH_TIMEOUT);
    assert_int_equal(
        strangers_count(&g.server.strangers, strangers_key("192.0.2.1")), 0);
    end(f);
    assert_int_equal(g.server.session_count, 0);
}

static void test_tokens(void **state) {
    static const struct {
        const char *name;
        int64_t age_ms; /* since it was issued */
        bool forged;
        bool revoked;
        bool unread;   /* who was logged out is not known yet */
        uint16_t code; /* 0: let in */
    } rows[] = {
        {"good", 0, false, false, false, 0},
        {"nearly expired", TOKEN_MS - 1, false, false, false, 0},
        {"expired", TOKEN_MS, false, false, false, CLOSE_TOKEN_EXPIRED},
        {"forged", 0, true, false, false, CLOSE_UNAUTHORIZED},
        {"of a device logged out", 0, false, true, false, CLOSE_UNAUTHORIZED},
        {"too soon to tell", 0, false, false, true, WS_CODE_TRY_LATER},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct token_claims claims = claims_of(ANN);
        uint64_t failures = g.server.stats.auth_failures;
        struct fake_session *f = begin();
        struct buf token;

        claims.device.v = i + 1;
        claims.issued_ms -= (uint64_t)rows[i].age_ms;
        claims.expires_ms -= (uint64_t)rows[i].age_ms;
        buf_init(&token);
        token_sign(&g.server.keys, &claims, &token);
        token.p[token.n - 1] ^= rows[i].forged ? 1 : 0;
        if (rows[i].revoked) {
            revoked_heard(&g.server.revoked,
                          &(struct bus_revoke){{ANN}, {i + 1}});
        }
        g.server.revoked.loaded = !rows[i].unread;
        session_authenticate(&f->s, buf_slice(&token));
        g.server.revoked.loaded = true;
        assert_row(rows[i].name, f->code == rows[i].code);
        assert_row(rows[i].name, session_open_still(&f->s) == (f->code == 0));
        assert_row(rows[i].name, g.server.stats.auth_failures - failures ==
                                     (rows[i].code != 0 && !rows[i].unread));
        buf_fini(&token);
        end(f);
    }
}

static void test_ready(void **state) {
    struct fake_session *f = join(ANN);

    (void)state;
    assert_int_equal(f->s.state, SESSION_JOIN);
    assert_int_equal(f->times, 1);
    assert_int_equal(f->told.n, 0);
    stage_settle(&g);
    assert_int_equal(f->s.state, SESSION_LIVE);
    assert_true(told(f, "{\"type\":\"ready\",\"user\":\""));
    assert_true(told(f, "\"expires\":1600016,"));
    assert_true(told(f, "\"own\":\"field\"}\n"));
    assert_int_equal(
        strangers_count(&g.server.strangers, strangers_key("192.0.2.1")), 0);
    end(f);
}

/* What concerns him is told from `ready` on; what was before he asks for. */
static void test_nothing_is_pushed_before_ready(void **state) {
    struct fake_session *f = join(ANN);

    (void)state;
    g.stores_sleep = true;
    stage_turn(&g);
    fake_bus_settle(g.bus); /* the topic is subscribed; the rest is asked */
    assert_int_equal(f->s.state, SESSION_JOIN);
    stage_push(&g, ANN, "{\"early\":1}", false);
    stage_push(&g, ANN, "{\"early\":2}", true);
    fake_bus_settle(g.bus);
    assert_int_equal(f->told.n, 0);
    session_send_text(&f->s, SLICE_LIT("{\"answer\":1}"));
    assert_true(told(f, "{\"answer\":1}\n")); /* to what he has asked */
    buf_clear(&f->told);
    g.stores_sleep = false;
    stage_push(&g, ANN, "{\"late\":1}", false);
    stage_settle(&g);
    assert_true(slice_starts(buf_slice(&f->told), "{\"type\":\"ready\""));
    assert_false(told(f, "early"));
    stage_push(&g, ANN, "{\"live\":1}", false);
    stage_settle(&g);
    assert_true(told(f, "{\"live\":1}\n"));
    end(f);
}

static void test_a_store_is_away(void **state) {
    struct fake_session *f = join(ANN);

    (void)state;
    fake_directory_calls(g.server.core.directory)->refuse = RC_BACKEND;
    stage_settle(&g);
    assert_int_equal(f->code, WS_CODE_TRY_LATER);
    assert_int_equal(f->told.n, 0);
    fake_directory_calls(g.server.core.directory)->refuse = RC_OK;
    end(f);
}

static void test_too_many(void **state) {
    struct fake_session *first = live(ANN);
    struct fake_session *second = live(ANN);
    struct fake_session *third = join(ANN);
    struct fake_session *other = join(BEN);

    (void)state;
    assert_int_equal(third->code, CLOSE_TOO_MANY);
    assert_int_equal(other->code, 0);
    end(third);
    session_close(&first->s, CLOSE_SLOW, "a test");
    third = join(ANN); /* one that is saying goodbye takes no room */
    assert_int_equal(third->code, 0);
    end(first);
    end(second);
    end(third);
    end(other);
}

static void test_presence_is_told(void **state) {
    struct fake_session *first = join(ANN);
    struct fake_session *second;

    (void)state;
    assert_int_equal(presence.user, ANN);
    assert_int_equal(presence.sessions, 1);
    second = join(ANN);
    assert_int_equal(presence.sessions, 2);
    end(first);
    assert_int_equal(presence.sessions, 1);
    end(second);
    assert_int_equal(presence.sessions, 0);
    assert_int_equal(presence.reports, 4);
    end(begin()); /* nobody */
    assert_int_equal(presence.reports, 4);
}

/* ---- what it is told ---- */

static void test_queue_limit(void **state) {
    static const struct {
        const char *name;
        size_t queued;
        size_t takes;
        size_t bytes;
        bool ephemeral;
        bool sent;
        bool closed;
    } rows[] = {
        {"empty", 0, 0, 10, false, true, false},
        {"to the limit", QUEUE - 10, 0, 10, false, true, false},
        {"over it", QUEUE - 10, 0, 11, false, false, true},
        {"full", QUEUE, 0, 1, false, false, true},
        {"long, and nothing waits", 0, 0, QUEUE + 1, false, true, false},
        {"long, and one byte waits", 1, 0, QUEUE, false, false, true},
        {"full, but the kernel takes it", QUEUE, QUEUE, 1, false, true, false},
        {"full, and the kernel takes enough", QUEUE, 9, 9, false, true, false},
        {"full, and it takes too little", QUEUE, 9, 10, false, false, true},
        {"typing, nearly empty", EPHEMERAL_QUEUE, 0, 10, true, true, false},
        {"typing, not so empty", EPHEMERAL_QUEUE + 1, 0, 10, true, false,
         false},
        {"typing, full", QUEUE, 0, 10, true, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct server_stats *stats = &g.server.stats;
        struct fake_session *f = live(ANN);
        struct server_stats before = *stats;

        f->queued = rows[i].queued;
        f->takes = rows[i].takes;
        give(f, rows[i].bytes, rows[i].ephemeral);
        assert_row(rows[i].name, (f->told.n > 0) == rows[i].sent);
        assert_row(rows[i].name, (f->code == CLOSE_SLOW) == rows[i].closed);
        assert_row(rows[i].name,
                   stats->texts_out - before.texts_out == rows[i].sent);
        assert_row(rows[i].name,
                   stats->slow_closes - before.slow_closes == rows[i].closed);
        assert_row(rows[i].name, stats->dropped - before.dropped ==
                                     (!rows[i].sent && !rows[i].closed));
        end(f);
    }
}

static void test_nothing_after_the_end(void **state) {
    struct fake_session *f = live(ANN);
    struct request *r = request_new(&g.server, SLICE_LIT("7"));

    (void)state;
    r->session = &f->s;
    f->s.requests = r;
    f->s.pending++;
    watch_add(&g.server.watch, &f->s, (struct user_id){BEN});
    session_close(&f->s, WS_CODE_NORMAL, "");
    session_close(&f->s, CLOSE_SLOW, "again");
    session_send_away(&f->s, 1000);
    assert_int_equal(f->closes, 1);
    assert_int_equal(f->code, WS_CODE_NORMAL);
    assert_int_equal(f->s.watch_count, 0);
    assert_false(wheel_is_set(&f->s.timer));
    assert_true(list_empty(&g.server.sessions));
    assert_null(r->session);
    request_ok(r); /* the answer comes late */
    stage_push(&g, ANN, "{\"x\":1}", false);
    stage_settle(&g);
    session_send_text(&f->s, SLICE_LIT("{}"));
    assert_int_equal(f->told.n, 0);
    end(f);
}

/* An answer that overflows the queue ends the session, and the request that
 * it answers is one of that session's. */
static void test_the_answer_is_too_much(void **state) {
    struct fake_session *f = live(ANN);
    struct request *r = request_new(&g.server, SLICE_LIT("7"));

    (void)state;
    r->session = &f->s;
    f->s.requests = r;
    f->s.pending++;
    f->queued = QUEUE;
    request_ok(r);
    assert_int_equal(f->code, CLOSE_SLOW);
    assert_null(f->s.requests);
    end(f);
}

static void test_away(void **state) {
    struct fake_session *f = live(ANN);

    (void)state;
    session_send_away(&f->s, 1730);
    assert_true(told(f, "{\"type\":\"bye\",\"retry_after_ms\":1730}\n"));
    assert_int_equal(f->code, WS_CODE_RESTART);
    end(f);
}

static void test_token_expires(void **state) {
    struct fake_session *f = live(ANN);
    unsigned times = f->times;

    (void)state;
    loop_timer(&g.loop, &f->s.timer, TOKEN_MS - 1);
    stage_pass(&g, TOKEN_MS - 1);
    assert_int_equal(f->times, times + 1); /* only the transport's time */
    assert_int_equal(f->closes, 0);
    loop_timer(&g.loop, &f->s.timer, 1);
    stage_pass(&g, 1);
    assert_int_equal(f->code, CLOSE_TOKEN_EXPIRED);
    end(f);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_auth_deadline),
        TEST(test_tokens),
        TEST(test_ready),
        TEST(test_nothing_is_pushed_before_ready),
        TEST(test_a_store_is_away),
        TEST(test_too_many),
        TEST(test_presence_is_told),
        TEST(test_queue_limit),
        TEST(test_nothing_after_the_end),
        TEST(test_the_answer_is_too_much),
        TEST(test_away),
        TEST(test_token_expires),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
