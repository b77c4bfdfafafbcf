/* HTTP connections over real sockets: order, cuts, limits, ends. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/net/http_conn.h"
#include "tests/unit/drive.h"
#include "tests/unit/http_conn_rows.h"

enum {
    QUEUE = 256 * 1024,
    SHORT_MS = 40,
    LONGER_MS = 80,
};

#define TEXT SLICE_LIT("text/plain")
#define NOTHING ((struct slice){NULL, 0})

/* A connection whose owner answers as the path says; see on_request. */
struct fixture {
    struct loop loop;
    struct http_conn *conn; /* NULL: gone, or upgraded */
    struct stream *upgraded;
    struct http_conn_limits limits;
    struct http_exchange *later; /* "/later" waits here */
    int peer;
    unsigned requests;
    unsigned closed;
    struct buf log;  /* method, path, body and extra of each request */
    struct buf seen; /* what the client read */
    bool ended;
    const char *want;
};

static const struct http_conn_limits limits_usual = {10000, 75000, 65536, 1000};

static void on_stream_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct fixture *f = owner;

    buf_add(&f->log, slice_of(bytes, n));
}

static void on_stream_closed(void *owner, enum rc why) {
    struct fixture *f = owner;

    (void)why;
    f->upgraded = NULL;
    f->closed++;
}

static const struct stream_events stream_heard = {on_stream_bytes, NULL,
                                                  on_stream_closed};

static void answer_file(struct http_exchange *x) {
    struct blob *body = blob_new_empty(1 << 20);
    struct buf head;

    memset(body->bytes, 'x', body->len);
    buf_init(&head);
    buf_addf(&head, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", body->len);
    http_answer_raw(x, buf_slice(&head), body);
    buf_fini(&head);
    blob_unref(&body);
}

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    struct fixture *f = owner;

    f->requests++;
    buf_addf(&f->log, "[%s %.*s|%.*s%s]", http_method_str(head->method),
             (int)head->path.n, (const char *)head->path.p, (int)body.n,
             (const char *)body.p, http_has_extra(x) ? "+" : "");
    if (slice_is(head->path, "/later")) {
        f->later = x;
    } else if (slice_is(head->path, "/upgrade")) {
        f->upgraded = http_upgrade(x);
        f->conn = NULL;
        stream_attach(f->upgraded, &stream_heard, f);
        assert_int_equal(stream_send_copy(f->upgraded, SLICE_LIT("SWITCH")),
                         RC_OK);
    } else if (slice_is(head->path, "/file")) {
        answer_file(x);
    } else if (slice_is(head->path, "/none")) {
        http_answer(x, 204, SLICE_LIT("X-A: b\r\n"), TEXT, NOTHING);
    } else {
        http_answer(x, 200, NOTHING, TEXT, head->path);
    }
}

static void on_closed(void *owner) {
    struct fixture *f = owner;

    f->conn = NULL;
    f->closed++;
}

static const struct http_conn_events heard = {on_request, on_closed};

static void setup(struct fixture *f, const struct http_conn_limits *limits) {
    struct stream *s;
    int fds[2];

    memset(f, 0, sizeof(*f));
    assert_int_equal(loop_init(&f->loop), RC_OK);
    buf_init(&f->log);
    buf_init(&f->seen);
    f->limits = *limits;
    assert_true(drive_pair(fds));
    f->peer = fds[1];
    assert_int_equal(stream_adopt(&s, &f->loop, fds[0], QUEUE), RC_OK);
    f->conn = http_conn_open(&f->loop, s, &f->limits, &heard, f);
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

static bool has_logged(void *ctx) {
    struct fixture *f = ctx;

    return f->log.n > 0 && drive_has(&f->log, f->want);
}

static void teardown(struct fixture *f) {
    if (f->peer >= 0) {
        close(f->peer);
    }
    assert_true(drive_until(&f->loop, is_closed, f));
    drive_turns(&f->loop, 3);
    assert_int_equal(f->closed, 1);
    buf_fini(&f->log);
    buf_fini(&f->seen);
    loop_fini(&f->loop);
}

static void say(struct fixture *f, struct slice text) {
    assert_int_equal(write(f->peer, text.p, text.n), text.n);
}

static bool wait_seen(struct fixture *f, const char *want) {
    f->want = want;
    return drive_until(&f->loop, has_seen, f);
}

static bool wait_logged(struct fixture *f, const char *want) {
    f->want = want;
    return drive_until(&f->loop, has_logged, f);
}

static unsigned count_answers(struct slice text) {
    unsigned count = 0;

    for (size_t i = 0; i < text.n; i++) {
        struct slice rest = slice_drop(text, i);

        count += slice_starts(rest, "HTTP/1.1 ") &&
                 !slice_starts(rest, "HTTP/1.1 100");
    }
    return count;
}

/* The bytes come in two parts; the cut must not matter. */
static void run_row(const struct http_conn_row *row, size_t cut) {
    struct fixture f;
    struct slice in = slice_str(row->in);

    setup(&f, &limits_usual);
    say(&f, slice_take(in, cut));
    if (cut > 0) {
        drive_turns(&f.loop, 3);
    }
    if (cut < in.n) {
        (void)!write(f.peer, in.p + cut, in.n - cut); /* may be closed */
    }
    assert_row(row->name, wait_seen(&f, row->last));
    if (row->closes) {
        assert_row(row->name, drive_until(&f.loop, has_ended, &f));
    } else {
        drive_turns(&f.loop, 3);
        assert_row(row->name, !has_ended(&f));
    }
    assert_row(row->name, count_answers(buf_slice(&f.seen)) == row->answers);
    if (row->log != NULL) {
        assert_row(row->name, slice_is(buf_slice(&f.log), row->log));
    }
    teardown(&f);
}

static void test_rows_at_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(http_conn_rows); i++) {
        for (size_t cut = 0; cut < strlen(http_conn_rows[i].in); cut++) {
            run_row(&http_conn_rows[i], cut);
        }
    }
}

static void test_byte_by_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(http_conn_rows); i++) {
        struct slice in = slice_str(http_conn_rows[i].in);
        struct fixture f;

        setup(&f, &limits_usual);
        for (size_t k = 0; k < in.n; k++) {
            (void)!write(f.peer, in.p + k, 1); /* an end may come early */
            drive_turns(&f.loop, 2);
        }
        assert_row(http_conn_rows[i].name,
                   wait_seen(&f, http_conn_rows[i].last));
        teardown(&f);
    }
}

static void test_continue(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, &limits_usual);
    say(&f, SLICE_LIT("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                      "Content-Length: 2\r\n\r\n"));
    assert_true(wait_seen(&f, "\r\n\r\n"));
    assert_true(slice_is(buf_slice(&f.seen), "HTTP/1.1 100 Continue\r\n\r\n"));
    say(&f, SLICE_LIT("ok"));
    assert_true(wait_seen(&f, "\r\n\r\n/e"));
    teardown(&f);
}

/* The next request waits for the answer, whenever that comes. */
static void test_later(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, &limits_usual);
    say(&f, SLICE_LIT("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"
                      "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(wait_logged(&f, "[GET /later|+]"));
    drive_turns(&f.loop, 5);
    assert_int_equal(f.requests, 1);
    assert_true(http_alive(f.later));
    assert_string_equal(http_peer(f.later), "unix");
    http_answer(f.later, 200, NOTHING, TEXT, SLICE_LIT("first"));
    assert_true(wait_seen(&f, "\r\n\r\n/next"));
    assert_int_equal(f.requests, 2);
    assert_true(drive_has(&f.seen, "\r\n\r\nfirstHTTP/1.1 200 OK"));
    teardown(&f);
}

static void test_client_gone(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, &limits_usual);
    say(&f, SLICE_LIT("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(wait_logged(&f, "/later"));
    close(f.peer);
    f.peer = -1;
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_false(http_alive(f.later));
    assert_string_equal(http_peer(f.later), "unix");
    http_answer(f.later, 200, NOTHING, TEXT, SLICE_LIT("nobody hears"));
    teardown(&f);
}

/* With an answer open the connection takes a bounded number of bytes more. */
static void test_flood_while_waiting(void **state) {
    static const char next[] = "GET /n HTTP/1.1\r\nHost: h\r\n\r\n";
    struct fixture f;
    size_t sent = 0;
    unsigned stuck = 0;

    (void)state;
    setup(&f, &limits_usual);
    say(&f, SLICE_LIT("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(wait_logged(&f, "/later"));
    while (stuck < 5 && sent < 100000) {
        if (write(f.peer, next, sizeof(next) - 1) == sizeof(next) - 1) {
            sent++;
        } else {
            stuck++;
        }
        drive_turns(&f.loop, 2);
    }
    assert_int_equal(stuck, 5);
    assert_int_equal(f.requests, 1);
    shutdown(f.peer, SHUT_WR);
    http_answer(f.later, 200, NOTHING, TEXT, SLICE_LIT("go"));
    assert_true(drive_until(&f.loop, has_ended, &f));
    assert_true(f.requests > 100); /* and what was read has been handled */
    teardown(&f);
}

/* Answers wait when the client does not take them, and so do its requests. */
static void test_big_files(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, &limits_usual);
    for (unsigned i = 0; i < 5; i++) {
        say(&f, SLICE_LIT("GET /file HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    say(&f, SLICE_LIT("HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n"));
    say(&f, SLICE_LIT("GET /end HTTP/1.1\r\nHost: h\r\n\r\n"));
    drive_turns(&f.loop, 10);
    assert_int_equal(f.requests, 1);
    assert_true(wait_seen(&f, "\r\n\r\n/end"));
    assert_int_equal(f.requests, 7);
    assert_true(f.seen.n > 5 << 20 && f.seen.n < (5 << 20) + 2000);
    teardown(&f);
}

static void test_upgrade(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, &limits_usual);
    say(&f, SLICE_LIT("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                      "GET /upgrade HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(wait_seen(&f, "SWITCH"));
    assert_null(f.conn);
    say(&f, SLICE_LIT("raw"));
    assert_true(wait_logged(&f, "[GET /upgrade|]raw"));
    teardown(&f);
}

static void test_deadlines(void **state) {
    static const struct http_conn_limits soon = {SHORT_MS, LONGER_MS, 65536,
                                                 1000};
    static const struct {
        const char *name;
        const char *in;
        const char *out; /* "": closed without a word */
    } late[] = {
        {"nothing at all", "", ""},
        {"half a head", "GET / HTTP/1.1\r\nHo", "HTTP/1.1 408 "},
        {"half a body",
         "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
         "HTTP/1.1 408 "},
        {"no second request", "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
         "HTTP/1.1 200 "},
        {"half a second head", "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET",
         "HTTP/1.1 408 "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(late); i++) {
        struct fixture f;

        setup(&f, &soon);
        say(&f, slice_str(late[i].in));
        assert_row(late[i].name, drive_until(&f.loop, has_ended, &f));
        if (late[i].out[0] == '\0') {
            assert_row(late[i].name, f.seen.n == 0);
        } else {
            assert_row(late[i].name, drive_has(&f.seen, late[i].out));
        }
        teardown(&f);
    }
}

/* Each KiB buys a second: 200 bytes are welcome for 195 ms. */
static void test_body_earns_time(void **state) {
    static const struct http_conn_limits soon = {SHORT_MS, SHORT_MS, 65536, 9};
    struct fixture f;
    char in[300];
    uint64_t start_ms;

    (void)state;
    setup(&f, &soon);
    snprintf(in, sizeof(in),
             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999\r\n\r\n"
             "%0200d",
             0);
    say(&f, slice_str(in));
    drive_turns(&f.loop, 2);
    start_ms = f.loop.clock.mono_ms;
    assert_true(wait_seen(&f, "HTTP/1.1 408 "));
    assert_true(f.loop.clock.mono_ms - start_ms >= LONGER_MS);
    teardown(&f);
}

/* An open answer has no deadline of ours. */
static void test_waits_for_the_owner(void **state) {
    static const struct http_conn_limits soon = {SHORT_MS, SHORT_MS, 65536, 9};
    struct fixture f;
    uint64_t start_ms;

    (void)state;
    setup(&f, &soon);
    say(&f, SLICE_LIT("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(wait_logged(&f, "/later"));
    start_ms = f.loop.clock.mono_ms;
    while (f.loop.clock.mono_ms < start_ms + LONGER_MS) {
        drive_turns(&f.loop, 1);
    }
    assert_true(http_alive(f.later));
    http_answer(f.later, 200, NOTHING, TEXT, SLICE_LIT("at last"));
    assert_true(wait_seen(&f, "at last"));
    teardown(&f);
}

static void test_request_limit(void **state) {
    static const struct http_conn_limits three = {10000, 75000, 65536, 3};
    struct fixture f;

    (void)state;
    setup(&f, &three);
    for (unsigned i = 0; i < 4; i++) {
        say(&f, SLICE_LIT("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    assert_true(drive_until(&f.loop, has_ended, &f));
    assert_int_equal(f.requests, 3);
    assert_int_equal(count_answers(buf_slice(&f.seen)), 3);
    assert_true(drive_has(&f.seen, "Connection: close\r\n"));
    teardown(&f);
}

static void test_drain(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, &limits_usual);
    say(&f, SLICE_LIT("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(wait_logged(&f, "/later"));
    http_conn_drain(f.conn);
    http_answer(f.later, 200, NOTHING, TEXT, SLICE_LIT("bye"));
    assert_true(drive_until(&f.loop, has_ended, &f));
    assert_true(drive_has(&f.seen, "Connection: close\r\n"));
    teardown(&f);
    setup(&f, &limits_usual);
    http_conn_drain(f.conn);
    assert_true(drive_until(&f.loop, has_ended, &f));
    teardown(&f);
}

/* A long head that trickles in costs no more than its lines. */
static void test_long_head(void **state) {
    struct fixture f;
    struct buf in;

    (void)state;
    setup(&f, &limits_usual);
    buf_init(&in);
    buf_add_str(&in, "GET /long HTTP/1.1\r\nHost: h\r\n");
    for (unsigned i = 0; i < 60; i++) {
        buf_addf(&in, "X-%u: %0200u\r\n", i, i);
    }
    buf_add_str(&in, "\r\n");
    for (size_t i = 0; i < in.n; i += 7) {
        size_t n = in.n - i < 7 ? in.n - i : 7;

        say(&f, slice_of(in.p + i, n));
        drive_turns(&f.loop, 1);
    }
    assert_true(wait_seen(&f, "\r\n\r\n/long"));
    buf_fini(&in);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_at_every_cut),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_client_gone),
        cmocka_unit_test(test_flood_while_waiting),
        cmocka_unit_test(test_big_files),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_body_earns_time),
        cmocka_unit_test(test_waits_for_the_owner),
        cmocka_unit_test(test_request_limit),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_long_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
