/* The HTTP client against a plain socket that answers. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/net/http_client.h"
#include "tests/unit/drive.h"

/* A request to a plain socket, which answers as the test says. */
struct fixture {
    struct loop loop;
    struct http_client *client;
    char address[64];
    int listening;
    int peer;
    struct buf asked; /* by the client */
    unsigned calls;
    enum rc rc;
    unsigned status;
    struct buf body;
};

static void on_answer(void *ctx, enum rc rc, const struct http_answer *answer,
                      struct slice body) {
    struct fixture *f = ctx;

    f->calls++;
    f->rc = rc;
    f->status = answer->status;
    buf_add(&f->body, body);
}

static bool was_called(void *ctx) {
    return ((struct fixture *)ctx)->calls > 0;
}

static void setup(struct fixture *f, const char *method, const char *body,
                  uint64_t timeout_ms) {
    struct http_client_request r = {.address = f->address,
                                    .host = "h",
                                    .method = method,
                                    .path = "/p?q",
                                    .headers = "X-A: b\r\n",
                                    .body = slice_str(body),
                                    .timeout_ms = timeout_ms};

    memset(f, 0, sizeof(*f));
    assert_int_equal(loop_init(&f->loop), RC_OK);
    buf_init(&f->asked);
    buf_init(&f->body);
    snprintf(f->address, sizeof(f->address), "unix:/tmp/moim-http-%d",
             (int)getpid());
    f->listening = drive_listen(f->address);
    assert_true(f->listening >= 0);
    assert_int_equal(
        http_client_request(&f->client, &f->loop, &r, on_answer, f), RC_OK);
    drive_turns(&f->loop, 3);
    f->peer = accept(f->listening, NULL, NULL);
    fcntl(f->peer, F_SETFL, O_NONBLOCK);
    drive_read(f->peer, &f->asked);
}

static void teardown(struct fixture *f) {
    close(f->peer);
    close(f->listening);
    unlink(f->address + 5);
    buf_fini(&f->asked);
    buf_fini(&f->body);
    loop_fini(&f->loop);
}

/* What the length, the end of the connection or a clock says of an answer. */
static void test_answers(void **state) {
    static const struct {
        const char *name;
        const char *method;
        const char *answer; /* NULL: none comes */
        enum rc rc;
        unsigned status;
        const char *body;
    } rows[] = {
        {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
         RC_OK, 200, "hi"},
        {"chunks", "GET",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
         RC_OK, 200, "hi"},
        {"until the end", "GET", "HTTP/1.1 404 No\r\n\r\nhi", RC_OK, 404, "hi"},
        {"no body", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
         RC_OK, 200, ""},
        {"interim", "GET",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", RC_OK,
         204, ""},
        {"cut short", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
         RC_CLOSED, 0, ""},
        {"cut in the head", "GET", "HTTP/1.1 200 OK\r\n", RC_CLOSED, 0, ""},
        {"nothing", "GET", "", RC_CLOSED, 0, ""},
        {"nonsense", "GET", "SSH-2.0-OpenSSH\r\n\r\n", RC_BAD_INPUT, 0, ""},
        {"too late", "GET", NULL, RC_TIMEOUT, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        struct slice answer =
            slice_str(rows[i].answer == NULL ? "" : rows[i].answer);

        setup(&f, rows[i].method, "", rows[i].answer == NULL ? 50 : 2000);
        for (size_t k = 0; k < answer.n; k++) {
            (void)!write(f.peer, answer.p + k, 1); /* an end may come early */
            drive_turns(&f.loop, 1);
        }
        if (rows[i].answer != NULL) {
            shutdown(f.peer, SHUT_WR);
        }
        assert_row(rows[i].name, drive_until(&f.loop, was_called, &f));
        assert_row(rows[i].name, f.rc == rows[i].rc);
        assert_row(rows[i].name, f.status == rows[i].status);
        assert_row(rows[i].name, slice_is(buf_slice(&f.body), rows[i].body));
        teardown(&f);
    }
}

static void test_request(void **state) {
    struct fixture f;

    (void)state;
    setup(&f, "POST", "data", 2000);
    assert_true(slice_is(buf_slice(&f.asked),
                         "POST /p?q HTTP/1.1\r\nHost: h\r\n"
                         "Connection: close\r\nX-A: b\r\n"
                         "Content-Length: 4\r\n\r\ndata"));
    http_client_cancel(f.client);
    drive_turns(&f.loop, 5);
    assert_int_equal(f.calls, 0);
    teardown(&f);
}

static void test_no_server(void **state) {
    struct http_client_request r = {.address = "nonsense",
                                    .host = "h",
                                    .method = "GET",
                                    .path = "/",
                                    .headers = "",
                                    .timeout_ms = 2000};
    struct fixture f;

    (void)state;
    setup(&f, "GET", "", 2000);
    http_client_cancel(f.client);
    assert_int_equal(http_client_request(&f.client, &f.loop, &r, on_answer, &f),
                     RC_BAD_INPUT);
    r.address = "unix:/no/such/path";
    assert_int_equal(http_client_request(&f.client, &f.loop, &r, on_answer, &f),
                     RC_OK);
    assert_int_equal(f.calls, 0);
    assert_true(drive_until(&f.loop, was_called, &f));
    assert_int_equal(f.rc, RC_CLOSED);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_no_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
