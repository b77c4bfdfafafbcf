/* HTTP answers that grow, over real sockets. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/net/http_conn.h"
#include "tests/unit/drive.h"

enum {
    QUEUE = 128 * 1024,
};

/* The owner keeps the exchange of each request; the test answers it. */
struct fixture {
    struct loop loop;
    struct http_conn *conn;
    struct http_exchange *x;
    unsigned requests;
    unsigned closed;
    int peer;
    struct buf seen; /* what the client read */
    bool ended;
    const char *want;
};

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    struct fixture *f = owner;

    (void)head;
    (void)body;
    f->x = x;
    f->requests++;
}

static void on_closed(void *owner) {
    struct fixture *f = owner;

    f->conn = NULL;
    f->closed++;
}

static bool has_request(void *ctx) {
    return ((struct fixture *)ctx)->x != NULL;
}

static bool is_closed(void *ctx) {
    return ((struct fixture *)ctx)->closed > 0;
}

static bool has_ended(void *ctx) {
    struct fixture *f = ctx;

    f->ended = drive_read(f->peer, &f->seen) || f->ended;
    return f->ended;
}

static bool has_seen(void *ctx) {
    struct fixture *f = ctx;

    has_ended(f);
    return f->seen.n > 0 && drive_has(&f->seen, f->want);
}

static bool wait_seen(struct fixture *f, const char *want) {
    f->want = want;
    return drive_until(&f->loop, has_seen, f);
}

static void open_conn(struct fixture *f, int fd) {
    static const struct http_conn_limits limits = {10000, 75000, 65536, 1000};
    static const struct http_conn_events heard = {on_request, on_closed};
    struct stream *s;

    assert_int_equal(stream_adopt(&s, &f->loop, fd, QUEUE), RC_OK);
    f->conn = http_conn_open(&f->loop, s, &limits, &heard, f);
}

/* Opens a connection and has `request` handed over. */
static void setup(struct fixture *f, const char *request) {
    int fds[2];

    memset(f, 0, sizeof(*f));
    assert_int_equal(loop_init(&f->loop), RC_OK);
    buf_init(&f->seen);
    assert_true(drive_pair(fds));
    f->peer = fds[1];
    open_conn(f, fds[0]);
    assert_int_equal(write(f->peer, request, strlen(request)),
                     (ssize_t)strlen(request));
    assert_true(drive_until(&f->loop, has_request, f));
}

static void teardown(struct fixture *f) {
    if (f->peer >= 0) {
        close(f->peer);
    }
    assert_true(drive_until(&f->loop, is_closed, f));
    drive_turns(&f->loop, 3);
    assert_int_equal(f->closed, 1);
    buf_fini(&f->seen);
    loop_fini(&f->loop);
}

/* Every reply head but for what all have in common. */
static struct slice body_of(const struct fixture *f) {
    struct slice rest = buf_slice(&f->seen);

    while (rest.n > 0 && !slice_starts(rest, "\r\n\r\n")) {
        rest = slice_drop(rest, 1);
    }
    return slice_drop(rest, 4);
}

static void begin(struct fixture *f) {
    http_stream_begin(f->x, SLICE_LIT("X-A: b\r\n"), "text/event-stream");
}

static const struct row {
    const char *name;
    const char *request;
    bool last; /* the owner says that it is the last answer */
    bool closes;
    const char *body;
} rows[] = {
    {"HTTP/1.1", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", false, false,
     "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"},
    {"asked to close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
     false, true, "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"},
    {"the last one", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", true, true,
     "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"},
    {"HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\n\r\n", false, true, "onetwo"},
};

static void run_row(const struct row *row) {
    struct fixture f;

    setup(&f, row->request);
    if (row->last) {
        http_answer_last(f.x);
    }
    begin(&f);
    assert_row(row->name, wait_seen(&f, "\r\n\r\n"));
    assert_row(row->name, drive_has(&f.seen, "X-A: b\r\n"));
    assert_row(row->name,
               drive_has(&f.seen, "Content-Type: text/event-stream\r\n"));
    assert_row(row->name,
               drive_has(&f.seen, "Connection: close\r\n") == row->closes);
    http_stream_write(f.x, SLICE_LIT("one"));
    assert_row(row->name, wait_seen(&f, "one"));
    http_stream_write(f.x, SLICE_LIT("")); /* would be the last chunk */
    http_stream_write(f.x, SLICE_LIT("two"));
    http_stream_end(f.x);
    assert_row(row->name, wait_seen(&f, "two"));
    if (row->closes) {
        assert_row(row->name, drive_until(&f.loop, has_ended, &f));
    } else {
        assert_row(row->name, wait_seen(&f, "0\r\n\r\n"));
    }
    assert_row(row->name, slice_is(body_of(&f), row->body));
    teardown(&f);
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run_row(&rows[i]);
    }
}

/* A request that came during the stream is handled behind it. */
static void test_next_request(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
              "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    begin(&f);
    drive_turns(&f.loop, 3);
    assert_int_equal(f.requests, 1);
    http_stream_end(f.x);
    f.x = NULL;
    assert_true(drive_until(&f.loop, has_request, &f));
    http_answer(f.x, 200, SLICE_LIT(""), SLICE_LIT("text/plain"),
                SLICE_LIT("second"));
    assert_true(wait_seen(&f, "0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert_true(wait_seen(&f, "second"));
    teardown(&f);
}

static void test_client_gone(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    begin(&f);
    assert_true(http_alive(f.x));
    close(f.peer);
    f.peer = -1;
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_false(http_alive(f.x));
    http_stream_write(f.x, SLICE_LIT("to nobody"));
    assert_int_equal(http_stream_queued(f.x), 0);
    http_stream_end(f.x);
    teardown(&f);
    setup(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    close(f.peer);
    f.peer = -1;
    assert_true(drive_until(&f.loop, is_closed, &f));
    begin(&f); /* gone before the first byte */
    http_stream_end(f.x);
    teardown(&f);
}

/* A client that does not read ends its connection, not our memory. */
static void test_over_the_limit(void **state) {
    static uint8_t bytes[32 * 1024];
    struct fixture f;
    unsigned writes = 0;

    (void)state;
    setup(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    begin(&f);
    while (http_alive(f.x) && writes < 1000) {
        assert_true(http_stream_queued(f.x) < QUEUE + 2 * sizeof(bytes));
        http_stream_write(f.x, slice_of(bytes, sizeof(bytes)));
        drive_turns(&f.loop, 1);
        writes++;
    }
    assert_in_range(writes, QUEUE / sizeof(bytes), 999);
    http_stream_end(f.x);
    assert_true(drive_until(&f.loop, is_closed, &f));
    teardown(&f);
}

/* Another process, which has the socket too, writes the answer on. */
static void test_goes_on_elsewhere(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        struct buf queued;
        bool chunked;
        int fd;

        setup(&f, rows[i].request);
        buf_init(&queued);
        begin(&f);
        assert_row(rows[i].name, wait_seen(&f, "\r\n\r\n"));
        http_stream_write(f.x, SLICE_LIT("one")); /* and it has not left */
        assert_row(rows[i].name,
                   http_stream_show(f.x, &fd, &queued, &chunked) == RC_OK);
        fd = dup(fd);
        http_stream_leave(f.x);
        assert_row(rows[i].name, drive_until(&f.loop, is_closed, &f));
        f.closed = 0;
        open_conn(&f, fd);
        f.x = http_stream_go_on(f.conn, chunked);
        http_stream_write(f.x, SLICE_LIT("two"));
        http_stream_end(f.x);
        assert_row(rows[i].name, drive_until(&f.loop, has_ended, &f));
        assert_row(rows[i].name,
                   queued.n > 0 &&
                       slice_is(body_of(&f), rows[i].body + queued.n));
        buf_fini(&queued);
        teardown(&f);
    }
}

/* A request behind it would be lost. */
static void test_does_not_go_on(void **state) {
    struct fixture f;
    struct buf queued;
    bool chunked;
    int fd;

    (void)state;
    setup(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET ");
    buf_init(&queued);
    begin(&f);
    assert_int_equal(http_stream_show(f.x, &fd, &queued, &chunked), RC_DENIED);
    http_stream_end(f.x);
    close(f.peer);
    f.peer = -1;
    buf_fini(&queued);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on_elsewhere),
        cmocka_unit_test(test_does_not_go_on),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_next_request),
        cmocka_unit_test(test_client_gone),
        cmocka_unit_test(test_over_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
