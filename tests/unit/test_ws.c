/* WebSocket frame heads, masks and close payloads. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/wire/ws.h"

struct head_case {
    const char *name;
    const char *bytes;
    size_t n;
    uint64_t body_len;
    unsigned rules;
    enum parse want;
};

#define CASE(name, rules, text, want, len)                                     \
    { name, text, sizeof(text) - 1, len, rules, want }
#define IN WS_FROM_CLIENT
#define KEY "\x11\x22\x33\x44"

static const struct head_case head_cases[] = {
    CASE("text", IN, "\x81\x85" KEY, PARSE_OK, 5),
    CASE("binary", IN, "\x82\x80" KEY, PARSE_OK, 0),
    CASE("first fragment", IN, "\x01\x83" KEY, PARSE_OK, 3),
    CASE("continuation", IN, "\x00\x83" KEY, PARSE_OK, 3),
    CASE("last continuation", IN, "\x80\x83" KEY, PARSE_OK, 3),
    CASE("ping of 125", IN, "\x89\xfd" KEY, PARSE_OK, 125),
    CASE("pong", IN, "\x8a\x80" KEY, PARSE_OK, 0),
    CASE("close", IN, "\x88\x82" KEY, PARSE_OK, 2),
    CASE("125", IN, "\x81\xfd" KEY, PARSE_OK, 125),
    CASE("126 in two bytes", IN, "\x81\xfe\x00\x7e" KEY, PARSE_OK, 126),
    CASE("65535", IN, "\x81\xfe\xff\xff" KEY, PARSE_OK, 65535),
    CASE("65536", IN, "\x81\xff\0\0\0\0\0\x01\0\0" KEY, PARSE_OK, 65536),
    CASE("2^63 - 1", IN, "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" KEY,
         PARSE_OK, INT64_MAX),
    CASE("B090 mask of zeros", IN, "\x81\x85\0\0\0\0", PARSE_OK, 5),
    CASE("from a server", 0, "\x81\x05", PARSE_OK, 5),
    CASE("from a server, 65536", 0, "\x82\x7f\0\0\0\0\0\x01\0\0", PARSE_OK,
         65536),
    CASE("B064 not masked", IN, "\x81\x05", PARSE_BAD, 0),
    CASE("B064 masked by a server", 0, "\x81\x85", PARSE_BAD, 0),
    CASE("B065 RSV1", IN, "\xc1\x85", PARSE_BAD, 0),
    CASE("B065 RSV2", IN, "\xa1\x85", PARSE_BAD, 0),
    CASE("B065 RSV3", IN, "\x91\x85", PARSE_BAD, 0),
    CASE("B065 RSV1 with deflate", IN | WS_DEFLATE, "\xc1\x85" KEY, PARSE_OK,
         5),
    CASE("B065 RSV1 on a first fragment", IN | WS_DEFLATE, "\x42\x85" KEY,
         PARSE_OK, 5),
    CASE("B065 RSV2 with deflate", IN | WS_DEFLATE, "\xa1\x85", PARSE_BAD, 0),
    CASE("B065 RSV1 on a ping", IN | WS_DEFLATE, "\xc9\x80", PARSE_BAD, 0),
    CASE("B065 RSV1 on a continuation", IN | WS_DEFLATE, "\xc0\x80", PARSE_BAD,
         0),
    CASE("B066 3", IN, "\x83\x80", PARSE_BAD, 0),
    CASE("B066 4", IN, "\x84\x81", PARSE_BAD, 0),
    CASE("B066 5", IN, "\x85\x80", PARSE_BAD, 0),
    CASE("B066 6", IN, "\x86\x80", PARSE_BAD, 0),
    CASE("B066 7", IN, "\x87\x80", PARSE_BAD, 0),
    CASE("B066 11", IN, "\x8b\x80", PARSE_BAD, 0),
    CASE("B066 12", IN, "\x8c\x80", PARSE_BAD, 0),
    CASE("B066 13", IN, "\x8d\x80", PARSE_BAD, 0),
    CASE("B066 14", IN, "\x8e\x80", PARSE_BAD, 0),
    CASE("B066 15", IN, "\x8f\x80", PARSE_BAD, 0),
    CASE("B067 fragmented close", IN, "\x08\x80", PARSE_BAD, 0),
    CASE("B067 fragmented ping", IN, "\x09\x80", PARSE_BAD, 0),
    CASE("B067 fragmented pong", IN, "\x0a\x80", PARSE_BAD, 0),
    CASE("B068 ping in two bytes", IN, "\x89\xfe", PARSE_BAD, 0),
    CASE("B068 pong in eight bytes", IN, "\x8a\xff", PARSE_BAD, 0),
    CASE("B068 close in two bytes", IN, "\x88\xfe", PARSE_BAD, 0),
    CASE("B071 2^63", IN, "\x81\xff\x80\0\0\0\0\0\0\0", PARSE_BAD, 0),
    CASE("B071 all ones", IN, "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",
         PARSE_BAD, 0),
    CASE("B071 all but three", IN, "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xfc",
         PARSE_BAD, 0),
    CASE("B073 125 in two bytes", IN, "\x81\xfe\x00\x7d", PARSE_BAD, 0),
    CASE("B073 0 in two bytes", IN, "\x81\xfe\0\0", PARSE_BAD, 0),
    CASE("B073 65535 in eight", IN, "\x81\xff\0\0\0\0\0\0\xff\xff", PARSE_BAD,
         0),
    CASE("B073 0 in eight", IN, "\x81\xff\0\0\0\0\0\0\0\0", PARSE_BAD, 0),
};

/* A wrong head is refused with its last byte above and whatever follows. */
static void test_head(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(head_cases); i++) {
        const struct head_case *c = &head_cases[i];
        struct ws_head h = {.head_len = 77};
        uint8_t longer[WS_HEAD_MAX + 8] = {0};

        assert_row(c->name, ws_head_parse(slice_of(c->bytes, c->n), c->rules,
                                          &h) == c->want);
        memcpy(longer, c->bytes, c->n);
        assert_row(c->name, ws_head_parse(slice_of(longer, sizeof(longer)),
                                          c->rules, &h) == c->want);
        if (c->want == PARSE_BAD) {
            assert_row(c->name, h.head_len == 77);
            continue;
        }
        assert_row(c->name, h.head_len == c->n);
        assert_row(c->name, h.body_len == c->body_len);
        assert_row(c->name, h.fin == ((c->bytes[0] & 0x80) != 0));
        assert_row(c->name, h.rsv1 == ((c->bytes[0] & 0x40) != 0));
        assert_row(c->name, (int)h.op == (c->bytes[0] & 0x0F));
        assert_row(c->name, h.masked == ((c->rules & IN) != 0));
        assert_row(c->name,
                   !h.masked || memcmp(h.mask, c->bytes + c->n - 4, 4) == 0);
    }
}

/* However the network cuts a good header, a prefix only asks for more. */
static void test_head_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(head_cases); i++) {
        const struct head_case *c = &head_cases[i];
        struct ws_head h;

        for (size_t n = 0; n < c->n; n++) {
            assert_row(c->name, ws_head_parse(slice_of(c->bytes, n), c->rules,
                                              &h) == PARSE_MORE);
        }
    }
}

static void test_head_reads_back(void **state) {
    static const uint64_t lens[] = {0,     1,     125,   126,
                                    65535, 65536, 70000, INT64_MAX};
    static const enum ws_op ops[] = {WS_OP_CONT,  WS_OP_TEXT, WS_OP_BINARY,
                                     WS_OP_CLOSE, WS_OP_PING, WS_OP_PONG};
    static const uint8_t mask[WS_MASK_LEN] = {9, 8, 7, 6};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lens) * COUNT_OF(ops) * 4; i++) {
        uint64_t len = lens[i / 4 % COUNT_OF(lens)];
        enum ws_op op = ops[i / 4 / COUNT_OF(lens)];
        bool fin = (i & 1) != 0 || ws_op_is_control(op);
        bool masked = (i & 2) != 0;
        uint8_t bytes[WS_HEAD_MAX];
        struct ws_head h;
        size_t n;

        if (ws_op_is_control(op) && len > WS_CONTROL_MAX) {
            continue;
        }
        n = ws_head_write(bytes, op, fin, len, masked ? mask : NULL);
        assert_int_equal(ws_head_parse(slice_of(bytes, n), masked ? IN : 0, &h),
                         PARSE_OK);
        assert_int_equal(h.head_len, n);
        assert_int_equal(h.op, op);
        assert_true(h.fin == fin && h.body_len == len && h.masked == masked);
        assert_true(!masked || memcmp(h.mask, mask, sizeof(mask)) == 0);
    }
}

/* RFC 6455, 5.7. */
static void test_rfc_examples(void **state) {
    uint8_t hello[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
    static const uint8_t key[] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t head[WS_HEAD_MAX];

    (void)state;
    ws_mask(hello, sizeof(hello), key, 0);
    assert_memory_equal(hello, "Hello", 5);
    assert_int_equal(ws_head_write(head, WS_OP_TEXT, true, 5, NULL), 2);
    assert_memory_equal(head, "\x81\x05", 2);
    assert_int_equal(ws_head_write(head, WS_OP_TEXT, true, 5, key), 6);
    assert_memory_equal(head, "\x81\x85\x37\xfa\x21\x3d", 6);
    assert_int_equal(ws_head_write(head, WS_OP_BINARY, true, 256, NULL), 4);
    assert_memory_equal(head, "\x82\x7e\x01\x00", 4);
    assert_int_equal(ws_head_write(head, WS_OP_BINARY, true, 65536, NULL), 10);
    assert_memory_equal(head, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
}

/* At every length, place in memory and place in the frame. */
static void test_mask(void **state) {
    static const uint8_t key[WS_MASK_LEN] = {0xa5, 0x01, 0xff, 0x3c};

    (void)state;
    for (size_t i = 0; i < 2880; i++) {
        size_t n = i / 72;
        size_t at = i / 9 % 8;
        size_t offset = i % 9;
        uint8_t bytes[56];

        for (size_t k = 0; k < sizeof(bytes); k++) {
            bytes[k] = (uint8_t)k;
        }
        ws_mask(bytes + at, n, key, offset);
        for (size_t k = 0; k < sizeof(bytes); k++) {
            uint8_t x = k < at || k >= at + n ? 0 : key[(k - at + offset) % 4];

            assert_int_equal(bytes[k], (uint8_t)(k ^ x));
        }
    }
}

static void test_close_codes(void **state) {
    static const struct {
        const char *name;
        unsigned first, last;
        bool want;
    } rows[] = {
        {"B081 0..999", 0, 999, false},
        {"B082 1000..1003", 1000, 1003, true},
        {"B081 1004..1006", 1004, 1006, false},
        {"B082 1007..1014", 1007, 1014, true},
        {"B081 1015..2999", 1015, 2999, false},
        {"B082 3000..4999", 3000, 4999, true},
        {"B081 5000..65535", 5000, 65535, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (unsigned code = rows[i].first; code <= rows[i].last; code++) {
            uint8_t body[2] = {(uint8_t)(code >> 8), (uint8_t)code};
            struct ws_close close = {0};
            uint16_t wrong = ws_close_parse(slice_of(body, 2), &close);

            assert_row(rows[i].name, (wrong == 0) == rows[i].want);
            assert_row(rows[i].name, wrong == 0 ? close.code == code
                                                : wrong == WS_CODE_PROTOCOL);
        }
    }
}

static void test_close_parse(void **state) {
    const struct {
        const char *name;
        struct slice body;
        uint16_t wrong;
        uint16_t code;
        const char *reason;
    } rows[] = {
        {"empty", {NULL, 0}, 0, WS_CODE_NONE, ""},
        {"code", SLICE_LIT("\x03\xe8"), 0, 1000, ""},
        {"reason", SLICE_LIT("\x0f\xa0gone"), 0, 4000, "gone"},
        {"B080 half a code", SLICE_LIT("\x03"), 1002, 0, ""},
        {"B080 reason cut", SLICE_LIT("\x03\xe8\xce"), 1007, 0, ""},
        {"B080 reason bad", SLICE_LIT("\x03\xe8\xc0\x80"), 1007, 0, ""},
        {"bad code before bad reason", SLICE_LIT("\0\0\xff"), 1002, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ws_close close = {0, {NULL, 0}};

        assert_row(rows[i].name,
                   ws_close_parse(rows[i].body, &close) == rows[i].wrong);
        assert_row(rows[i].name, close.code == rows[i].code);
        assert_row(rows[i].name, slice_is(close.reason, rows[i].reason));
    }
}

static void test_close_reads_back(void **state) {
    uint8_t reason[200];
    uint8_t body[WS_CONTROL_MAX];

    (void)state;
    assert_int_equal(ws_close_write(body, WS_CODE_NONE, SLICE_LIT("x")), 0);
    for (size_t n = 0; n + 2 <= sizeof(reason); n += 2) {
        struct ws_close close;
        size_t len;

        reason[n] = 0xCE; /* two bytes a character */
        reason[n + 1] = 0xBA;
        len = ws_close_write(body, 4001, slice_of(reason, n));
        assert_int_equal(ws_close_parse(slice_of(body, len), &close), 0);
        assert_int_equal(close.code, 4001);
        assert_int_equal(close.reason.n, n < 123 ? n : 122);
        assert_true(slice_eq(close.reason, slice_of(reason, close.reason.n)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_head_every_cut),
        cmocka_unit_test(test_head_reads_back),
        cmocka_unit_test(test_rfc_examples),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_close_parse),
        cmocka_unit_test(test_close_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
