/* What one WebSocket connection may cost: fragments, bytes, memory, time. */
#include "tests/unit/ws_stream.h"

_Static_assert(sizeof(struct ws_msg) <= 40, "idle sessions stay small");

/* `count` fragments with `body`, the last with FIN or not. */
static void build_fragments(struct buf *out, unsigned count, bool fin,
                            struct slice body) {
    buf_clear(out);
    for (unsigned i = 0; i < count; i++) {
        bool last = fin && i + 1 == count;

        add_frame(out, WS_FROM_CLIENT, (i == 0 ? 1 : 0) | (last ? 0x80 : 0),
                  body);
    }
}

static void test_fragments(void **state) {
    static const struct {
        const char *name;
        unsigned count;
        bool fin;
        const char *body;
        const char *want;
    } counts[] = {
        {"64 with FIN", 64, true, "", "text() "},
        {"63 and more to come", 63, false, "x", ""},
        {"B075 64 empty ones", 64, false, "", "fail(1008) "},
        {"B075 65", 65, true, "x", "fail(1008) "},
        {"B075 65 empty ones", 65, true, "", "fail(1008) "},
    };
    struct buf stream;
    struct buf log;

    (void)state;
    buf_init(&stream);
    buf_init(&log);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        build_fragments(&stream, counts[i].count, counts[i].fin,
                        slice_str(counts[i].body));
        run(buf_slice(&stream), WS_FROM_CLIENT, 0, &log);
        assert_row(counts[i].name, slice_is(buf_slice(&log), counts[i].want));
        run(buf_slice(&stream), WS_FROM_CLIENT, stream.n + 1, &log);
        assert_row(counts[i].name, slice_is(buf_slice(&log), counts[i].want));
    }
    buf_fini(&stream);
    buf_fini(&log);
}

/* B074: 64 KiB pass, whole and in fragments; a byte more does not. */
static void test_message_bytes(void **state) {
    static const struct {
        const char *name;
        size_t fragment;
        unsigned count;
        const char *start;
    } sizes[] = {
        {"65536 in one", 65536, 1, "text(aaa"},
        {"B074 65537 in one", 65537, 1, "fail(1009) "},
        {"65536 in four", 16384, 4, "text(aaa"},
        {"B074 65600 in 64", 1025, 64, "fail(1009) "},
    };
    char *body = malloc(70000);
    struct buf stream;
    struct buf log;

    (void)state;
    assert_non_null(body);
    memset(body, 'a', 70000);
    buf_init(&stream);
    buf_init(&log);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        build_fragments(&stream, sizes[i].count, true,
                        slice_of(body, sizes[i].fragment));
        for (size_t cut = 0; cut < stream.n; cut += 9973) {
            run(buf_slice(&stream), WS_FROM_CLIENT, cut, &log);
            assert_row(sizes[i].name,
                       slice_starts(buf_slice(&log), sizes[i].start));
            assert_row(sizes[i].name, log.n == 65536 + strlen("text() ") ||
                                          log.n == strlen("fail(1009) "));
        }
    }
    free(body);
    buf_fini(&stream);
    buf_fini(&log);
}

/* A whole message is handed out where it lies, and costs no memory. */
static void test_in_place(void **state) {
    struct ws_limits limits = WS_LIMITS_DEFAULT;
    struct buf stream;
    struct ws_input in;
    struct ws_unit u;
    struct ws_msg m;

    (void)state;
    buf_init(&stream);
    ws_msg_init(&m, WS_FROM_CLIENT);
    add_frame(&stream, WS_FROM_CLIENT, 0x81, SLICE_LIT("in place"));
    in = (struct ws_input){stream.p, stream.n, 0};
    assert_int_equal(ws_msg_next(&m, &limits, &in, &u), WS_TEXT);
    assert_ptr_equal(u.body.p, stream.p + 6);
    assert_null(m.partial);
    assert_int_equal(ws_msg_next(&m, &limits, &in, &u), WS_NONE);
    assert_null(m.partial);
    ws_msg_fini(&m);
    buf_fini(&stream);
}

/* What arrives in part is kept, timed, and given back when it is whole. */
static void test_open_since(void **state) {
    static const struct {
        const char *name;
        struct piece piece;
        uint64_t now_ms;
        bool open;
        uint64_t since_ms;
    } steps[] = {
        {"a byte of a head", P(RAW, "\x01"), 100, true, 100},
        {"the head", P(RAW, "\x82" MASK), 200, true, 100},
        {"the body", P(RAW, "\x61\x62"), 300, true, 100},
        {"a ping between", P(0x89, "x"), 400, true, 100},
        {"the end", P(0x80, ""), 500, false, 0},
        {"a whole one", P(0x81, "x"), 600, false, 0},
        {"half a ping", P(RAW, "\x89\x81\0\0"), 700, true, 700},
        {"all of it", P(RAW, "\0\0x"), 800, false, 0},
        {"the next", P(0x01, "x"), 900, true, 900},
        {"the next is over", P(0x80, "x"), 30900, false, 0},
    };
    struct ws_limits limits = WS_LIMITS_DEFAULT;
    struct ws_msg m;
    struct buf bytes;

    (void)state;
    buf_init(&bytes);
    ws_msg_init(&m, WS_FROM_CLIENT);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        const struct row r = {"", 0, {steps[i].piece}, ""};
        struct ws_input in;
        struct ws_unit u;
        uint64_t since_ms = 0;

        (void)build(&r, WS_FROM_CLIENT, &bytes);
        in = (struct ws_input){bytes.p, bytes.n, steps[i].now_ms};
        while (ws_msg_next(&m, &limits, &in, &u) != WS_NONE) {
            assert_row(steps[i].name, u.event != WS_FAIL);
        }
        assert_row(steps[i].name,
                   ws_msg_open_since(&m, &since_ms) == steps[i].open);
        assert_row(steps[i].name, since_ms == steps[i].since_ms);
        assert_row(steps[i].name, (m.partial != NULL) == steps[i].open);
    }
    ws_msg_fini(&m);
    buf_fini(&bytes);
}

/* B075: a message open for more than 30 s ends with the next byte. */
static void test_open_too_long(void **state) {
    static const struct {
        const char *name;
        uint64_t now_ms;
        enum ws_event want;
    } steps[] = {
        {"first fragment", 5000, WS_NONE},
        {"in time", 35000, WS_NONE},
        {"B075 too late", 35001, WS_FAIL},
    };
    struct ws_limits limits = WS_LIMITS_DEFAULT;
    struct ws_msg m;

    (void)state;
    ws_msg_init(&m, 0);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        uint8_t frame[3] = {i == 0 ? 1 : 0, 1, 'a'};
        struct ws_input in = {frame, sizeof(frame), steps[i].now_ms};
        struct ws_unit u;

        assert_row(steps[i].name,
                   ws_msg_next(&m, &limits, &in, &u) == steps[i].want);
        assert_row(steps[i].name,
                   u.event != WS_FAIL || u.code == WS_CODE_POLICY);
    }
    assert_null(m.partial);
    ws_msg_fini(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_message_bytes),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_open_since),
        cmocka_unit_test(test_open_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
