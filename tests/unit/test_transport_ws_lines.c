/* A session on a WebSocket: how its texts become frames. */
#include "tests/unit/gateway_fixture.h"

#define ASKS_LINES "Sec-WebSocket-Protocol: moim.v1.lines, moim.v1\r\n"

static void peer_asks_lines(struct stage *g, struct peer *p) {
    peer_open(g, p, false);
    peer_knocks(g, p, ANN, ASKS_LINES);
    assert_true(peer_hears(g, p, "\"type\":\"ready\""));
    assert_true(drive_has(&p->in, "moim.v1.lines"));
    peer_forget(p);
}

/* What a turn tells is one frame to who asked for it, and one each to others.
 */
static void test_lines(void **state) {
    static const struct {
        const char *name;
        bool asked;
        unsigned turns; /* two texts are pushed in each */
        const char *want;
    } rows[] = {
        {"asked", true, 1, "\x81\x0f{\"n\":1}\n{\"n\":2}"},
        {"not asked", false, 1, "\x81\x07{\"n\":1}\x81\x07{\"n\":2}"},
        {"two turns", true, 2,
         "\x81\x0f{\"n\":1}\n{\"n\":2}\x81\x0f{\"n\":1}\n{\"n\":2}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage g;
        struct peer p;

        stage_open(&g, NULL);
        if (rows[i].asked) {
            peer_asks_lines(&g, &p);
        } else {
            peer_ready(&g, &p, ANN);
        }
        for (unsigned k = 0; k < rows[i].turns; k++) {
            stage_push(&g, ANN, "{\"n\":1}", false);
            stage_push(&g, ANN, "{\"n\":2}", false);
            stage_settle(&g);
        }
        peer_read(&p);
        assert_row(rows[i].name, slice_is(buf_slice(&p.in), rows[i].want));
        peer_close(&p);
        stage_close(&g);
    }
}

/* The answers of one turn, with a pong between: it ends a frame. */
static void test_lines_and_controls(void **state) {
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, NULL);
    peer_asks_lines(&g, &p);
    peer_text(&p, "{\"type\":\"ping\",\"id\":\"1\"}\n"
                  "{\"type\":\"ping\",\"id\":\"2\"}");
    peer_frame(&p, 0x89, SLICE_LIT("hi"));
    peer_text(&p, "{\"type\":\"ping\",\"id\":\"3\"}");
    assert_true(peer_hears(&g, &p, "\"id\":\"3\"}"));
    assert_true(slice_is(buf_slice(&p.in), "\x81\x2d"
                                           "{\"type\":\"ok\",\"id\":\"1\"}\n"
                                           "{\"type\":\"ok\",\"id\":\"2\"}"
                                           "\x8a\x02hi\x81\x16"
                                           "{\"type\":\"ok\",\"id\":\"3\"}"));
    peer_close(&p);
    stage_close(&g);
}

/* A frame of several texts is not longer than a message of a client may be. */
static void test_lines_have_a_limit(void **state) {
    enum {
        TEXT_BYTES = 30000,
        FRAME_BYTES = 4 + TEXT_BYTES,
    };
    char text[TEXT_BYTES + 1];
    struct stage g;
    struct peer p;

    (void)state;
    memset(text, 'x', TEXT_BYTES);
    text[TEXT_BYTES] = '\0';
    stage_open(&g, NULL);
    peer_asks_lines(&g, &p);
    for (unsigned i = 0; i < 3; i++) {
        stage_push(&g, ANN, text, false);
    }
    while (peer_count(&p, "\x81") < 2) {
        assert_true(peer_hears(&g, &p, "\x81"));
        stage_turn(&g);
    }
    stage_settle(&g);
    peer_read(&p);
    assert_int_equal(p.in.n, FRAME_BYTES + 1 + TEXT_BYTES + FRAME_BYTES);
    assert_int_equal(p.in.p[FRAME_BYTES], '\n');
    assert_int_equal(p.in.p[FRAME_BYTES + 1 + TEXT_BYTES], 0x81);
    peer_close(&p);
    stage_close(&g);
}

static void test_compressed(void **state) {
    char text[4000];
    struct stage g;
    struct peer p;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    stage_open(&g, (const char *const[]){"--gateway.deflate=yes", NULL});
    peer_open(&g, &p, false);
    peer_knocks(&g, &p, ANN,
                ASKS_LINES "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    assert_true(peer_hears(&g, &p, "\"type\":\"ready\"")); /* too short */
    assert_true(drive_has(&p.in, "permessage-deflate"));
    peer_forget(&p);
    stage_push(&g, ANN, text, false);
    stage_settle(&g);
    peer_read(&p);
    assert_in_range(p.in.n, 5, 200);
    assert_int_equal(p.in.p[0], 0xc1);
    peer_forget(&p);
    stage_push(&g, ANN, "{}", false);
    stage_push(&g, ANN, text, false); /* neither joins nor is joined */
    stage_push(&g, ANN, "{}", false);
    stage_push(&g, ANN, "{}", false);
    stage_settle(&g);
    peer_read(&p);
    assert_true(slice_starts(buf_slice(&p.in), "\x81\x02{}\xc1"));
    assert_true(drive_has(&p.in, "\x81\x05{}\n{}"));
    peer_close(&p);
    stage_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_and_controls),
        cmocka_unit_test(test_lines_have_a_limit),
        cmocka_unit_test(test_compressed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
