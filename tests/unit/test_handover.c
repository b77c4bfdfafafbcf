/* The messages between a gateway and its successor, and the socket they and
 * the descriptors travel on. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/net/fd_channel.h"
#include "proto/wire/handover.h"

static struct handover_ids two_ids(struct buf *b) {
    (void)buf_room(b, 1024); /* so that it stays where it is */
    handover_id_put(b, 17);
    handover_id_put(b, UINT64_MAX);
    return (struct handover_ids){buf_slice(b), 2};
}

static size_t make_rows(struct handover_msg rows[], struct buf *ids) {
    struct handover_session s = {.user = {5},
                                 .device = {6},
                                 .expires_ms = 1700000000000,
                                 .peer = SLICE_LIT("192.0.2.1"),
                                 .live = true,
                                 .away = true,
                                 .watches = two_ids(ids)};
    size_t n = 0;

    rows[n++] = (struct handover_msg){
        .kind = HANDOVER_HELLO, .u.hello = {HANDOVER_VERSION, SLICE_LIT("g1")}};
    rows[n++] = (struct handover_msg){.kind = HANDOVER_USERS,
                                      .u.users = {s.watches, true}};
    rows[n++] = (struct handover_msg){.kind = HANDOVER_USERS};
    rows[n++] = (struct handover_msg){.kind = HANDOVER_READY};
    rows[n++] = (struct handover_msg){.kind = HANDOVER_LISTENERS,
                                      .u.frozen_us = 123456789};
    rows[n++] =
        (struct handover_msg){.kind = HANDOVER_SOCKET,
                              .u.socket = {.session = s,
                                           .quiet_ms = 24000,
                                           .pinged = true,
                                           .deflate = true,
                                           .lines = true,
                                           .input = SLICE_LIT("\x81\x85"),
                                           .queued = 70000}};
    handover_socket_put(ids, &(struct handover_socket){.session = s});
    handover_socket_put(ids, &(struct handover_socket){.session = s});
    rows[n++] = (struct handover_msg){
        .kind = HANDOVER_SOCKETS,
        .u.sockets = {slice_drop(buf_slice(ids), s.watches.ids.n), 2}};
    rows[n++] = (struct handover_msg){.kind = HANDOVER_HELD,
                                      .u.held = {.session = s,
                                                 .name = {1, 2},
                                                 .acked = 7,
                                                 .texts = 3,
                                                 .stream = true,
                                                 .chunked = true,
                                                 .queued = 9}};
    rows[n++] = (struct handover_msg){.kind = HANDOVER_BYTES,
                                      .u.bytes = SLICE_LIT("abc")};
    rows[n++] =
        (struct handover_msg){.kind = HANDOVER_END, .u.sessions = 10000};
    rows[n++] = (struct handover_msg){.kind = HANDOVER_TAKEN};
    return n;
}

/* What is written reads back, to be written the same; no prefix of it is a
 * message, and neither is more. */
static void test_round(void **state) {
    struct handover_msg rows[16];
    struct handover_msg got;
    struct buf ids;
    struct buf a;
    struct buf b;
    size_t n;

    (void)state;
    buf_init(&ids);
    buf_init(&a);
    buf_init(&b);
    n = make_rows(rows, &ids);
    for (size_t i = 0; i < n; i++) {
        buf_clear(&a);
        buf_clear(&b);
        handover_encode(&a, &rows[i]);
        assert_int_equal(handover_decode(buf_slice(&a), &got), RC_OK);
        assert_int_equal(got.kind, rows[i].kind);
        handover_encode(&b, &got);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
        for (size_t cut = 0; cut < a.n; cut++) {
            assert_int_equal(
                handover_decode(slice_take(buf_slice(&a), cut), &got),
                RC_BAD_INPUT);
        }
        buf_add_byte(&a, 0);
        assert_int_equal(handover_decode(buf_slice(&a), &got), RC_BAD_INPUT);
    }
    buf_fini(&ids);
    buf_fini(&a);
    buf_fini(&b);
}

static void test_fields(void **state) {
    struct handover_msg rows[16];
    struct handover_msg got;
    struct buf ids;
    struct buf a;
    size_t n;

    (void)state;
    buf_init(&ids);
    buf_init(&a);
    n = make_rows(rows, &ids);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].kind == HANDOVER_SOCKET) {
            handover_encode(&a, &rows[i]);
        }
    }
    assert_int_equal(handover_decode(buf_slice(&a), &got), RC_OK);
    assert_int_equal(got.u.socket.session.user.v, 5);
    assert_int_equal(got.u.socket.session.device.v, 6);
    assert_true(got.u.socket.pinged && got.u.socket.deflate);
    assert_true(got.u.socket.lines);
    assert_true(got.u.socket.session.live);
    assert_true(got.u.socket.session.away);
    assert_int_equal(got.u.socket.quiet_ms, 24000);
    assert_int_equal(got.u.socket.queued, 70000);
    assert_true(slice_is(got.u.socket.session.peer, "192.0.2.1"));
    assert_int_equal(handover_id_at(got.u.socket.session.watches, 0), 17);
    assert_true(handover_id_at(got.u.socket.session.watches, 1) == UINT64_MAX);
    buf_fini(&ids);
    buf_fini(&a);
}

/* Several in one message come out one by one, whole, and no more of them. */
static void test_sockets(void **state) {
    const struct handover_session s = {.user = {5}, .device = {6}};
    struct handover_socket got;
    struct slice rest;
    struct buf all;

    (void)state;
    buf_init(&all);
    for (uint64_t i = 0; i < 3; i++) {
        handover_socket_put(
            &all, &(struct handover_socket){
                      .session = s, .quiet_ms = i, .input = SLICE_LIT("\x81")});
    }
    rest = buf_slice(&all);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(handover_socket_next(&rest, &got), RC_OK);
        assert_int_equal(got.quiet_ms, i);
        assert_int_equal(got.session.user.v, 5);
        assert_true(slice_is(got.input, "\x81"));
    }
    assert_int_equal(rest.n, 0);
    assert_int_equal(handover_socket_next(&rest, &got), RC_BAD_INPUT);
    for (size_t cut = 0; cut < all.n / 3; cut++) {
        rest = slice_take(buf_slice(&all), cut);
        assert_int_equal(handover_socket_next(&rest, &got), RC_BAD_INPUT);
    }
    buf_clear(&all);
    handover_socket_put(&all,
                        &(struct handover_socket){.session = s, .queued = 1});
    rest = buf_slice(&all);
    assert_int_equal(handover_socket_next(&rest, &got), RC_BAD_INPUT);
    buf_fini(&all);
}

static void test_bad(void **state) {
    static const struct {
        const char *name;
        struct slice in;
    } rows[] = {
        {"empty", {(const uint8_t *)"", 0}},
        {"kind 0", {(const uint8_t *)"\0", 1}},
        {"a kind of tomorrow", {(const uint8_t *)"\x0b", 1}},
        {"too many sockets",
         {(const uint8_t *)"\x0a\x00\x41\x00\x00\x00\x00", 7}},
        {"too many ids", {(const uint8_t *)"\x02\x10\x01\x00", 4}},
        {"a bool of 2", {(const uint8_t *)"\x02\x00\x00\x02", 4}},
        {"bytes that are not there",
         {(const uint8_t *)"\x07\xff\xff\xff\xff", 5}},
    };
    struct handover_msg got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   handover_decode(rows[i].in, &got) == RC_BAD_INPUT);
    }
}

/* ---- the channel ---- */

struct ends {
    char folder[32];
    char path[64];
    int listener, a, b;
};

static int open_ends(void **state) {
    struct ends *e = calloc(1, sizeof(*e));

    assert_non_null(e);
    snprintf(e->folder, sizeof(e->folder), "/tmp/moim-fd-%d", (int)getpid());
    assert_int_equal(mkdir(e->folder, 0700), 0);
    snprintf(e->path, sizeof(e->path), "%s/s", e->folder);
    assert_int_equal(fd_channel_listen(&e->listener, e->path), RC_OK);
    assert_int_equal(fd_channel_accept(&e->b, e->listener, 100), RC_AGAIN);
    assert_int_equal(fd_channel_connect(&e->a, e->path, 100), RC_OK);
    assert_int_equal(fd_channel_accept(&e->b, e->listener, 100), RC_OK);
    *state = e;
    return 0;
}

static int close_ends(void **state) {
    struct ends *e = *state;

    close(e->listener);
    close(e->a);
    close(e->b);
    unlink(e->path);
    rmdir(e->folder);
    free(e);
    return 0;
}

static void test_path(void **state) {
    struct ends *e = *state;
    struct stat st;
    char far[200];
    int fd;

    assert_int_equal(stat(e->path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
    assert_int_equal(fd_channel_listen(&fd, e->path), RC_CONFLICT);
    close(e->listener);
    assert_int_equal(fd_channel_connect(&fd, e->path, 100), RC_NOT_FOUND);
    assert_int_equal(fd_channel_listen(&e->listener, e->path), RC_OK);
    memset(far, 'x', sizeof(far) - 1);
    far[sizeof(far) - 1] = '\0';
    assert_int_equal(fd_channel_listen(&fd, far), RC_BAD_INPUT);
    assert_int_equal(fd_channel_connect(&fd, far, 100), RC_BAD_INPUT);
    assert_int_equal(fd_channel_connect(&fd, "/tmp/moim-none", 100),
                     RC_NOT_FOUND);
}

/* A pipe's end goes over, and what is written into it comes out here. */
static void test_descriptors(void **state) {
    struct ends *e = *state;
    uint8_t bytes[16];
    struct slice msg;
    int got[FD_CHANNEL_FDS_MAX];
    size_t count;
    int ends[2];
    char c = 0;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fd_channel_send(e->a, SLICE_LIT("with"), &ends[1], 1),
                     RC_OK);
    assert_int_equal(fd_channel_send(e->a, SLICE_LIT("without"), NULL, 0),
                     RC_OK);
    close(ends[1]);
    assert_int_equal(
        fd_channel_receive(e->b, bytes, sizeof(bytes), &msg, got, &count),
        RC_OK);
    assert_true(slice_is(msg, "with"));
    assert_int_equal(count, 1);
    assert_int_equal(write(got[0], "!", 1), 1);
    assert_int_equal(read(ends[0], &c, 1), 1);
    assert_int_equal(c, '!');
    close(got[0]);
    close(ends[0]);
    assert_int_equal(
        fd_channel_receive(e->b, bytes, sizeof(bytes), &msg, got, &count),
        RC_OK);
    assert_true(slice_is(msg, "without"));
    assert_int_equal(count, 0);
}

static void test_failures(void **state) {
    struct ends *e = *state;
    uint8_t bytes[4];
    struct slice msg;
    int got[FD_CHANNEL_FDS_MAX];
    size_t count;
    int ends[2];

    assert_int_equal(
        fd_channel_receive(e->b, bytes, sizeof(bytes), &msg, got, &count),
        RC_TIMEOUT);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fd_channel_send(e->a, SLICE_LIT("too long"), ends, 2),
                     RC_OK);
    assert_int_equal(
        fd_channel_receive(e->b, bytes, sizeof(bytes), &msg, got, &count),
        RC_BAD_INPUT);
    assert_int_equal(count, 0);
    close(ends[0]);
    close(ends[1]);
    close(e->a);
    assert_int_equal(
        fd_channel_receive(e->b, bytes, sizeof(bytes), &msg, got, &count),
        RC_CLOSED);
    assert_int_equal(fd_channel_send(e->b, SLICE_LIT("x"), NULL, 0), RC_CLOSED);
    assert_int_equal(fd_channel_connect(&e->a, e->path, 100), RC_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_bad),
        cmocka_unit_test_setup_teardown(test_path, open_ends, close_ends),
        cmocka_unit_test_setup_teardown(test_descriptors, open_ends,
                                        close_ends),
        cmocka_unit_test_setup_teardown(test_failures, open_ends, close_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
