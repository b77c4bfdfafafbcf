/* The WebSocket client against our own server side. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/net/http_conn.h"
#include "proto/net/listener.h"
#include "proto/net/ws_client.h"
#include "proto/wire/ws_handshake.h"
#include "proto/wire/ws_msg.h"
#include "tests/unit/drive.h"

enum {
    QUEUE = 256 * 1024,
};

#define TEXT SLICE_LIT("text/plain")
#define NOTHING ((struct slice){NULL, 0})

/* A server that does what the message or the path says, and one client. */
struct fixture {
    struct loop loop;
    struct listener *listener;
    char address[32];
    /* the server's end */
    struct stream *stream;
    struct ws_msg msg;
    struct buf heard; /* messages, "<pong text>" and "<close code>" */
    unsigned conns;   /* open */
    unsigned wanted_conns;
    /* the client's end */
    struct ws_client *client;
    unsigned opened;
    unsigned closed;
    unsigned status;
    uint16_t code;
    struct buf got; /* texts, divided, and the reason of the close */
    const char *want;
};

static const struct http_conn_limits limits = {10000, 75000, 65536, 1000};

/* The server. */

static void send_frame(struct fixture *f, enum ws_op op, bool fin,
                       struct slice text) {
    struct blob *body = blob_new(text);
    uint8_t head[WS_HEAD_MAX];
    size_t n = ws_head_write(head, op, fin, text.n, NULL);

    assert_int_equal(stream_send(f->stream, slice_of(head, n), body), RC_OK);
    blob_unref(&body);
}

static void obey(struct fixture *f, struct slice text) {
    uint8_t close_body[WS_CONTROL_MAX];

    if (slice_is(text, "ping")) {
        send_frame(f, WS_OP_PING, true, SLICE_LIT("are you there"));
    } else if (slice_is(text, "parts")) {
        send_frame(f, WS_OP_TEXT, false, SLICE_LIT("one "));
        send_frame(f, WS_OP_PING, true, SLICE_LIT("between"));
        send_frame(f, WS_OP_CONT, true, SLICE_LIT("two"));
    } else if (slice_is(text, "close")) {
        send_frame(f, WS_OP_CLOSE, true,
                   slice_of(close_body, ws_close_write(close_body, 4001,
                                                       SLICE_LIT("why"))));
    } else if (slice_is(text, "binary")) {
        send_frame(f, WS_OP_BINARY, true, SLICE_LIT("\x01\x02"));
        send_frame(f, WS_OP_TEXT, true, SLICE_LIT("after"));
    } else if (slice_is(text, "break a rule")) {
        send_frame(f, WS_OP_CONT, true, SLICE_LIT("of nothing"));
    } else if (slice_is(text, "vanish")) {
        stream_close(f->stream, RC_CLOSED);
    } else {
        send_frame(f, WS_OP_TEXT, true, text);
    }
}

static void on_server_unit(struct fixture *f, const struct ws_unit *unit) {
    assert_true(unit->event != WS_FAIL); /* our client breaks no rule */
    if (unit->event == WS_TEXT) {
        buf_add(&f->heard, unit->body);
        obey(f, unit->body);
    } else if (unit->event == WS_PONG) {
        buf_addf(&f->heard, "<%.*s>", (int)unit->body.n,
                 (const char *)unit->body.p);
    } else if (unit->event == WS_CLOSE) {
        uint8_t body[WS_CONTROL_MAX];

        buf_addf(&f->heard, "<%u>", unit->code);
        send_frame(f, WS_OP_CLOSE, true,
                   slice_of(body, ws_close_write(body, unit->code, NOTHING)));
        stream_finish(f->stream, RC_OK, 1000);
    }
}

static void on_server_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct fixture *f = owner;
    struct ws_input in = {bytes, n, 0};
    struct ws_unit unit;

    while (!stream_closing(f->stream) &&
           ws_msg_next(&f->msg, &WS_LIMITS_DEFAULT, &in, &unit) != WS_NONE) {
        on_server_unit(f, &unit);
    }
}

static void on_server_closed(void *owner, enum rc why) {
    struct fixture *f = owner;

    (void)why;
    ws_msg_fini(&f->msg);
    f->stream = NULL;
    f->conns--;
}

static const struct stream_events server_heard = {on_server_bytes, NULL,
                                                  on_server_closed};

static void upgrade(struct fixture *f, struct http_exchange *x,
                    const struct http_head *head) {
    struct ws_offer offer = {.get = head->method == HTTP_GET,
                             .has_extra_bytes = http_has_extra(x),
                             .minor = head->minor,
                             .fields = &head->fields};
    struct ws_answer answer;
    struct buf out;

    ws_handshake_decide(&offer, &answer);
    assert_int_equal(answer.status, 101);
    buf_init(&out);
    ws_handshake_write(&answer, &out);
    if (slice_is(head->path, "/liar")) {
        out.p[out.n - 8] ^= 1; /* inside the last header's value */
    }
    f->stream = http_upgrade(x);
    ws_msg_init(&f->msg, WS_FROM_CLIENT);
    stream_attach(f->stream, &server_heard, f);
    assert_int_equal(stream_send_copy(f->stream, buf_slice(&out)), RC_OK);
    if (slice_is(head->path, "/greet")) {
        send_frame(f, WS_OP_TEXT, true, SLICE_LIT("welcome"));
    }
    buf_fini(&out);
}

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    struct fixture *f = owner;

    if (head->upgrade && !slice_is(head->path, "/no")) {
        upgrade(f, x, head);
    } else {
        http_answer(x, slice_is(head->path, "/no") ? 403 : 200, NOTHING, TEXT,
                    body);
    }
}

static void on_conn_closed(void *owner) {
    ((struct fixture *)owner)->conns--;
}

static void on_stream(void *owner, struct stream *s, bool over_limit) {
    static const struct http_conn_events heard = {on_request, on_conn_closed};
    struct fixture *f = owner;

    assert_false(over_limit);
    f->conns++;
    http_conn_open(&f->loop, s, &limits, &heard, f);
}

/* The client. */

static void on_open(void *owner) {
    struct fixture *f = owner;

    f->opened++;
}

static void on_text(void *owner, struct slice text) {
    struct fixture *f = owner;

    if (f->got.n > 0) {
        buf_add_byte(&f->got, '|');
    }
    buf_add(&f->got, text);
}

static void on_closed(void *owner, unsigned status, uint16_t code,
                      struct slice reason) {
    struct fixture *f = owner;

    f->closed++;
    f->status = status;
    f->code = code;
    buf_add(&f->got, reason);
}

static const struct ws_client_events heard_by_client = {on_open, on_text,
                                                        on_closed};

static bool is_open(void *ctx) {
    return ((struct fixture *)ctx)->opened > 0;
}

static bool is_closed(void *ctx) {
    return ((struct fixture *)ctx)->closed > 0;
}

static bool has_got(void *ctx) {
    struct fixture *f = ctx;

    return slice_is(buf_slice(&f->got), f->want);
}

static bool server_has_heard(void *ctx) {
    struct fixture *f = ctx;

    return slice_is(buf_slice(&f->heard), f->want);
}

static bool conns_are(void *ctx) {
    struct fixture *f = ctx;

    return f->conns == f->wanted_conns;
}

static void setup(struct fixture *f) {
    struct listener_config config = {.address = "127.0.0.1:0",
                                     .backlog = 64,
                                     .max_streams = 10,
                                     .queue_limit = QUEUE};

    memset(f, 0, sizeof(*f));
    assert_int_equal(loop_init(&f->loop), RC_OK);
    buf_init(&f->heard);
    buf_init(&f->got);
    assert_int_equal(
        listener_open(&f->listener, &f->loop, &config, on_stream, f), RC_OK);
    snprintf(f->address, sizeof(f->address), "127.0.0.1:%u",
             listener_port(f->listener));
}

static void teardown(struct fixture *f) {
    f->wanted_conns = 0;
    assert_true(drive_until(&f->loop, conns_are, f));
    listener_close(&f->listener);
    buf_fini(&f->heard);
    buf_fini(&f->got);
    loop_fini(&f->loop);
}

static void open_client(struct fixture *f, const char *path,
                        const char *protocols) {
    struct ws_client_config config = {.address = f->address,
                                      .host = "h",
                                      .path = path,
                                      .protocols = protocols,
                                      .headers = "X-A: b\r\n",
                                      .timeout_ms = 2000};

    assert_int_equal(
        ws_client_open(&f->client, &f->loop, &config, &heard_by_client, f),
        RC_OK);
    assert_int_equal(ws_client_send(f->client, SLICE_LIT("x")), RC_AGAIN);
}

static void test_what_the_server_does(void **state) {
    static const struct {
        const char *name;
        const char *say;
        const char *got;   /* by the client */
        const char *heard; /* by the server */
    } rows[] = {
        {"echo", "hello", "hello", "hello"},
        {"nothing", "", "", ""},
        {"two texts", "one\ntwo", "one|two", "one\ntwo"},
        {"ping", "ping", "", "ping<are you there>"},
        {"fragments", "parts", "one two", "parts<between>"},
        {"binary is dropped", "binary", "after", "binary"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;

        setup(&f);
        open_client(&f, "/ws", NULL);
        assert_row(rows[i].name, drive_until(&f.loop, is_open, &f));
        assert_row(rows[i].name,
                   ws_client_send(f.client, slice_str(rows[i].say)) == RC_OK);
        f.want = rows[i].got;
        assert_row(rows[i].name, drive_until(&f.loop, has_got, &f));
        f.want = rows[i].heard;
        assert_row(rows[i].name, drive_until(&f.loop, server_has_heard, &f));
        ws_client_close(f.client, 1000);
        ws_client_close(f.client, 1001);
        assert_row(rows[i].name,
                   ws_client_send(f.client, SLICE_LIT("x")) == RC_CLOSED);
        assert_row(rows[i].name, drive_until(&f.loop, is_closed, &f));
        assert_row(rows[i].name, f.code == 1000 && f.status == 0);
        assert_row(rows[i].name, f.opened == 1 && f.closed == 1);
        teardown(&f);
    }
}

static void test_how_it_ends(void **state) {
    static const struct {
        const char *name;
        const char *path;
        const char *say; /* NULL: never opens */
        unsigned status;
        uint16_t code;
        const char *heard;
        const char *reason;
    } rows[] = {
        {"server closes", "/ws", "close", 0, 4001, "close<4001>", "why"},
        {"server breaks a rule", "/ws", "break a rule", 0, 1006,
         "break a rule<1002>", "malformed or forbidden input"},
        {"server vanishes", "/ws", "vanish", 0, 1006, "vanish",
         "ended by the peer"},
        {"refused", "/no", NULL, 403, 1006, "", ""},
        {"wrong accept", "/liar", NULL, 0, 1006, "",
         "malformed or forbidden input"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;

        setup(&f);
        open_client(&f, rows[i].path, NULL);
        if (rows[i].say != NULL) {
            assert_row(rows[i].name, drive_until(&f.loop, is_open, &f));
            assert_row(rows[i].name,
                       ws_client_send(f.client, slice_str(rows[i].say)) ==
                           RC_OK);
        }
        assert_row(rows[i].name, drive_until(&f.loop, is_closed, &f));
        assert_row(rows[i].name, f.status == rows[i].status);
        assert_row(rows[i].name, f.code == rows[i].code);
        assert_row(rows[i].name, f.opened == (rows[i].say != NULL));
        assert_row(rows[i].name, slice_is(buf_slice(&f.got), rows[i].reason));
        f.want = rows[i].heard;
        assert_row(rows[i].name, drive_until(&f.loop, server_has_heard, &f));
        teardown(&f);
    }
}

/* A message that came in one piece with the handshake's answer. */
static void test_greeting_and_protocol(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    open_client(&f, "/greet", "moim.v1");
    f.want = "welcome";
    assert_true(drive_until(&f.loop, has_got, &f));
    ws_client_close(f.client, 1000);
    assert_true(drive_until(&f.loop, is_closed, &f));
    teardown(&f);
}

static void test_never_connects(void **state) {
    struct ws_client_config config = {.address = "nonsense",
                                      .host = "h",
                                      .path = "/",
                                      .headers = "",
                                      .timeout_ms = 50};
    struct fixture f;

    (void)state;
    setup(&f);
    assert_int_equal(
        ws_client_open(&f.client, &f.loop, &config, &heard_by_client, &f),
        RC_BAD_INPUT);
    config.address = "unix:/no/such/path";
    assert_int_equal(
        ws_client_open(&f.client, &f.loop, &config, &heard_by_client, &f),
        RC_OK);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.opened, 0);
    assert_int_equal(f.code, 1006);
    f.closed = 0;
    open_client(&f, "/ws", NULL);
    ws_client_close(f.client, 1000);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.opened, 0);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_server_does),
        cmocka_unit_test(test_how_it_ends),
        cmocka_unit_test(test_greeting_and_protocol),
        cmocka_unit_test(test_never_connects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
