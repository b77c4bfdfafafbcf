/* A session for clients that have only HTTP: who goes on with it when two want
 * to, when it ends, and for whom it makes room. */
#include "gateway/transport_http.h"

#include "tests/unit/http_session_fixture.h"

/* ---- two at once ---- */

static void test_superseded(void **state) {
    static const struct {
        const char *name;
        bool first_streams;
        bool then_streams;
        const char *want; /* of the first */
    } rows[] = {
        {"poll, poll", false, false, "\"superseded\":true,\"texts\":[]}"},
        {"poll, stream", false, true, "\"superseded\":true,\"texts\":[]}"},
        {"stream, poll", true, false, "data: {\"type\":\"superseded\"}\n\n"},
        {"stream, stream", true, true, "data: {\"type\":\"superseded\"}\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct peer first;
        struct peer then;
        struct name name;

        peer_open(&g, &first, false);
        peer_open(&g, &then, false);
        name = first_poll(&first);
        if (rows[i].first_streams) {
            stream(&first, name, "1");
        } else {
            take_poll(&first, name, 1, 20);
        }
        stage_settle(&g);
        if (rows[i].then_streams) {
            stream(&then, name, "1");
        } else {
            take_poll(&then, name, 1, 20);
        }
        assert_row(rows[i].name, peer_hears(&g, &first, rows[i].want));
        peer_forget(&first);
        push("{\"n\":2}");
        assert_row(rows[i].name, peer_heard(&g, &then, "{\"n\":2}"));
        assert_row(rows[i].name, !peer_heard(&g, &first, "{\"n\":2}"));
        peer_close(&first);
        peer_close(&then);
        stage_settle(&g);
        stage_pass(&g, g.settings.ping_ms);
        stage_pass(&g, g.settings.detached_ms);
        assert_row(rows[i].name, sessions() == 0);
    }
}

/* Who cannot go on where he was gets a new session; nobody is left to whom the
 * old one's stream would be of use. */
static void test_too_far_behind(void **state) {
    char text[1001];
    struct name name = first_poll(&p);

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    stream(&p, name, "1");
    for (unsigned i = 0; i < 40; i++) {
        push(text);
        peer_read(&p);
        peer_forget(&p);
    }
    stream(&other, name, "1");
    assert_true(peer_hears(&g, &other, "\"resumed\":false"));
    assert_true(
        peer_hears(&g, &p, "data: {\"type\":\"closed\",\"code\":1001,"));
    assert_int_equal(sessions(), 1);
    push("{\"n\":2}");
    assert_true(peer_heard(&g, &other, "id: 2\ndata: {\"n\":2}\n\n"));
}

/* The old request's client has gone: nothing of the new one is lost on it. */
static void test_after_a_lost_poll(void **state) {
    struct name name = first_poll(&p);

    (void)state;
    take_poll(&p, name, 1, 20);
    stage_settle(&g);
    peer_hang_up(&p);
    stage_settle(&g);
    push("{\"n\":2}"); /* goes to nobody */
    poll_now(&other, name, 1);
    assert_true(drive_has(&other.in, "\"ack\":2,\"texts\":[{\"n\":2}]}"));
}

/* ---- its end ---- */

static void test_nobody_asks(void **state) {
    struct name name = first_poll(&p);

    (void)state;
    stage_pass(&g, g.settings.detached_ms - 1);
    assert_int_equal(sessions(), 1);
    stage_pass(&g, 1);
    assert_int_equal(sessions(), 0);
    poll_now(&p, name, 1);
    assert_true(drive_has(&p.in, "\"resumed\":false"));
    assert_false(drive_has(&p.in, name.s));
}

/* Each poll begins the time anew. */
static void test_somebody_asks(void **state) {
    struct name name = first_poll(&p);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        stage_pass(&g, g.settings.detached_ms - 1);
        poll_now(&p, name, 1);
    }
    assert_int_equal(sessions(), 1);
}

static void test_closed_while(void **state) {
    static const struct {
        const char *name;
        bool streams;
        const char *want;
    } rows[] = {
        {"polled", false,
         "\"texts\":[{\"type\":\"closed\",\"code\":4503,\"reason\":"},
        {"streamed", true, "data: {\"type\":\"closed\",\"code\":4503,"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bus_msg revoke = {.kind = BUS_REVOKE,
                                 .u.revoke = {{ANN}, {DEVICE_OF + ANN}}};
        struct peer who;
        struct name name;

        revoked_fini(&g.server.revoked);
        revoked_init(&g.server.revoked, &g.server.core, &g.server.keys,
                     g.settings.token_ms);
        stage_pass(&g, 100);
        peer_open(&g, &who, false);
        name = first_poll(&who);
        if (rows[i].streams) {
            stream(&who, name, "1");
        } else {
            take_poll(&who, name, 1, 20);
        }
        stage_settle(&g);
        revoked_heard(&g.server.revoked, &revoke.u.revoke);
        assert_row(rows[i].name, peer_hears(&g, &who, rows[i].want));
        assert_row(rows[i].name, sessions() == 0);
        peer_close(&who);
    }
}

/* Sessions that nobody asks for make room, the oldest first; those that are
 * attached do not. */
static void test_room(void **state) {
    struct name first = first_poll(&p);
    struct name second;

    (void)state;
    stage_pass(&g, 1000);
    second = first_poll(&p);
    assert_int_equal(sessions(), 2);
    (void)first_poll(&p);
    assert_int_equal(sessions(), 2);
    poll_now(&p, first, 1);
    assert_true(drive_has(&p.in, "\"resumed\":false")); /* it made room */
    stage_settle(&g);
    poll_now(&p, second, 1);
    assert_true(drive_has(&p.in, "\"resumed\":false")); /* and this one */
}

static void test_no_room(void **state) {
    struct peer third;

    (void)state;
    stream(&p, (struct name){""}, "");
    stream(&other, (struct name){""}, "");
    assert_true(peer_hears(&g, &p, "\"ready\""));
    assert_true(peer_hears(&g, &other, "\"ready\""));
    peer_open(&g, &third, false);
    peer_gets(&g, &third, ANN, "/v1/poll?timeout=0");
    assert_true(peer_hears(&g, &third, "{\"type\":\"closed\",\"code\":4505,"));
    stage_settle(&g);
    assert_int_equal(sessions(), 2);
    peer_close(&third);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_superseded),
        TEST(test_too_far_behind),
        TEST(test_after_a_lost_poll),
        TEST(test_nobody_asks),
        TEST(test_somebody_asks),
        TEST(test_closed_while),
        TEST(test_room),
        TEST(test_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
