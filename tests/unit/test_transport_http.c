/* A session for clients that have only HTTP: its name, what is kept and for
 * how long, polls, streams. */
#include "gateway/transport_http.h"

#include "tests/unit/http_session_fixture.h"

#include "gateway/transport.h"

/* ---- names ---- */

static void test_names(void **state) {
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"0123456789abcdef0123456789abcdef", true},
        {"0123456789abcdef0123456789abcde", false},
        {"0123456789abcdef0123456789abcdef0", false},
        {"0123456789ABCDEF0123456789ABCDEF", false},
        {"0123456789abcdeg0123456789abcdef", false},
        {"0123456789abcdef0123456789abcde/", false},
        {"0123456789abcdef0123456789abcde:", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].text,
                   transport_http_name(slice_str(rows[i].text)) == rows[i].ok);
    }
}

/* Who may go on with a session: its name is not enough. */
static void test_find(void **state) {
    struct name name = first_poll(&p);
    struct token_claims mine = {{ANN}, {DEVICE_OF + ANN}, 1, 2};
    struct token_claims later = mine;
    struct session *s;
    const struct {
        const char *name;
        struct token_claims claims;
        unsigned flip; /* a digit of the name */
        bool found;
    } rows[] = {
        {"mine", mine, 99, true},
        {"another user's", {{BEN}, {DEVICE_OF + ANN}, 1, 2}, 99, false},
        {"another device's", {{ANN}, {DEVICE_OF + BEN}, 1, 2}, 99, false},
        {"another key", mine, 0, false},
        {"another second half", mine, 31, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct name asked = name;

        if (rows[i].flip < 32) {
            asked.s[rows[i].flip] = asked.s[rows[i].flip] == '0' ? '1' : '0';
        }
        s = transport_http_find(&g.server, slice_str(asked.s), &rows[i].claims);
        assert_row(rows[i].name, (s != NULL) == rows[i].found);
    }
    later.expires_ms = UINT64_C(1) << 40;
    s = transport_http_find(&g.server, slice_str(name.s), &later);
    assert_int_equal(s->expires_ms, later.expires_ms);
    s = transport_http_find(&g.server, slice_str(name.s), &mine);
    assert_int_equal(s->expires_ms, later.expires_ms); /* never earlier */
}

/* ---- polls ---- */

static void test_a_poll_waits(void **state) {
    struct name name = first_poll(&p);

    (void)state;
    take_poll(&p, name, 1, 10);
    assert_false(peer_heard(&g, &p, "texts"));
    push("{\"n\":2}");
    assert_true(peer_hears(&g, &p, "\"ack\":2,\"texts\":[{\"n\":2}]}"));
    peer_forget(&p);
    take_poll(&p, name, 2, 10);
    stage_settle(&g);
    stage_pass(&g, 9999);
    assert_false(peer_heard(&g, &p, "texts"));
    stage_pass(&g, 1);
    assert_true(peer_heard(&g, &p, "\"ack\":2,\"texts\":[]}"));
}

/* All of one turn comes in one answer. */
static void test_a_poll_gathers(void **state) {
    struct name name = first_poll(&p);

    (void)state;
    take_poll(&p, name, 1, 10);
    stage_settle(&g);
    stage_push(&g, ANN, "{\"n\":2}", false);
    stage_push(&g, ANN, "{\"n\":3}", false);
    fake_bus_turn(g.bus);
    assert_true(
        peer_hears(&g, &p, "\"ack\":3,\"texts\":[{\"n\":2},{\"n\":3}]}"));
}

static void test_a_lost_answer_is_repeated(void **state) {
    struct name name = first_poll(&p);

    (void)state;
    push("{\"n\":2}");
    push("{\"n\":3}");
    poll_now(&p, name, 1);
    assert_true(drive_has(&p.in, "\"ack\":3,\"texts\":[{\"n\":2},{\"n\":3}]}"));
    poll_now(&p, name, 1);
    assert_true(drive_has(&p.in, "\"ack\":3,\"texts\":[{\"n\":2},{\"n\":3}]}"));
    poll_now(&p, name, 2);
    assert_true(drive_has(&p.in, "\"ack\":3,\"texts\":[{\"n\":3}]}"));
    poll_now(&p, name, 3);
    assert_true(drive_has(&p.in, "\"ack\":3,\"texts\":[]}"));
}

static void test_acks(void **state) {
    static const struct {
        const char *name;
        uint64_t ack;
        enum rc rc;
    } rows[] = {
        {"first", 1, RC_OK},
        {"twice", 1, RC_OK},
        {"not given", 4, RC_BAD_INPUT},
        {"all", 3, RC_OK},
        {"not kept any more", 2, RC_STALE},
        {"nothing", 0, RC_STALE},
    };
    struct token_claims mine = {{ANN}, {DEVICE_OF + ANN}, 1, 2};
    struct name name = first_poll(&p);
    struct session *s =
        transport_http_find(&g.server, slice_str(name.s), &mine);

    (void)state;
    push("{\"n\":2}");
    push("{\"n\":3}");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   transport_http_ack(s, rows[i].ack) == rows[i].rc);
    }
    assert_int_equal(s->transport->queued(s), 0);
}

/* Before `ready` there is nothing to tell, however impatient the client. */
static void test_a_poll_waits_for_ready(void **state) {
    (void)state;
    g.stores_sleep = true;
    peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
    stage_settle(&g);
    stage_pass(&g, 1000);
    assert_false(peer_heard(&g, &p, "texts"));
    g.stores_sleep = false;
    assert_true(peer_hears(&g, &p, "\"texts\":[{\"type\":\"ready\""));
}

/* What is heard before it stands in the sync that follows it. */
static void test_ready_comes_first(void **state) {
    struct session *s;

    (void)state;
    g.stores_sleep = true;
    peer_gets(&g, &p, ANN, "/v1/poll?timeout=0");
    stage_settle(&g);
    s = CONTAINER_OF(g.server.sessions.next, struct session, node);
    session_send_text(s, SLICE_LIT("{\"type\":\"early\"}"));
    g.stores_sleep = false;
    assert_true(peer_hears(&g, &p, "\"ack\":1,\"texts\":[{\"type\":\"ready\""));
    assert_false(drive_has(&p.in, "early"));
}

static void test_a_store_is_away(void **state) {
    (void)state;
    fake_directory_calls(g.server.core.directory)->refuse = RC_AGAIN;
    peer_gets(&g, &p, ANN, "/v1/poll");
    assert_true(peer_hears(
        &g, &p, "\"texts\":[{\"type\":\"closed\",\"code\":1013,\"reason\":"));
    assert_int_equal(sessions(), 0);
    fake_directory_calls(g.server.core.directory)->refuse = RC_OK;
}

/* ---- streams ---- */

static void test_a_stream(void **state) {
    (void)state;
    stream(&p, (struct name){""}, "");
    assert_true(peer_hears(&g, &p, "\r\n\r\n"));
    assert_true(drive_has(&p.in, "Content-Type: text/event-stream\r\n"));
    assert_true(peer_hears(&g, &p, "id: 1\ndata: {\"type\":\"ready\""));
    push("{\"n\":2}");
    assert_true(peer_hears(&g, &p, "id: 2\ndata: {\"n\":2}\n\n"));
    peer_forget(&p);
    stage_pass(&g, g.settings.ping_ms - 1);
    assert_false(peer_heard(&g, &p, ":\n\n"));
    stage_pass(&g, 1);
    assert_true(peer_heard(&g, &p, ":\n\n"));
}

static void test_a_stream_comes_back(void **state) {
    struct name name = first_poll(&p);

    (void)state;
    stream(&p, name, "1");
    push("{\"n\":2}");
    push("{\"n\":3}");
    assert_true(peer_hears(&g, &p, "id: 3\n"));
    peer_hang_up(&p);
    stage_settle(&g);
    push("{\"n\":4}"); /* notices that the stream has gone */
    stream(&other, name, "2");
    assert_true(peer_hears(&g, &other, "id: 3\ndata: {\"n\":3}\n\n"));
    assert_true(peer_hears(&g, &other, "id: 4\ndata: {\"n\":4}\n\n"));
    assert_int_equal(peer_count(&other, "id: "), 2);
    assert_int_equal(sessions(), 1);
}

/* What was streamed is kept, but not for ever: the rest is a new session's. */
static void test_a_stream_keeps_so_much(void **state) {
    enum {
        TEXT = 1000,
        TEXTS = 100,
    };
    char text[TEXT + 1];
    struct name name = first_poll(&p);
    struct token_claims mine = {{ANN}, {DEVICE_OF + ANN}, 1, 2};
    struct session *s =
        transport_http_find(&g.server, slice_str(name.s), &mine);

    (void)state;
    memset(text, 'x', TEXT);
    text[TEXT] = '\0';
    stream(&p, name, "1");
    for (unsigned i = 0; i < TEXTS; i++) {
        push(text);
        peer_read(&p);
        peer_forget(&p);
    }
    assert_int_equal(transport_http_ack(s, TEXTS), RC_OK);
    peer_hang_up(&p);
    stage_settle(&g);
    stage_pass(&g, g.settings.ping_ms);
    assert_int_equal(s->transport->queued(s), TEXT); /* number 101 */
    reopen(&other);
    stream(&other, name, "2");
    assert_true(peer_hears(&g, &other, "\"resumed\":false"));
}

/* Half of the queue at most: a client that took all that was streamed and then
 * lost its stream is not too slow. */
static void test_kept_leaves_room(void **state) {
    char text[1001];
    struct name name;

    (void)state;
    teardown(NULL);
    stage_open(&g, (const char *const[]){"--limits.queue=16KiB", NULL});
    peer_open(&g, &p, false);
    peer_open(&g, &other, false);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    name = first_poll(&p);
    stream(&p, name, "1");
    for (unsigned i = 0; i < 40; i++) {
        push(text);
        peer_read(&p);
        peer_forget(&p);
    }
    peer_hang_up(&p);
    stage_settle(&g);
    stage_pass(&g, g.settings.ping_ms);
    for (unsigned i = 0; i < 8; i++) {
        push(text);
    }
    assert_int_equal(g.server.stats.slow_closes, 0);
    reopen(&other);
    stream(&other, name, "41");
    assert_true(peer_hears(&g, &other, "id: 49\n"));
    assert_int_equal(peer_count(&other, "id: "), 8);
}

static void test_a_slow_reader(void **state) {
    char text[10001];
    unsigned pushed = 0;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    stream(&p, (struct name){""}, "");
    assert_true(peer_hears(&g, &p, "\"type\":\"ready\""));
    while (!list_empty(&g.server.sessions) && pushed < 1000) {
        push(text);
        pushed++;
    }
    assert_true(pushed < 1000);
    assert_int_equal(g.server.stats.slow_closes, 1);
    assert_true(peer_hears(&g, &p, "{\"type\":\"closed\",\"code\":4000,"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        TEST(test_find),
        TEST(test_a_poll_waits),
        TEST(test_a_poll_gathers),
        TEST(test_a_lost_answer_is_repeated),
        TEST(test_acks),
        TEST(test_a_poll_waits_for_ready),
        TEST(test_ready_comes_first),
        TEST(test_a_store_is_away),
        TEST(test_a_stream),
        TEST(test_a_stream_comes_back),
        TEST(test_a_stream_keeps_so_much),
        TEST(test_kept_leaves_room),
        TEST(test_a_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
