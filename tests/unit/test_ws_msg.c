/* WebSocket bytes to messages: what may follow what, however it is cut. */
#include "tests/unit/ws_stream.h"

#include "tests/unit/utf8_rows.h"

static const struct row rows[] = {
    {"nothing", 0, {{0}}, ""},
    {"text", 0, {P(0x81, "hello")}, "text(hello) "},
    {"B087 empty text", 0, {P(0x81, "")}, "text() "},
    {"B079 binary", 0, {P(0x82, "\xff\xfe")}, "binary(\xff\xfe) "},
    {"two", 0, {P(0x81, "a"), P(0x81, "b")}, "text(a) text(b) "},
    {"two fragments", 0, {P(0x01, "Hel"), P(0x80, "lo")}, "text(Hello) "},
    {"binary fragments", 0, {P(0x02, "\xff"), P(0x80, "")}, "binary(\xff) "},
    {"empty fragments", 0, {P(1, ""), P(0, ""), P(0x80, "")}, "text() "},
    {"two in fragments",
     0,
     {P(1, "a"), P(0x80, "b"), P(1, "c"), P(0, "d"), P(0x80, "e")},
     "text(ab) text(cde) "},
    {"ping", 0, {P(0x89, "")}, "ping() "},
    {"pong", 0, {P(0x8a, "late")}, "pong(late) "},
    {"ping between fragments",
     0,
     {P(1, "a"), P(0x89, "x"), P(0, "b"), P(0x8a, "y"), P(0x80, "c")},
     "ping(x) pong(y) text(abc) "},
    {"B086 many pings",
     0,
     {P(0x89, "1"), P(0x89, "2"), P(0x89, "3"), P(0x81, "t")},
     "ping(1) ping(2) ping(3) text(t) "},
    {"one character in two fragments",
     0,
     {P(1, "\xce"), P(0x89, "\xff"), P(0x80, "\xba")},
     "ping(\xff) text(\xce\xba) "},
    {"close", 0, {P(0x88, "")}, "close(1005) "},
    {"B082 close 1000", 0, {P(0x88, "\x03\xe8")}, "close(1000) "},
    {"B082 reason", 0, {P(0x88, "\x0f\xa1so")}, "close(4001,so) "},
    {"B083 after a close",
     0,
     {P(0x88, ""), P(0x81, "x"), P(0x89, ""), P(0x88, ""), P(0x83, "")},
     "close(1005) "},
    {"close inside a message", 0, {P(1, "a"), P(0x88, "")}, "close(1005) "},
    {"B080 half a code", 0, {P(0x88, "\x03")}, "fail(1002) "},
    {"B080 reason not UTF-8", 0, {P(0x88, "\x03\xe8\xc0")}, "fail(1007) "},
    {"B080 reason of 124", 0, {P(RAW, "\x88\xfe\x00\x7e")}, "fail(1002) "},
    {"B081 close 1005", 0, {P(0x88, "\x03\xed")}, "fail(1002) "},
    {"B081 close 0", 0, {P(0x88, "\0\0")}, "fail(1002) "},
    {"B064 not masked", 0, {P(RAW, "\x81\x01x")}, "fail(1002) "},
    {"B065 RSV1", 0, {P(0xc1, "a")}, "fail(1002) "},
    {"B065 RSV2 behind a message",
     0,
     {P(0x81, "a"), P(0xa1, "b")},
     "text(a) fail(1002) "},
    {"B065 RSV3", 0, {P(0x91, "a"), P(0x81, "b")}, "fail(1002) "},
    {"B065 RSV1 on a continuation",
     WS_DEFLATE,
     {P(0x41, "a"), P(0xc0, "b")},
     "fail(1002) "},
    {"B065 RSV1 on a ping", WS_DEFLATE, {P(0xc9, "")}, "fail(1002) "},
    {"compressed", WS_DEFLATE, {P(0xc1, "\xff")}, "text~(\xff) "},
    {"compressed fragments",
     WS_DEFLATE,
     {P(0x41, "\xff"), P(0x89, ""), P(0x80, "\xfe")},
     "ping() text~(\xff\xfe) "},
    {"plain with deflate", WS_DEFLATE, {P(0x81, "\xff")}, "fail(1007) "},
    {"B066 behind a message",
     0,
     {P(0x81, "ok"), P(0x83, ""), P(0x81, "x")},
     "text(ok) fail(1002) "},
    {"B066 11", 0, {P(0x8b, "xyz")}, "fail(1002) "},
    {"B067 fragmented ping", 0, {P(0x09, "")}, "fail(1002) "},
    {"B067 fragmented close", 0, {P(1, "a"), P(0x08, "")}, "fail(1002) "},
    {"B068 ping of 126", 0, {P(RAW, "\x89\xfe\x00\x7e")}, "fail(1002) "},
    {"B069 FIN continues nothing", 0, {P(0x80, "a")}, "fail(1002) "},
    {"B069 continues nothing", 0, {P(0x00, "a")}, "fail(1002) "},
    {"B069 continues what is over",
     0,
     {P(1, "a"), P(0x80, "b"), P(0x80, "c")},
     "text(ab) fail(1002) "},
    {"B070 text inside", 0, {P(1, "a"), P(0x81, "b")}, "fail(1002) "},
    {"B070 binary inside", 0, {P(1, "a"), P(0x02, "b")}, "fail(1002) "},
    {"B070 after a ping",
     0,
     {P(1, "a"), P(0x89, ""), P(0x01, "b")},
     "ping() fail(1002) "},
    {"B071 2^63",
     0,
     {P(RAW, "\x81\xff\x80\0\0\0\0\0\0\0" MASK)},
     "fail(1002) "},
    {"B071 all ones",
     0,
     {P(RAW, "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" MASK)},
     "fail(1002) "},
    {"B072 2^32",
     0,
     {P(RAW, "\x81\xff\0\0\0\x01\0\0\0\0" MASK)},
     "fail(1009) "},
    {"B072 2^40",
     0,
     {P(RAW, "\x81\xff\0\0\x01\0\0\0\0\0" MASK)},
     "fail(1009) "},
    {"B072 2^62 behind a fragment",
     0,
     {P(1, "a"), P(RAW, "\x80\xff\x40\0\0\0\0\0\0\0" MASK)},
     "fail(1009) "},
    {"B074 65537 at the head",
     0,
     {P(RAW, "\x82\xff\0\0\0\0\0\x01\0\x01" MASK)},
     "fail(1009) "},
    {"B074 65536 behind one byte",
     0,
     {P(2, "a"), P(RAW, "\x00\xff\0\0\0\0\0\x01\0\0" MASK)},
     "fail(1009) "},
    {"B073 125 in two bytes", 0, {P(RAW, "\x81\xfe\0\x7d")}, "fail(1002) "},
    {"B076 cut at FIN", 0, {P(1, "a"), P(0x80, "\xce")}, "fail(1007) "},
    {"B076 second fragment", 0, {P(1, "a\xce"), P(0, "a")}, "fail(1007) "},
    {"B090 mask of zeros", 0, {P(RAW, "\x81\x82\0\0\0\0hi")}, "text(hi) "},
    {"B088 half a frame", 0, {P(RAW, "\x81\x85" MASK "ab")}, ""},
    {"B088 half a head", 0, {P(RAW, "\x81\xff\0\0")}, ""},
    {"B088 half a message", 0, {P(1, "ab"), P(0, "cd")}, ""},
};

/* Each row from a client and from a server, whole, in every two parts and
 * byte by byte, always gives the same. */
static void test_rows(void **state) {
    struct buf stream;
    struct buf log;

    (void)state;
    buf_init(&stream);
    buf_init(&log);
    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        const struct row *r = &rows[i / 2];
        unsigned rules = r->rules | (i % 2 == 0 ? WS_FROM_CLIENT : 0);

        if (!build(r, rules, &stream) && i % 2 == 1) {
            continue;
        }
        for (size_t cut = 0; cut <= stream.n + 1; cut++) {
            run(buf_slice(&stream), rules, cut, &log);
            assert_row(r->name, slice_is(buf_slice(&log), r->want));
        }
    }
    buf_fini(&stream);
    buf_fini(&log);
}

/* A prefix of a good stream never fails: it gives the first of the events. */
static void test_every_cut(void **state) {
    struct ws_limits limits = WS_LIMITS_DEFAULT;
    struct buf stream;
    struct buf log;

    (void)state;
    buf_init(&stream);
    buf_init(&log);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];

        (void)build(r, WS_FROM_CLIENT, &stream);
        for (size_t n = 0; strstr(r->want, "fail") == NULL && n < stream.n;
             n++) {
            struct ws_msg m;

            buf_clear(&log);
            ws_msg_init(&m, r->rules | WS_FROM_CLIENT);
            feed(&m, &limits, slice_take(buf_slice(&stream), n), &log);
            assert_row(r->name, log.n <= strlen(r->want) &&
                                    memcmp(log.n == 0 ? "" : (char *)log.p,
                                           r->want, log.n) == 0);
            ws_msg_fini(&m);
        }
    }
    buf_fini(&stream);
    buf_fini(&log);
}

/* Reads `stream` to `cut`, and the rest in a receiver that has only the state
 * of the first, which itself says nothing. */
static void run_moved(struct slice stream, unsigned rules, size_t cut,
                      struct buf *log) {
    struct ws_limits limits = WS_LIMITS_DEFAULT;
    struct ws_msg from;
    struct ws_msg to;
    struct buf state;
    size_t said;

    buf_clear(log);
    buf_init(&state);
    ws_msg_init(&from, rules);
    ws_msg_init(&to, rules);
    feed(&from, &limits, slice_take(stream, cut), log);
    ws_msg_write_state(&from, &state);
    said = log->n;
    feed(&to, &limits, buf_slice(&state), log);
    assert_int_equal(log->n, said);
    to.ended = from.ended;
    feed(&to, &limits, slice_drop(stream, cut), log);
    ws_msg_fini(&from);
    ws_msg_fini(&to);
    buf_fini(&state);
}

/* A connection may move to another process between any two bytes. */
static void test_moved(void **state) {
    struct buf stream;
    struct buf log;

    (void)state;
    buf_init(&stream);
    buf_init(&log);
    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        const struct row *r = &rows[i / 2];
        unsigned rules = r->rules | (i % 2 == 0 ? WS_FROM_CLIENT : 0);

        if (!build(r, rules, &stream) && i % 2 == 1) {
            continue;
        }
        for (size_t cut = 0; cut <= stream.n; cut++) {
            run_moved(buf_slice(&stream), rules, cut, &log);
            assert_row(r->name, slice_is(buf_slice(&log), r->want));
        }
    }
    buf_fini(&stream);
    buf_fini(&log);
}

/* The text of a row in one frame or two, as a client sends it. */
static void build_text(const struct utf8_row *r, size_t cut, struct buf *out) {
    struct slice text = slice_of(r->bytes, r->n);

    buf_clear(out);
    if (cut <= r->n) {
        add_frame(out, WS_FROM_CLIENT, 0x01, slice_take(text, cut));
        add_frame(out, WS_FROM_CLIENT, 0x80, slice_drop(text, cut));
    } else {
        add_frame(out, WS_FROM_CLIENT, 0x81, text);
    }
}

/* Feeds byte by byte; answers after how many bytes the first event came. */
static size_t first_event(struct slice stream, struct ws_unit *u) {
    struct ws_limits limits = WS_LIMITS_DEFAULT;
    struct ws_msg m;
    size_t i = 0;

    *u = (struct ws_unit){.event = WS_NONE};
    ws_msg_init(&m, WS_FROM_CLIENT);
    while (i < stream.n && u->event == WS_NONE) {
        uint8_t byte = stream.p[i++];
        struct ws_input in = {&byte, 1, 0};

        u->event = ws_msg_next(&m, &limits, &in, u);
    }
    ws_msg_fini(&m);
    u->body = (struct slice){NULL, 0};
    return i;
}

/* Bytes of the stream up to and with byte `at` of the text. */
static size_t stream_place(size_t at, size_t cut) {
    size_t heads = at >= cut ? 12 : 6;

    return heads + at + 1;
}

/* 1007 with the very byte that shows it, or at the end that is cut. */
static void check_text(const struct utf8_row *r, size_t cut,
                       struct slice stream) {
    struct ws_unit u;
    size_t n = first_event(stream, &u);

    if (r->bad_at == UTF8_GOOD) {
        assert_row(r->name, u.event == WS_TEXT && n == stream.n);
        return;
    }
    assert_row(r->name, u.event == WS_FAIL && u.code == WS_CODE_BAD_TEXT);
    assert_row(
        r->name,
        n == (r->bad_at == UTF8_CUT ? stream.n : stream_place(r->bad_at, cut)));
}

/* B076, B077, B078: every sequence in one frame, and in two wherever they
 * meet. */
static void test_utf8(void **state) {
    struct buf stream;

    (void)state;
    buf_init(&stream);
    for (size_t i = 0; i < COUNT_OF(utf8_rows); i++) {
        for (size_t cut = 0; cut <= utf8_rows[i].n + 1; cut++) {
            build_text(&utf8_rows[i], cut, &stream);
            check_text(&utf8_rows[i], cut, buf_slice(&stream));
        }
    }
    buf_fini(&stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
