/* The sender: what it posts, what it makes of the answer, whom it refuses. */
#include "hooks/sender.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/http_conn.h"
#include "proto/net/listener.h"
#include "tests/unit/drive.h"

#define KEY "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

struct world {
    struct loop loop;
    struct listener *listener;
    struct sender *sender;
    unsigned status; /* the receiver's answer; 0: it never answers */
    struct http_exchange *open;
    char body[256];
    size_t answers;
    enum rc rc;
};

static struct world w;

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    (void)owner;
    assert_true(slice_is(head->path, "/hook"));
    snprintf(w.body, sizeof(w.body), "%.*s", (int)body.n, (const char *)body.p);
    if (w.status == 0) {
        w.open = x;
        return;
    }
    http_answer(x, w.status, SLICE_LIT(""), SLICE_LIT("text/plain"),
                SLICE_LIT("hi"));
}

static void on_closed(void *owner) {
    (void)owner;
    listener_gone(w.listener);
}

static void on_stream(void *owner, struct stream *s, bool over_limit) {
    static const struct http_conn_limits limits = {10000, 75000, 1024, 100};
    static const struct http_conn_events events = {on_request, on_closed};

    (void)owner;
    assert_false(over_limit);
    (void)http_conn_open(&w.loop, s, &limits, &events, NULL);
}

static enum rc open_sender(const char *url) {
    struct webhook_secrets secrets;
    struct sender_config config = {
        .url = url, .tls_ca = "", .secrets = &secrets, .timeout_ms = 30000};

    assert_int_equal(webhook_secrets_read(SLICE_LIT(KEY), &secrets), RC_OK);
    return sender_open(&w.sender, &w.loop, &config);
}

static int setup(void **state) {
    struct listener_config config = {.address = "127.0.0.1:0",
                                     .backlog = 16,
                                     .max_streams = 16,
                                     .queue_limit = 262144};

    (void)state;
    w = (struct world){.status = 200};
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    assert_int_equal(loop_init(&w.loop), RC_OK);
    assert_int_equal(
        listener_open(&w.listener, &w.loop, &config, on_stream, NULL), RC_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    listener_close(&w.listener);
    sender_stop(w.sender);
    loop_run(&w.loop);
    sender_free(&w.sender);
    loop_fini(&w.loop);
    return 0;
}

static void on_posted(void *ctx, enum rc rc) {
    (void)ctx;
    w.answers++;
    w.rc = rc;
}

static void post(void) {
    const struct sender_event e = {.id = SLICE_LIT("c-1"),
                                   .type = SLICE_LIT("message"),
                                   .ts_ms = UINT64_C(1763720000123),
                                   .data = SLICE_LIT("{\"seq\":1}")};

    sender_post(w.sender, &e, on_posted, NULL);
}

static void test_body(void **state) {
    struct buf out;

    (void)state;
    buf_init(&out);
    sender_body(&out, &(struct sender_event){.type = SLICE_LIT("a.b"),
                                             .ts_ms = UINT64_C(1763720000007),
                                             .data = SLICE_LIT("[1]")});
    assert_true(slice_is(buf_slice(&out),
                         "{\"type\":\"a.b\",\"timestamp\":"
                         "\"2025-11-21T10:13:20.007Z\",\"data\":[1]}"));
    buf_fini(&out);
}

static bool answered(void *ctx) {
    return w.answers >= *(size_t *)ctx;
}

static void answered_with(size_t answers, enum rc rc) {
    assert_true(drive_until(&w.loop, answered, &answers));
    assert_int_equal(w.rc, rc);
}

/* 2xx it is, and nothing else. */
static void test_answers(void **state) {
    static const struct {
        unsigned status;
        enum rc want;
    } rows[] = {
        {200, RC_OK},     {204, RC_OK},     {304, RC_DENIED},
        {400, RC_DENIED}, {404, RC_DENIED}, {503, RC_DENIED},
    };
    char url[64];

    (void)state;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook",
             listener_port(w.listener));
    assert_int_equal(open_sender(url), RC_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        w.status = rows[i].status;
        post();
        answered_with(i + 1, rows[i].want);
    }
    assert_string_equal(w.body,
                        "{\"type\":\"message\",\"timestamp\":"
                        "\"2025-11-21T10:13:20.123Z\",\"data\":{\"seq\":1}}");
    assert_int_equal(sender_counts(w.sender)->posted, 2);
    assert_int_equal(sender_counts(w.sender)->failed, 4);
    assert_int_equal(sender_counts(w.sender)->in_flight, 0);
}

/* By its name too. */
static void test_name(void **state) {
    char url[64];

    (void)state;
    snprintf(url, sizeof(url), "http://localhost:%u/hook",
             listener_port(w.listener));
    assert_int_equal(open_sender(url), RC_OK);
    post();
    assert_true(drive_until(&w.loop, answered, &(size_t){1}));
    /* "localhost" may be ::1 alone here, where nobody listens. */
    assert_true(w.rc == RC_OK || w.rc == RC_BACKEND);
}

static bool is_open(void *ctx) {
    (void)ctx;
    return w.open != NULL;
}

/* Nobody there; and a stop, in all stages of an attempt. */
static void test_stop(void **state) {
    char url[64];

    (void)state;
    assert_int_equal(open_sender("http://127.0.0.1:1/hook"), RC_OK);
    post();
    answered_with(1, RC_BACKEND);
    sender_free(&w.sender);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook",
             listener_port(w.listener));
    assert_int_equal(open_sender(url), RC_OK);
    w.status = 0;
    post();
    assert_true(drive_until(&w.loop, is_open, NULL));
    post();
    sender_stop(w.sender);
    assert_int_equal(w.answers, 3);
    assert_int_equal(w.rc, RC_CLOSED);
    http_answer(w.open, 200, SLICE_LIT(""), SLICE_LIT("text/plain"),
                SLICE_LIT(""));
    sender_free(&w.sender);
    assert_int_equal(open_sender("http://localhost/hook"), RC_OK);
    post();
    drive_turns(&w.loop, 1);
    sender_stop(w.sender);
    assert_int_equal(w.rc, RC_CLOSED);
}

static void test_refused(void **state) {
    (void)state;
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    assert_int_equal(open_sender("ftp://a.example/"), RC_BAD_INPUT);
    assert_null(w.sender);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body),
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
