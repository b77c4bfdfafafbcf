/* Streams under TLS: what they promise above, and how they end. */
#include "tests/unit/stream_fixture.h"
#include "tests/unit/tls_files.h"

#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/net/proxy_gate.h"
#include "proto/net/tls.h"

#define NO_HEAD ((struct slice){NULL, 0})
#define PLAIN_ANSWER "HTTP/1.1 400 Bad Request\r\n\r\n"

enum {
    SHAKE_MS = DRIVE_LIMIT_MS,
    BIG = 3 << 20,
};

static struct tls_files files;

/* `f` is the server's end; the client's is another stream on its loop, or
 * a plain socket that says what no client would say. */
struct world {
    struct fixture f;
    struct fixture c; /* without a loop of its own */
    struct tls_server *server;
    struct tls_client *client;
};

static void open_server(struct world *w, int fds[2], uint64_t timeout_ms) {
    struct tls_server_config config = {files.cert, files.key, "", PLAIN_ANSWER};

    memset(w, 0, sizeof(*w));
    setup_bare(&w->f);
    buf_init(&w->c.got);
    buf_init(&w->c.seen);
    assert_int_equal(tls_server_open(&w->server, &config), RC_OK);
    assert_int_equal(tls_client_open(&w->client, files.cert), RC_OK);
    assert_true(drive_pair(fds));
    assert_int_equal(stream_adopt(&w->f.s, &w->f.loop, fds[0], QUEUE), RC_OK);
    stream_secure(w->f.s, tls_accept(w->server), timeout_ms);
    stream_attach(w->f.s, &heard, &w->f);
}

static void setup_plain(struct world *w, uint64_t timeout_ms) {
    int fds[2];

    open_server(w, fds, timeout_ms);
    w->f.peer = fds[1];
    w->c.closed = 1;
}

static void setup_pair(struct world *w, const char *name) {
    int fds[2];

    open_server(w, fds, SHAKE_MS);
    w->f.peer = -1;
    assert_int_equal(stream_adopt(&w->c.s, &w->f.loop, fds[1], QUEUE), RC_OK);
    stream_secure(w->c.s, tls_connect(w->client, name), SHAKE_MS);
    stream_attach(w->c.s, &heard, &w->c);
}

static bool both_closed(void *ctx) {
    struct world *w = ctx;

    return w->f.closed > 0 && w->c.closed > 0;
}

static void teardown_world(struct world *w) {
    if (w->c.closed == 0) {
        stream_close(w->c.s, RC_OK);
    }
    if (w->f.closed == 0) {
        stream_close(w->f.s, RC_OK);
    }
    assert_true(drive_until(&w->f.loop, both_closed, w));
    buf_fini(&w->c.got);
    buf_fini(&w->c.seen);
    teardown(&w->f);
    tls_server_close(&w->server);
    tls_client_close(&w->client);
}

static void wait_got(struct world *w, struct fixture *who, size_t bytes) {
    who->want = bytes;
    assert_true(drive_until(&w->f.loop, got_enough, who));
    assert_int_equal(who->got.n, bytes);
}

/* Queued before the handshake, it leaves after it. */
static void test_reads_and_writes(void **state) {
    struct blob *body = blob_new(SLICE_LIT("body"));
    struct world w;

    (void)state;
    setup_pair(&w, "localhost");
    assert_true(stream_is_secure(w.f.s));
    assert_int_equal(stream_send(w.f.s, SLICE_LIT("head-"), body), RC_OK);
    assert_int_equal(stream_send_copy(w.c.s, SLICE_LIT("question")), RC_OK);
    wait_got(&w, &w.c, 9);
    wait_got(&w, &w.f, 8);
    assert_true(slice_is(buf_slice(&w.c.got), "head-body"));
    assert_true(slice_is(buf_slice(&w.f.got), "question"));
    assert_int_equal(stream_queued(w.f.s), 0);
    assert_int_equal(w.f.drained, 1);
    assert_int_equal(body->refs, 1);
    blob_unref(&body);
    teardown_world(&w);
}

/* More than a socket holds, both ways at once, through pauses. */
static void test_much(void **state) {
    struct blob *big = blob_new_empty(BIG);
    struct world w;

    (void)state;
    for (size_t i = 0; i < BIG; i++) {
        big->bytes[i] = (uint8_t)(i >> 7);
    }
    setup_pair(&w, "localhost");
    stream_pause(w.c.s);
    assert_int_equal(stream_send(w.f.s, NO_HEAD, big), RC_OK);
    assert_int_equal(stream_send(w.f.s, NO_HEAD, big), RC_LIMIT);
    assert_int_equal(stream_send(w.c.s, NO_HEAD, big), RC_OK);
    drive_turns(&w.f.loop, 5);
    stream_resume(w.c.s);
    wait_got(&w, &w.c, BIG);
    wait_got(&w, &w.f, BIG);
    assert_memory_equal(w.c.got.p, big->bytes, BIG);
    assert_memory_equal(w.f.got.p, big->bytes, BIG);
    blob_unref(&big);
    teardown_world(&w);
}

/* Either side's orderly end comes with TLS's goodbye, so it is RC_OK. */
static void test_finish(void **state) {
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct world w;
        struct fixture *first;
        struct fixture *other;

        setup_pair(&w, "localhost");
        first = side == 0 ? &w.f : &w.c;
        other = side == 0 ? &w.c : &w.f;
        assert_int_equal(stream_send_copy(first->s, SLICE_LIT("bye")), RC_OK);
        stream_finish(first->s, RC_LIMIT, DRIVE_LIMIT_MS);
        assert_true(drive_until(&w.f.loop, both_closed, &w));
        assert_true(slice_is(buf_slice(&other->got), "bye"));
        assert_int_equal(other->why, RC_OK);
        assert_int_equal(first->why, RC_LIMIT);
        teardown_world(&w);
    }
}

/* A close in good order says goodbye too, without waiting. */
static void test_close(void **state) {
    struct world w;

    (void)state;
    setup_pair(&w, "localhost");
    assert_int_equal(stream_send_copy(w.c.s, SLICE_LIT("x")), RC_OK);
    wait_got(&w, &w.f, 1);
    stream_close(w.f.s, RC_OK);
    assert_true(drive_until(&w.f.loop, both_closed, &w));
    assert_int_equal(w.c.why, RC_OK);
    teardown_world(&w);
}

/* Cut off by somebody on the way: not to be taken for an end. */
static void test_cut_off(void **state) {
    static const bool after_handshake[] = {false, true};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(after_handshake); i++) {
        struct world w;

        setup_pair(&w, "localhost");
        if (after_handshake[i]) {
            assert_int_equal(stream_send_copy(w.c.s, SLICE_LIT("x")), RC_OK);
            wait_got(&w, &w.f, 1);
        }
        stream_close(w.c.s, RC_BACKEND); /* no goodbye */
        assert_true(drive_until(&w.f.loop, both_closed, &w));
        assert_int_equal(w.f.why, RC_CLOSED);
        teardown_world(&w);
    }
}

static void test_not_believed(void **state) {
    struct world w;

    (void)state;
    setup_pair(&w, "moim.example");
    assert_int_equal(stream_send_copy(w.c.s, SLICE_LIT("secret")), RC_OK);
    assert_true(drive_until(&w.f.loop, both_closed, &w));
    assert_int_equal(w.c.why, RC_DENIED);
    assert_int_equal(w.f.why, RC_BAD_INPUT);
    assert_string_equal(tls_client_why(w.client), "hostname mismatch");
    assert_int_equal(w.f.got.n, 0);
    teardown_world(&w);
}

static void test_silent_client(void **state) {
    static const char *const said[] = {"", "\x16\x03\x01\x02"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        struct world w;

        setup_plain(&w, LINGER);
        say(&w.f, said[i]);
        assert_true(drive_until(&w.f.loop, is_closed, &w.f));
        assert_int_equal(w.f.why, RC_TIMEOUT);
        teardown_world(&w);
    }
}

/* Whoever speaks HTTP here is told, and whoever speaks nothing is not. */
static void test_not_tls(void **state) {
    static const struct {
        const char *name;
        const char *said;
        const char *answer;
    } rows[] = {
        {"http", "GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n", PLAIN_ANSWER},
        {"garbage", "what is this?", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct world w;

        setup_plain(&w, SHAKE_MS);
        assert_int_equal(stream_send_copy(w.f.s, SLICE_LIT("secret")), RC_OK);
        say(&w.f, rows[i].said);
        assert_true(drive_until(&w.f.loop, peer_has_ended, &w.f));
        assert_row(rows[i].name,
                   slice_is(buf_slice(&w.f.seen), rows[i].answer));
        shutdown(w.f.peer, SHUT_WR);
        assert_true(drive_until(&w.f.loop, is_closed, &w.f));
        assert_row(rows[i].name, w.f.why == RC_BAD_INPUT);
        assert_row(rows[i].name, w.f.got.n == 0);
        teardown_world(&w);
    }
}

/* Refused before the handshake is over, it is still told why, under TLS. */
static void test_finish_in_handshake(void **state) {
    struct world w;

    (void)state;
    setup_pair(&w, "localhost");
    assert_int_equal(stream_send_copy(w.f.s, SLICE_LIT("come later")), RC_OK);
    stream_finish(w.f.s, RC_LIMIT, DRIVE_LIMIT_MS);
    assert_true(drive_until(&w.f.loop, both_closed, &w));
    assert_true(slice_is(buf_slice(&w.c.got), "come later"));
    assert_int_equal(w.f.why, RC_LIMIT);
    teardown_world(&w);
}

/* A balancer's header stands before TLS, in the same read. */

static void on_through(void *owner, struct stream *s) {
    struct world *w = owner;

    stream_secure(s, tls_accept(w->server), SHAKE_MS);
    stream_attach(s, &heard, &w->f);
}

static void on_gate_closed(void *owner) {
    (void)owner;
    fail();
}

static void test_behind_a_gate(void **state) {
    static const struct proxy_gate_events events = {on_through, on_gate_closed};
    struct tls_server_config config = {files.cert, files.key, "", ""};
    struct outq none;
    struct tls *c;
    struct world w;
    char peer[64];
    uint8_t hello[2048];
    size_t n;
    int fds[2];

    (void)state;
    memset(&w, 0, sizeof(w));
    setup_bare(&w.f);
    assert_int_equal(tls_server_open(&w.server, &config), RC_OK);
    assert_int_equal(tls_client_open(&w.client, files.cert), RC_OK);
    assert_true(drive_pair(fds));
    w.f.peer = fds[1];
    w.c.closed = 1;
    assert_int_equal(stream_adopt(&w.f.s, &w.f.loop, fds[0], QUEUE), RC_OK);
    (void)!proxy_gate_open(&w.f.loop, w.f.s, true, &events, &w);
    outq_init(&none);
    c = tls_connect(w.client, "localhost");
    tls_seal(c, &none);
    say(&w.f, "PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n");
    n = outq_copy(tls_sealed(c), hello, sizeof(hello));
    assert_int_equal(write(w.f.peer, hello, n), n);
    w.f.want = 100; /* the server's answer */
    assert_true(drive_until(&w.f.loop, peer_has_enough, &w.f));
    stream_peer(w.f.s, peer, sizeof(peer));
    assert_string_equal(peer, "192.0.2.7");
    assert_int_equal(w.f.seen.p[0], 0x16);
    tls_free(&c);
    teardown_world(&w);
}

static int make_files(void **state) {
    (void)state;
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    tls_files_make(&files);
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    tls_files_remove(&files);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_and_writes),
        cmocka_unit_test(test_much),
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_not_believed),
        cmocka_unit_test(test_silent_client),
        cmocka_unit_test(test_not_tls),
        cmocka_unit_test(test_finish_in_handshake),
        cmocka_unit_test(test_behind_a_gate),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
