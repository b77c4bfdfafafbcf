/* The gate in front of a balanced connection: who is let through, as whom,
 * and that no byte behind the header is lost. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/net/proxy_gate.h"
#include "tests/unit/drive.h"

enum {
    QUEUE = 64 * 1024,
};

struct fixture {
    struct loop loop;
    struct proxy_gate *gate; /* NULL: through, or gone */
    struct stream *s;        /* once through */
    int peer;
    struct buf got;  /* what came through */
    struct buf seen; /* what the balancer was told */
    unsigned closed;
    size_t want;
};

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    buf_add(&((struct fixture *)owner)->got, slice_of(bytes, n));
}

static void on_stream_closed(void *owner, enum rc why) {
    struct fixture *f = owner;

    (void)why;
    f->s = NULL;
    f->closed++;
}

static void on_through(void *owner, struct stream *s) {
    static const struct stream_events heard = {on_bytes, NULL,
                                               on_stream_closed};
    struct fixture *f = owner;

    assert_null(f->s);
    f->gate = NULL;
    f->s = s;
    stream_attach(s, &heard, f);
}

static void on_closed(void *owner) {
    struct fixture *f = owner;

    f->gate = NULL;
    f->closed++;
}

static bool is_closed(void *ctx) {
    return ((struct fixture *)ctx)->closed > 0;
}

static bool got_enough(void *ctx) {
    struct fixture *f = ctx;

    return f->got.n >= f->want;
}

static bool peer_has_ended(void *ctx) {
    struct fixture *f = ctx;

    return drive_read(f->peer, &f->seen);
}

static void setup(struct fixture *f, bool required) {
    static const struct proxy_gate_events events = {on_through, on_closed};
    struct stream *s;
    int fds[2];

    memset(f, 0, sizeof(*f));
    assert_int_equal(loop_init(&f->loop), RC_OK);
    buf_init(&f->got);
    buf_init(&f->seen);
    assert_true(drive_pair(fds));
    f->peer = fds[1];
    assert_int_equal(stream_adopt(&s, &f->loop, fds[0], QUEUE), RC_OK);
    f->gate = proxy_gate_open(&f->loop, s, required, &events, f);
}

static void teardown(struct fixture *f) {
    if (f->gate != NULL) {
        proxy_gate_close(f->gate);
    }
    if (f->s != NULL) {
        stream_close(f->s, RC_OK);
    }
    close(f->peer);
    assert_true(drive_until(&f->loop, is_closed, f));
    drive_turns(&f->loop, 3);
    assert_int_equal(f->closed, 1);
    buf_fini(&f->got);
    buf_fini(&f->seen);
    loop_fini(&f->loop);
}

static void say(struct fixture *f, const char *text, size_t n) {
    assert_int_equal(write(f->peer, text, n), n);
}

static void assert_through(struct fixture *f, const char *bytes,
                           const char *peer) {
    char text[ADDRESS_TEXT_MAX];

    f->want = strlen(bytes);
    assert_true(drive_until(&f->loop, got_enough, f));
    assert_true(slice_is(buf_slice(&f->got), bytes));
    stream_peer(f->s, text, sizeof(text));
    assert_string_equal(text, peer);
}

#define V1 "PROXY TCP4 1.2.3.4 127.0.0.1 4660 80\r\n"
#define V2_LOCAL "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"

static void test_through(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, true);
    say(&f, V1 "hello", sizeof(V1 "hello") - 1);
    assert_through(&f, "hello", "1.2.3.4");
    say(&f, " again", 6);
    assert_through(&f, "hello again", "1.2.3.4");
    teardown(&f);
}

static void test_byte_by_byte(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, true);
    for (size_t i = 0; i < sizeof(V1) - 1; i++) {
        assert_non_null(f.gate);
        say(&f, &V1[i], 1);
        drive_turns(&f.loop, 2);
    }
    assert_null(f.gate);
    say(&f, "x", 1);
    assert_through(&f, "x", "1.2.3.4");
    teardown(&f);
}

/* A health check of the balancer's own. */
static void test_local(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, true);
    say(&f, V2_LOCAL "GET", sizeof(V2_LOCAL "GET") - 1);
    assert_through(&f, "GET", "unix");
    teardown(&f);
}

static void test_optional(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, false);
    say(&f, "P", 1);
    drive_turns(&f.loop, 2);
    assert_non_null(f.gate);
    say(&f, "OST /", 5);
    assert_through(&f, "POST /", "unix");
    teardown(&f);

    setup(&f, false);
    say(&f, V1 "P", sizeof(V1 "P") - 1);
    assert_through(&f, "P", "1.2.3.4");
    teardown(&f);
}

static void assert_refused(bool required, const char *bytes) {
    struct fixture f;

    setup(&f, required);
    say(&f, bytes, strlen(bytes));
    assert_true(drive_until(&f.loop, peer_has_ended, &f));
    assert_true(drive_has(&f.seen, "HTTP/1.1 400 "));
    assert_int_equal(f.got.n, 0);
    teardown(&f);
}

static void test_refused(void **state) {
    (void)state;
    assert_refused(true, "GET / HTTP/1.1\r\n\r\n");
    assert_refused(true, "PROXY TCP9 x\r\n");
    assert_refused(false, "PROXY TCP9 x\r\n");
}

static void test_silent(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, true);
    say(&f, "PROXY", 5);
    drive_turns(&f.loop, 2);
    assert_non_null(f.gate);
    wheel_advance(&f.loop.wheel, f.loop.clock.mono_ms + PROXY_GATE_MS + 100);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_null(f.s);
    teardown(&f);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_through), cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_local),   cmocka_unit_test(test_optional),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
