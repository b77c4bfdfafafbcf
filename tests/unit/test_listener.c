/* The listening socket: accepting, its limit, its end. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "proto/base/macros.h"
#include "proto/net/address.h"
#include "proto/net/listener.h"
#include "tests/unit/drive.h"

enum {
    MAX = 3,
    FDS_LIMIT = 128, /* for the test of them */
    CROWD = MAX + LISTENER_SPARE_STREAMS + 5,
};

struct fixture {
    struct loop loop;
    struct listener *listener;
    struct stream *streams[CROWD];
    unsigned count;
    unsigned over;
    unsigned closed;
    unsigned want;
};

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    (void)owner;
    (void)bytes;
    (void)n;
}

static void on_closed(void *owner, enum rc why) {
    struct fixture *f = owner;

    (void)why;
    f->closed++;
    listener_gone(f->listener);
}

static const struct stream_events heard = {on_bytes, NULL, on_closed};

static void on_stream(void *owner, struct stream *s, bool over_limit) {
    struct fixture *f = owner;

    f->streams[f->count++] = s;
    f->over += over_limit;
    stream_attach(s, &heard, f);
}

static bool enough_came(void *ctx) {
    struct fixture *f = ctx;

    return f->count >= f->want;
}

static bool all_closed(void *ctx) {
    struct fixture *f = ctx;

    return f->closed == f->count;
}

static void setup(struct fixture *f) {
    memset(f, 0, sizeof(*f));
    assert_int_equal(loop_init(&f->loop), RC_OK);
}

static enum rc open_at(struct fixture *f, struct listener **out,
                       const char *address, bool reuse_port) {
    struct listener_config config = {.address = address,
                                     .backlog = 512,
                                     .reuse_port = reuse_port,
                                     .max_streams = MAX,
                                     .queue_limit = 65536};

    return listener_open(out, &f->loop, &config, on_stream, f);
}

static void teardown(struct fixture *f) {
    for (unsigned i = 0; i < f->count; i++) {
        stream_close(f->streams[i], RC_OK);
    }
    assert_true(drive_until(&f->loop, all_closed, f));
    listener_close(&f->listener);
    listener_close(&f->listener);
    loop_fini(&f->loop);
}

static int connect_plain(const char *address) {
    struct address a;
    int fd;

    assert_int_equal(address_parse(address, &a), RC_OK);
    fd = socket(a.sa.ss_family, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a.sa, a.len), 0);
    return fd;
}

/* Over the limit the owner is told; far over it connections are closed. */
static void test_limit(void **state) {
    struct fixture f;
    char address[32];
    char byte;
    int fds[CROWD];

    (void)state;
    setup(&f);
    assert_int_equal(open_at(&f, &f.listener, "127.0.0.1:0", false), RC_OK);
    assert_true(listener_port(f.listener) > 0);
    snprintf(address, sizeof(address), "127.0.0.1:%u",
             listener_port(f.listener));
    for (size_t i = 0; i < CROWD; i++) {
        fds[i] = connect_plain(address);
    }
    f.want = MAX + LISTENER_SPARE_STREAMS;
    assert_true(drive_until(&f.loop, enough_came, &f));
    drive_turns(&f.loop, 5);
    assert_int_equal(f.count, MAX + LISTENER_SPARE_STREAMS);
    assert_int_equal(f.over, LISTENER_SPARE_STREAMS);
    assert_int_equal(listener_count(f.listener), f.count);
    assert_int_equal(read(fds[CROWD - 1], &byte, 1), 0);
    for (size_t i = 0; i < CROWD; i++) {
        close(fds[i]);
    }
    assert_true(drive_until(&f.loop, all_closed, &f));
    assert_int_equal(listener_count(f.listener), 0);
    f.count = 0;
    f.closed = 0;
    teardown(&f);
}

/* Two that are counted together are at their limit together. */
static void test_counted_with(void **state) {
    struct fixture f;
    struct listener *second = NULL;
    struct listener_config config = {.address = "127.0.0.1:0",
                                     .backlog = 8,
                                     .max_streams = 1000,
                                     .queue_limit = 65536};
    char address[2][32];
    int fds[MAX + 1];

    (void)state;
    setup(&f);
    assert_int_equal(open_at(&f, &f.listener, "127.0.0.1:0", false), RC_OK);
    config.with = f.listener;
    assert_int_equal(listener_open(&second, &f.loop, &config, on_stream, &f),
                     RC_OK);
    snprintf(address[0], sizeof(address[0]), "127.0.0.1:%u",
             listener_port(f.listener));
    snprintf(address[1], sizeof(address[1]), "127.0.0.1:%u",
             listener_port(second));
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = connect_plain(address[i % 2]);
    }
    f.want = MAX + 1;
    assert_true(drive_until(&f.loop, enough_came, &f));
    assert_int_equal(f.over, 1);
    assert_int_equal(listener_count(second), MAX + 1);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        close(fds[i]);
    }
    assert_true(drive_until(&f.loop, all_closed, &f));
    assert_int_equal(listener_count(f.listener), 0);
    listener_close(&second);
    f.count = 0;
    f.closed = 0;
    teardown(&f);
}

/* Opens copies of a descriptor until `left` more would fit; how many. */
static size_t fill_descriptors(int *fds, size_t room, size_t left) {
    size_t count = 0;

    while (count < room && (fds[count] = dup(STDIN_FILENO)) >= 0) {
        count++;
    }
    assert_true(count > left && count < room);
    while (left-- > 0 && count > 0) {
        close(fds[--count]);
    }
    return count;
}

/* Where few descriptors are left clients are turned away with words, where
 * hardly any are without, and where there are none they wait; and are let in
 * again afterwards. */
static void test_descriptors(void **state) {
    static const struct {
        const char *name;
        size_t left; /* for them and what is kept back */
        unsigned count;
        unsigned over;
    } rows[] = {
        {"enough", LISTENER_SPARE_FDS + 2, 2, 0},
        {"few", LISTENER_SPARE_FDS + 1, 2, 1},
        {"hardly any", LISTENER_SPARE_FDS / 3, 0, 0},
        {"none", 0, 0, 0},
    };
    struct rlimit before;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct rlimit now = {FDS_LIMIT, before.rlim_max};
        struct fixture f;
        char address[32];
        int filler[FDS_LIMIT];
        int fds[2];
        size_t count;
        char byte;

        assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
        setup(&f);
        assert_int_equal(open_at(&f, &f.listener, "127.0.0.1:0", false), RC_OK);
        snprintf(address, sizeof(address), "127.0.0.1:%u",
                 listener_port(f.listener));
        fds[0] = connect_plain(address);
        fds[1] = connect_plain(address);
        count = fill_descriptors(filler, COUNT_OF(filler), rows[i].left);
        drive_turns(&f.loop, 20);
        assert_row(rows[i].name, f.count == rows[i].count);
        assert_row(rows[i].name, f.over == rows[i].over);
        assert_row(rows[i].name, rows[i].count > 0 || rows[i].left == 0 ||
                                     read(fds[1], &byte, 1) == 0);
        while (count > 0) {
            close(filler[--count]);
        }
        close(fds[0]);
        close(fds[1]);
        assert_true(drive_until(&f.loop, all_closed, &f));
        fds[0] = connect_plain(address);
        f.want = (rows[i].left == 0 ? 2 : rows[i].count) + 1;
        assert_true(drive_until(&f.loop, enough_came, &f));
        assert_row(rows[i].name, f.over == rows[i].over);
        close(fds[0]);
        assert_true(drive_until(&f.loop, all_closed, &f));
        f.count = 0;
        f.closed = 0;
        teardown(&f);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void test_unix(void **state) {
    struct fixture f;
    struct listener *second;
    char address[64];
    char peer[ADDRESS_TEXT_MAX];
    int fd;

    (void)state;
    setup(&f);
    snprintf(address, sizeof(address), "unix:/tmp/moim-test-%d.sock",
             (int)getpid());
    assert_int_equal(open_at(&f, &f.listener, address, false), RC_OK);
    assert_int_equal(open_at(&f, &second, address, false), RC_CONFLICT);
    assert_int_equal(listener_port(f.listener), 0);
    fd = connect_plain(address);
    f.want = 1;
    assert_true(drive_until(&f.loop, enough_came, &f));
    stream_peer(f.streams[0], peer, sizeof(peer));
    assert_string_equal(peer, "unix");
    listener_close(&f.listener);
    assert_int_equal(access(address + 5, F_OK), -1);
    close(fd);
    teardown(&f);
}

static void test_stale_path(void **state) {
    struct fixture f;
    struct address a;
    char address[64];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    setup(&f);
    snprintf(address, sizeof(address), "unix:/tmp/moim-stale-%d.sock",
             (int)getpid());
    assert_int_equal(address_parse(address, &a), RC_OK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a.sa, a.len), 0);
    close(fd); /* as a crashed process leaves it */
    assert_int_equal(open_at(&f, &f.listener, address, false), RC_OK);
    teardown(&f);
}

static void test_addresses(void **state) {
    struct fixture f;
    struct listener *second;
    char address[32];

    (void)state;
    setup(&f);
    assert_int_equal(open_at(&f, &second, "nonsense", false), RC_BAD_INPUT);
    assert_int_equal(open_at(&f, &second, "192.0.2.1:80", false), RC_BACKEND);
    assert_int_equal(open_at(&f, &second, "unix:/no/such/dir/s", false),
                     RC_BACKEND);
    assert_int_equal(open_at(&f, &f.listener, "127.0.0.1:0", true), RC_OK);
    snprintf(address, sizeof(address), "127.0.0.1:%u",
             listener_port(f.listener));
    assert_int_equal(open_at(&f, &second, address, false), RC_CONFLICT);
    assert_int_equal(open_at(&f, &second, address, true), RC_OK);
    listener_close(&second);
    assert_null(second);
    listener_gone(second);
    teardown(&f);
}

/* Without any the loop goes on, and who waits is let in when there are some
 * again, or not if the listener was closed meanwhile. */
static void test_pause(void **state) {
    (void)state;
    for (unsigned closed = 0; closed < 2; closed++) {
        struct rlimit before;
        struct fixture f;
        char address[32];
        int fd;

        setup(&f);
        assert_int_equal(open_at(&f, &f.listener, "127.0.0.1:0", false), RC_OK);
        snprintf(address, sizeof(address), "127.0.0.1:%u",
                 listener_port(f.listener));
        fd = connect_plain(address);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(
            setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, before.rlim_max}), 0);
        alarm(60); /* a failure would hang */
        drive_turns(&f.loop, 20);
        alarm(0);
        assert_int_equal(f.count, 0);
        assert_true(listener_fd(f.listener) >= 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (closed == 0) {
            f.want = 1;
            assert_true(drive_until(&f.loop, enough_came, &f));
            assert_true(listener_fd(f.listener) >= 0);
        }
        close(fd);
        teardown(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pause),     cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_limit),     cmocka_unit_test(test_counted_with),
        cmocka_unit_test(test_unix),      cmocka_unit_test(test_stale_path),
        cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
