/* Streams that connect: success, refusal, deadlines. */
#include "tests/unit/assert_row.h"

#include <netinet/in.h>
#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/net/address.h"
#include "tests/unit/stream_fixture.h"

/* A plain listening socket on the loopback; its port in *port. */
static int listen_plain(int backlog, unsigned *port) {
    struct address a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_equal(address_parse("127.0.0.1:0", &a), RC_OK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a.sa, a.len), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a.sa, &a.len), 0);
    *port = address_port(&a);
    return fd;
}

static void connect_to(struct fixture *f, unsigned port, uint64_t timeout_ms) {
    char address[32];

    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    assert_int_equal(
        stream_connect(&f->s, &f->loop, address, timeout_ms, QUEUE), RC_OK);
    stream_attach(f->s, &heard, f);
}

static bool has_accepted(void *ctx) {
    struct fixture *f = ctx;
    int fd = accept(f->peer, NULL, NULL);

    if (fd >= 0) {
        close(f->peer);
        f->peer = fd;
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return fd >= 0;
}

static void test_connect_from(void **state) {
    struct sockaddr_in in = {.sin_family = AF_UNSPEC};
    socklen_t len = sizeof(in);
    char address[32];
    struct fixture f;
    unsigned port;

    (void)state;
    setup_bare(&f);
    f.peer = listen_plain(8, &port);
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    assert_int_equal(
        stream_connect_from(&f.s, &f.loop, "127.0.0.9:0", address, 1000, QUEUE),
        RC_OK);
    stream_attach(f.s, &heard, &f);
    assert_true(drive_until(&f.loop, has_accepted, &f));
    assert_int_equal(getpeername(f.peer, (struct sockaddr *)&in, &len), 0);
    assert_int_equal(ntohl(in.sin_addr.s_addr), 0x7f000009);
    teardown(&f);
}

static void test_connect_from_elsewhere(void **state) {
    static const char *const rows[] = {"192.0.2.1:0", "nonsense", "unix:/x"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;

        setup_bare(&f);
        assert_int_equal(stream_connect_from(&f.s, &f.loop, rows[i],
                                             "127.0.0.1:9", 1000, QUEUE),
                         RC_OK);
        stream_attach(f.s, &heard, &f);
        assert_row(rows[i], drive_until(&f.loop, is_closed, &f));
        assert_row(rows[i], f.why == RC_CLOSED);
        teardown(&f);
    }
}

static void test_connect(void **state) {
    struct fixture f;
    unsigned port;
    char peer[ADDRESS_TEXT_MAX];

    (void)state;
    setup_bare(&f);
    f.peer = listen_plain(8, &port);
    connect_to(&f, port, 1000);
    assert_int_equal(stream_send_copy(f.s, SLICE_LIT("early")), RC_OK);
    assert_true(drive_until(&f.loop, has_accepted, &f));
    f.want = 5;
    assert_true(drive_until(&f.loop, peer_has_enough, &f));
    say(&f, "pong");
    f.want = 4;
    assert_true(drive_until(&f.loop, got_enough, &f));
    stream_peer(f.s, peer, sizeof(peer));
    assert_string_equal(peer, "127.0.0.1");
    teardown(&f);
}

/* Sent and finished before there is a connection. */
static void test_connect_and_finish(void **state) {
    struct fixture f;
    unsigned port;

    (void)state;
    setup_bare(&f);
    f.peer = listen_plain(8, &port);
    connect_to(&f, port, 1000);
    assert_int_equal(stream_send_copy(f.s, SLICE_LIT("early")), RC_OK);
    stream_finish(f.s, RC_OK, LINGER);
    assert_true(drive_until(&f.loop, has_accepted, &f));
    assert_true(drive_until(&f.loop, peer_has_ended, &f));
    assert_true(slice_is(buf_slice(&f.seen), "early"));
    assert_true(drive_until(&f.loop, is_closed, &f));
    teardown(&f);
}

static void test_connect_refused(void **state) {
    struct fixture f;
    unsigned port;

    (void)state;
    setup_bare(&f);
    close(listen_plain(8, &port));
    connect_to(&f, port, 1000);
    assert_int_equal(stream_send_copy(f.s, SLICE_LIT("x")), RC_OK);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_CLOSED);
    teardown(&f);
}

/* The kernel drops what comes when the backlog is full. */
static void test_connect_timeout(void **state) {
    struct fixture f;
    struct address a;
    unsigned port;
    int crowd[4];

    (void)state;
    setup_bare(&f);
    f.peer = listen_plain(0, &port);
    a.len = sizeof(a.sa);
    getsockname(f.peer, (struct sockaddr *)&a.sa, &a.len);
    for (size_t i = 0; i < COUNT_OF(crowd); i++) {
        crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(crowd[i], (const struct sockaddr *)&a.sa, a.len);
    }
    connect_to(&f, port, LINGER);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_TIMEOUT);
    for (size_t i = 0; i < COUNT_OF(crowd); i++) {
        close(crowd[i]);
    }
    teardown(&f);
}

static void test_connect_unix(void **state) {
    struct fixture f;

    (void)state;
    setup_bare(&f);
    assert_int_equal(stream_connect(&f.s, &f.loop, "nonsense", 100, QUEUE),
                     RC_BAD_INPUT);
    assert_int_equal(
        stream_connect(&f.s, &f.loop, "unix:/no/such/path", 100, QUEUE), RC_OK);
    stream_attach(f.s, &heard, &f);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_CLOSED);
    teardown(&f);
}

static void test_reset(void **state) {
    struct linger at_once = {1, 0};
    struct fixture f;
    unsigned port;

    (void)state;
    setup_bare(&f);
    f.peer = listen_plain(8, &port);
    connect_to(&f, port, 1000);
    assert_true(drive_until(&f.loop, has_accepted, &f));
    drive_turns(&f.loop, 3);
    setsockopt(f.peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(f.peer);
    f.peer = -1;
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_CLOSED);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_connect_from),
        cmocka_unit_test(test_connect_from_elsewhere),
        cmocka_unit_test(test_connect_and_finish),
        cmocka_unit_test(test_connect_refused),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_connect_unix),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
