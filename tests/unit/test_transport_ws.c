/* A session on a WebSocket: frames in, frames out, silence, the end. */
#include "gateway/transport_ws.h"

#include "tests/unit/gateway_fixture.h"

enum {
    PING_MS = 25000,
    PONG_MS = 10000,
    OPEN_MS = 30000, /* for a message that has begun */
};

/* What a live session is answered to one frame. */
static void test_frames(void **state) {
    static const struct {
        const char *name;
        const char *body;
        size_t n;
        const char *want; /* NULL: nothing at all */
        unsigned first;
        uint16_t code; /* of the close; 0: it goes on */
    } rows[] = {
#define R(name, first, body, want, code)                                       \
    {name, body, sizeof(body) - 1, want, first, code}
        R("a command", 0x81, "{\"type\":\"ping\",\"id\":\"1\"}",
          "{\"type\":\"ok\",\"id\":\"1\"}", 0),
        R("two, one to a line", 0x81,
          "{\"type\":\"ping\",\"id\":\"1\"}\n{\"type\":\"ping\",\"id\":\"2\"}",
          "\"id\":\"2\"}", 0),
        R("no JSON", 0x81, "hello", NULL, CLOSE_BAD_REQUEST),
        R("no id", 0x81, "{\"type\":\"ping\"}", NULL, CLOSE_BAD_REQUEST),
        R("a second auth", 0x81,
          "{\"type\":\"auth\",\"id\":\"1\",\"token\":\"v1.k.a.b\"}", NULL,
          CLOSE_BAD_REQUEST),
        R("binary", 0x82, "x", NULL, WS_CODE_UNSUPPORTED),
        R("ping", 0x89, "hi", "\x8a\x02hi", 0),
        R("pong", 0x8a, "hi", NULL, 0),
        R("close", 0x88, "\x03\xe8", NULL, WS_CODE_NORMAL),
        R("close with a code", 0x88, "\x0f\xa1", NULL, 4001),
        R("close without one", 0x88, "", NULL, WS_CODE_NORMAL),
        R("not UTF-8", 0x81, "\xff", NULL, WS_CODE_BAD_TEXT),
        R("reserved bit", 0xc1, "x", NULL, WS_CODE_PROTOCOL),
        R("a continuation of nothing", 0x80, "x", NULL, WS_CODE_PROTOCOL),
#undef R
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage g;
        struct peer p;

        stage_open(&g, NULL);
        peer_ready(&g, &p, ANN);
        peer_frame(&p, rows[i].first, slice_of(rows[i].body, rows[i].n));
        if (rows[i].want != NULL) {
            assert_row(rows[i].name, peer_hears(&g, &p, rows[i].want));
        }
        stage_settle(&g);
        peer_read(&p);
        assert_row(rows[i].name, peer_code(&p) == rows[i].code);
        assert_row(rows[i].name,
                   rows[i].want != NULL || rows[i].code != 0 || p.in.n == 0);
        assert_row(rows[i].name,
                   list_empty(&g.server.sessions) == (rows[i].code != 0));
        peer_close(&p);
        stage_settle(&g);
        assert_row(rows[i].name, g.server.session_count == 0);
        stage_close(&g);
    }
}

/* What comes behind the frame that ends a session is not run any more, in the
 * same read or later, and nothing is answered behind the goodbye. */
static void test_deaf_after_the_end(void **state) {
    struct stage g;
    struct peer p;
    uint64_t commands;

    (void)state;
    stage_open(&g, NULL);
    peer_ready(&g, &p, ANN);
    commands = g.server.stats.commands;
    peer_text(&p, "{\"type\":\"ping\",\"id\":\"1\"}");
    peer_frame(&p, 0x82, SLICE_LIT("binary"));
    peer_frame(&p, 0x89, SLICE_LIT("still there?"));
    peer_text(&p, "{\"type\":\"ping\",\"id\":\"2\"}");
    stage_push(&g, ANN, "{\"late\":1}", false);
    assert_true(peer_heard(&g, &p, "\"id\":\"1\"}"));
    peer_text(&p, "{\"type\":\"ping\",\"id\":\"3\"}");
    stage_push(&g, ANN, "{\"late\":2}", false);
    stage_settle(&g);
    peer_read(&p);
    assert_int_equal(peer_code(&p), WS_CODE_UNSUPPORTED);
    assert_int_equal(g.server.stats.commands - commands, 1);
    assert_false(drive_has(&p.in, "\"id\":\"2\""));
    assert_false(drive_has(&p.in, "late"));
    assert_false(drive_has(&p.in, "still"));
    peer_close(&p);
    stage_close(&g);
}

/* A line that closes the session keeps the lines behind it from being run. */
static void test_the_rest_of_a_text(void **state) {
    static const struct {
        const char *name;
        const char *text;
    } rows[] = {
        {"no JSON", "{\"type\":\"ping\",\"id\":\"1\"}\nnot JSON\n"
                    "{\"type\":\"ping\",\"id\":\"2\"}"},
        {"auth again", "{\"type\":\"ping\",\"id\":\"1\"}\n"
                       "{\"type\":\"auth\",\"id\":\"1\",\"token\":\"x\"}\n"
                       "{\"type\":\"ping\",\"id\":\"2\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage g;
        struct peer p;
        uint64_t commands;

        stage_open(&g, NULL);
        peer_ready(&g, &p, ANN);
        commands = g.server.stats.commands;
        peer_text(&p, rows[i].text);
        assert_row(rows[i].name, peer_heard(&g, &p, "\"id\":\"1\"}"));
        assert_row(rows[i].name, peer_code(&p) == CLOSE_BAD_REQUEST);
        assert_row(rows[i].name, g.server.stats.commands - commands == 1);
        peer_close(&p);
        stage_close(&g);
    }
}

/* A command whose answer comes when its session is closing, or gone. */
static void test_late_answers(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    for (unsigned gone = 0; gone < 2; gone++) {
        peer_ready(&g, &p, ANN);
        g.stores_sleep = true;
        peer_text(&p, "{\"type\":\"conversations\",\"id\":\"1\"}");
        stage_settle(&g);
        peer_frame(&p, 0x88, SLICE_LIT("\x03\xe8"));
        stage_settle(&g);
        peer_read(&p);
        assert_int_equal(peer_code(&p), WS_CODE_NORMAL);
        if (gone == 1) {
            peer_hang_up(&p);
            stage_settle(&g);
            assert_int_equal(g.server.session_count, 0);
        }
        g.stores_sleep = false;
        stage_settle(&g);
        peer_read(&p);
        assert_false(drive_has(&p.in, "conversations"));
        peer_close(&p);
        stage_settle(&g);
    }
    stage_close(&g);
}

static void test_first_message(void **state) {
    static const struct {
        const char *name;
        const char *text; /* NULL: auth with a good token */
        const char *want;
        uint16_t code;
    } rows[] = {
        {"a token", NULL, "\"type\":\"ready\"", 0},
        {"a bad one", "{\"type\":\"auth\",\"id\":\"1\",\"token\":\"v1.k.a.b\"}",
         "", CLOSE_UNAUTHORIZED},
        {"none", "{\"type\":\"auth\",\"id\":\"1\"}", "", CLOSE_BAD_REQUEST},
        {"for anybody", "{\"type\":\"ping\",\"id\":\"1\"}",
         "{\"type\":\"ok\",\"id\":\"1\"}", 0},
        {"not for anybody", "{\"type\":\"me\",\"id\":\"1\"}",
         "\"code\":\"unauthorized\"", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage g;
        struct peer p;
        struct buf text;

        stage_open(&g, NULL);
        buf_init(&text);
        if (rows[i].text == NULL) {
            buf_add_str(&text, "{\"type\":\"auth\",\"id\":\"1\",\"token\":\"");
            stage_token(&g, ANN, &text);
            buf_add_str(&text, "\"}");
        } else {
            buf_add_str(&text, rows[i].text);
        }
        peer_ws(&g, &p, 0);
        peer_frame(&p, 0x81, buf_slice(&text));
        assert_row(rows[i].name, peer_hears(&g, &p, rows[i].want));
        stage_settle(&g);
        peer_read(&p);
        assert_row(rows[i].name, peer_code(&p) == rows[i].code);
        buf_fini(&text);
        peer_close(&p);
        stage_close(&g);
    }
}

static void test_too_many_pings(void **state) {
    static const struct {
        const char *name;
        unsigned first;
        unsigned allowed; /* at once */
    } rows[] = {{"pings", 0x89, 20}, {"pongs", 0x8a, 60}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage g;
        struct peer p;

        stage_open(&g, NULL);
        peer_ready(&g, &p, ANN);
        for (unsigned k = 0; k < rows[i].allowed; k++) {
            peer_frame(&p, rows[i].first, SLICE_LIT(""));
        }
        stage_settle(&g);
        peer_read(&p);
        assert_row(rows[i].name, peer_code(&p) == 0);
        peer_frame(&p, rows[i].first, SLICE_LIT(""));
        stage_settle(&g);
        peer_read(&p);
        assert_row(rows[i].name, peer_code(&p) == WS_CODE_POLICY);
        peer_close(&p);
        stage_close(&g);
    }
}

/* ---- silence ---- */

static void test_silence(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_ready(&g, &p, ANN);
    stage_pass(&g, PING_MS - 1);
    peer_read(&p);
    assert_int_equal(p.in.n, 0);
    stage_pass(&g, 1);
    peer_read(&p);
    assert_true(slice_eq(buf_slice(&p.in), SLICE_LIT("\x89\x00")));
    peer_frame(&p, 0x8a, SLICE_LIT("")); /* it is there */
    stage_settle(&g);
    stage_pass(&g, PONG_MS);
    peer_forget(&p);
    stage_pass(&g, PING_MS - PONG_MS);
    peer_read(&p);
    assert_true(slice_eq(buf_slice(&p.in), SLICE_LIT("\x89\x00")));
    peer_forget(&p);
    stage_pass(&g, PONG_MS - 1);
    peer_read(&p);
    assert_int_equal(p.in.n, 0);
    stage_pass(&g, 1);
    peer_read(&p);
    assert_int_equal(peer_code(&p), CLOSE_NO_PONG);
    peer_close(&p);
    stage_close(&g);
}

/* Who has answered while the gateway did something else is there. */
static void test_late_ourselves(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_ready(&g, &p, ANN);
    stage_pass(&g, PING_MS);
    peer_read(&p);
    peer_forget(&p);
    peer_frame(&p, 0x8a, SLICE_LIT(""));
    stage_pass(&g, PONG_MS); /* the wheel turns before anything is read */
    peer_read(&p);
    assert_int_equal(p.in.n, 0);
    stage_pass(&g, PING_MS);
    peer_read(&p);
    assert_true(slice_eq(buf_slice(&p.in), SLICE_LIT("\x89\x00")));
    peer_forget(&p);
    stage_pass(&g, PONG_MS);
    peer_read(&p);
    assert_int_equal(peer_code(&p), CLOSE_NO_PONG);
    peer_close(&p);
    stage_close(&g);
}

/* Any byte is a sign of life. */
static void test_not_silent(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_ready(&g, &p, ANN);
    for (unsigned i = 0; i < 5; i++) {
        stage_pass(&g, PING_MS - 1000);
        peer_text(&p, "{\"type\":\"ping\",\"id\":\"1\"}");
        stage_settle(&g);
        peer_read(&p);
    }
    assert_false(drive_has(&p.in, "\x89"));
    assert_int_equal(peer_code(&p), 0);
    peer_close(&p);
    stage_close(&g);
}

/* Bytes now and then do not make a message's time longer, however seldom we
 * would ask whether the client is there. */
static void test_a_slow_message(void **state) {
    static const char *const pings[] = {"--limits.ping=25s",
                                        "--limits.ping=1h"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pings); i++) {
        const char *const flags[] = {pings[i], NULL};
        struct stage g;
        struct peer p;

        stage_open(&g, flags);
        peer_ready(&g, &p, ANN);
        peer_frame(&p, 0x01, SLICE_LIT("{"));
        stage_settle(&g);
        stage_pass(&g, 20000);
        peer_frame(&p, 0x00, SLICE_LIT(" "));
        stage_settle(&g);
        stage_pass(&g, OPEN_MS - 20000 - 1);
        peer_read(&p);
        assert_row(pings[i], peer_code(&p) == 0);
        stage_pass(&g, 1);
        peer_read(&p);
        assert_row(pings[i], peer_code(&p) == WS_CODE_POLICY);
        peer_close(&p);
        stage_close(&g);
    }
}

static void test_auth_deadline(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_ws(&g, &p, 0);
    stage_pass(&g, g.settings.auth_ms - 1000);
    peer_text(&p, "{\"type\":\"ping\",\"id\":\"1\"}"); /* is not who one is */
    stage_pass(&g, 1000);
    peer_read(&p);
    assert_int_equal(peer_code(&p), CLOSE_AUTH_TIMEOUT);
    peer_close(&p);
    stage_close(&g);
}

/* ---- the end ---- */

/* A peer that does not answer our close is cut, and the session is gone. */
static void test_linger(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_ready(&g, &p, ANN);
    peer_text(&p, "not JSON");
    stage_settle(&g);
    assert_int_equal(g.server.session_count, 1);
    assert_true(list_empty(&g.server.sessions));
    stage_pass(&g, 5000);
    assert_int_equal(g.server.session_count, 0);
    peer_close(&p);
    stage_close(&g);
}

static void test_hung_up(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_ready(&g, &p, ANN);
    assert_int_equal(listener_count(g.server.listener), 1);
    peer_hang_up(&p);
    stage_settle(&g);
    assert_int_equal(g.server.session_count, 0);
    assert_int_equal(listener_count(g.server.listener), 0);
    assert_int_equal(audience_count(&g.server.core), 0);
    peer_close(&p);
    stage_close(&g);
}

/* Somebody who reads nothing is sent so much and no more. */
static void test_slow_reader(void **state) {
    enum {
        TEXT_BYTES = 10000,
    };
    char text[TEXT_BYTES];
    unsigned pushed = 0;
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, (const char *const[]){"--limits.queue=64KiB", NULL});
    peer_ready(&g, &p, ANN);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    while (!list_empty(&g.server.sessions) && pushed < 1000) {
        stage_push(&g, ANN, text, false);
        stage_settle(&g);
        pushed++;
    }
    assert_true(pushed < 1000);
    assert_int_equal(g.server.stats.slow_closes, 1);
    assert_int_equal(peer_closed_with(&g, &p), CLOSE_SLOW);
    assert_int_equal(peer_count(&p, text), pushed - 1);
    peer_close(&p);
    stage_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_deaf_after_the_end),
        cmocka_unit_test(test_the_rest_of_a_text),
        cmocka_unit_test(test_late_answers),
        cmocka_unit_test(test_first_message),
        cmocka_unit_test(test_too_many_pings),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_late_ourselves),
        cmocka_unit_test(test_not_silent),
        cmocka_unit_test(test_a_slow_message),
        cmocka_unit_test(test_auth_deadline),
        cmocka_unit_test(test_linger),
        cmocka_unit_test(test_hung_up),
        cmocka_unit_test(test_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
