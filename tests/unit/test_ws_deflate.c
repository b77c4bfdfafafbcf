/* permessage-deflate: the examples of RFC 7692, what must be refused, and
 * that what is packed comes out again. */
#include "tests/unit/assert_row.h"

#include <string.h>
#include <zlib.h>

#include "proto/base/buf.h"
#include "proto/wire/ws_deflate.h"

enum {
    ROOM = 128 * 1024,
};

#define BYTES(text) text, sizeof(text) - 1

static const struct ws_inflate_limits limits = {65536, 100, 256};

static const struct row {
    const char *name;
    const char *packed;
    size_t n;
    uint16_t code; /* 0: it is `text` */
    const char *text;
} rows[] = {
    {"RFC 7.2.3.1 Hello", BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00"), 0, "Hello"},
    {"RFC 7.2.3.3 a stored block",
     BYTES("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), 0, "Hello"},
    {"RFC 7.2.3.4 a final block", BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), 0,
     "Hello"},
    {"RFC 7.2.3.5 two blocks",
     BYTES("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), 0, "Hello"},
    {"RFC 7.2.3.6 empty", BYTES("\x00"), 0, ""},
    {"an empty fixed block", BYTES("\x02\x00"), 0, ""},
    {"RFC 7.2.3.2 needs the message before", BYTES("\xf2\x00\x11\x00\x00"),
     1007, NULL},
    {"nothing", BYTES(""), 1007, NULL},
    {"cut", BYTES("\xf2\x48\xcd\xc9"), 1007, NULL},
    {"tail not left out", BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"),
     1007, NULL},
    {"final, without its byte behind", BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00"),
     1007, NULL},
    {"block type 3", BYTES("\x07\x00"), 1007, NULL},
    {"stored, with a wrong complement", BYTES("\x00\x05\x00\xfa\xfe Hello\x00"),
     1007, NULL},
    {"garbage", BYTES("\xff\xff\xff\xff\xff\xff"), 1007, NULL},
    {"gzip", BYTES("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), 1007, NULL},
    {"not UTF-8", BYTES("\x00\x02\x00\xfd\xff\xc3\x28\x00"), 1007, NULL},
    {"UTF-8 cut at the end", BYTES("\x00\x01\x00\xfe\xff\xc3\x00"), 1007, NULL},
};

static struct ws_unit packed_text(struct slice body) {
    return (struct ws_unit){.body = body, .event = WS_TEXT, .rsv1 = true};
}

static void check_hello(const char *name, struct ws_deflate *d) {
    struct ws_unit u = packed_text(slice_of("\xf2\x48\xcd\xc9\xc9\x07\x00", 7));

    ws_deflate_unpack(d, &limits, &u);
    assert_row(name, u.event == WS_TEXT && slice_is(u.body, "Hello"));
}

static void test_rows(void **state) {
    struct ws_deflate *d = ws_deflate_new(0);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];
        struct ws_unit u = packed_text(slice_of(r->packed, r->n));

        ws_deflate_unpack(d, &limits, &u);
        assert_row(r->name, u.code == r->code);
        assert_row(r->name, u.event == (r->code == 0 ? WS_TEXT : WS_FAIL));
        assert_row(r->name, r->code != 0 || slice_is(u.body, r->text));
        assert_row(r->name, !u.rsv1);
        check_hello(r->name, d); /* nothing is left of it */
    }
    ws_deflate_free(&d);
    assert_null(d);
}

static void test_binary_need_not_be_utf8(void **state) {
    struct ws_deflate *d = ws_deflate_new(0);
    struct ws_unit u =
        packed_text(slice_of(BYTES("\x00\x02\x00\xfd\xff\xc3\x28\x00")));

    (void)state;
    u.event = WS_BINARY;
    ws_deflate_unpack(d, &limits, &u);
    assert_int_equal(u.event, WS_BINARY);
    assert_true(slice_is(u.body, "\xc3\x28"));
    ws_deflate_free(&d);
}

/* Every cut of a good message is refused. */
static void test_every_cut(void **state) {
    struct ws_deflate *d = ws_deflate_new(0);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t n = 1; rows[i].code == 0 && n < rows[i].n; n++) {
            struct ws_unit u = packed_text(slice_of(rows[i].packed, n));

            ws_deflate_unpack(d, &limits, &u);
            assert_row(rows[i].name,
                       u.event == WS_FAIL || u.body.n < strlen(rows[i].text));
        }
    }
    ws_deflate_free(&d);
}

/* `n` bytes of JSON-like text. */
static void chatter(struct buf *b, size_t n) {
    for (unsigned i = 0; b->n < n; i++) {
        buf_addf(b, "{\"type\":\"event\",\"seq\":%u,\"body\":\"msg %u\"}", i,
                 i * 2654435761U);
    }
    b->n = n;
}

static void test_reads_back(void **state) {
    static const size_t sizes[] = {64, 1000, 1024, 4096, 30000, 65536};
    struct ws_deflate *d = ws_deflate_new(0);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct buf text;
        struct buf copy;
        struct slice packed;
        struct ws_unit u;

        buf_init(&text);
        buf_init(&copy);
        chatter(&text, sizes[i]);
        assert_true(ws_deflate_pack(d, buf_slice(&text), &packed));
        assert_true(packed.n < sizes[i]);
        buf_add(&copy, packed);
        u = packed_text(buf_slice(&copy));
        ws_deflate_unpack(d, &limits, &u);
        assert_int_equal(u.event, WS_TEXT);
        assert_true(slice_eq(u.body, buf_slice(&text)));
        buf_fini(&text);
        buf_fini(&copy);
    }
    ws_deflate_free(&d);
}

static void test_not_worth_it(void **state) {
    struct ws_deflate *d = ws_deflate_new(100);
    uint8_t noise[500];
    uint32_t x = 1;
    struct slice out;
    struct buf text;

    (void)state;
    buf_init(&text);
    chatter(&text, 99);
    assert_false(ws_deflate_pack(d, buf_slice(&text), &out));
    chatter(&text, 300);
    assert_true(ws_deflate_pack(d, buf_slice(&text), &out));
    for (size_t i = 0; i < sizeof(noise); i++) {
        x = x * 1664525 + 1013904223;
        noise[i] = (uint8_t)(x >> 24);
    }
    assert_false(ws_deflate_pack(d, slice_of(noise, sizeof(noise)), &out));
    assert_true(ws_deflate_pack(d, buf_slice(&text), &out));
    buf_fini(&text);
    ws_deflate_free(&d);
}

/* One message to many: packed once, whatever else is packed in between. */
static void test_once(void **state) {
    struct ws_deflate *d = ws_deflate_new(100);
    struct buf text;
    struct blob *one;
    struct blob *two;
    struct blob *packed;
    struct slice out;

    (void)state;
    buf_init(&text);
    chatter(&text, 3000);
    one = blob_new(buf_slice(&text));
    two = blob_new(slice_of("short", 5));
    packed = ws_deflate_once(d, one);
    assert_non_null(packed);
    assert_true(packed->len < one->len);
    assert_true(ws_deflate_pack(d, slice_take(buf_slice(&text), 200), &out));
    assert_ptr_equal(ws_deflate_once(d, one), packed);
    assert_null(ws_deflate_once(d, two));
    assert_null(ws_deflate_once(d, two));
    assert_non_null(ws_deflate_once(d, one));
    blob_unref(&one);
    blob_unref(&two);
    buf_fini(&text);
    ws_deflate_free(&d);
}

/* Compresses `n` zeros as well as can be. */
static void bomb(struct buf *b, size_t n) {
    uint8_t zeros[4096] = {0};
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, 0), Z_OK);
    for (size_t done = 0; done < n; done += sizeof(zeros)) {
        size_t left = n - done;

        z.next_in = zeros;
        z.avail_in = (unsigned)(left < sizeof(zeros) ? left : sizeof(zeros));
        z.next_out = buf_room(b, ROOM);
        z.avail_out = ROOM;
        assert_int_equal(
            deflate(&z, left <= sizeof(zeros) ? Z_SYNC_FLUSH : Z_NO_FLUSH),
            Z_OK);
        b->n += ROOM - z.avail_out;
    }
    assert_true(z.avail_out > 0);
    b->n -= 4;
    (void)deflateEnd(&z);
}

static uint16_t code_of(struct ws_deflate *d, const struct buf *b) {
    struct ws_unit u = packed_text(buf_slice(b));

    ws_deflate_unpack(d, &limits, &u);
    return u.code;
}

/* B089 */
static void test_bombs(void **state) {
    static const struct {
        const char *name;
        size_t bytes;
        uint16_t code;
    } bombs[] = {
        {"many the same are free up to a size", 4096, 0},
        {"then the ratio counts", 8192, 1009},
        {"as much as is allowed, and the ratio", 65536, 1009},
        {"64 MiB", 64 << 20, 1009},
    };
    struct ws_deflate *d = ws_deflate_new(0);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bombs); i++) {
        struct buf b;

        buf_init(&b);
        bomb(&b, bombs[i].bytes);
        assert_row(bombs[i].name, code_of(d, &b) == bombs[i].code);
        buf_fini(&b);
    }
    check_hello("after the bombs", d);
    ws_deflate_free(&d);
}

/* One byte over the limit, at an honest ratio. */
static void test_one_too_many(void **state) {
    struct ws_deflate *d = ws_deflate_new(0);

    (void)state;
    for (size_t n = 65536; n <= 65537; n++) {
        struct buf text;
        struct buf packed;
        struct slice out;

        buf_init(&text);
        buf_init(&packed);
        chatter(&text, n);
        assert_true(ws_deflate_pack(d, buf_slice(&text), &out));
        buf_add(&packed, out);
        assert_int_equal(code_of(d, &packed), n > 65536 ? 1009 : 0);
        buf_fini(&text);
        buf_fini(&packed);
    }
    ws_deflate_free(&d);
}

/* B089: blocks that hold nothing. What they cost is bounded: 64 KiB of them
 * are given up after a few hundred. */
static void test_empty_blocks(void **state) {
    static const struct {
        const char *name;
        const char *block;
        size_t n;
        unsigned times;
        uint16_t code;
    } loops[] = {
        {"some stored", BYTES("\x00\x00\x00\xff\xff"), 200, 0},
        {"13,000 stored", BYTES("\x00\x00\x00\xff\xff"), 13000, 1008},
        {"some final", BYTES("\x03\x00"), 100, 0},
        {"32,000 final", BYTES("\x03\x00"), 32000, 1008},
    };
    struct ws_deflate *d = ws_deflate_new(0);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(loops); i++) {
        struct buf b;

        buf_init(&b);
        for (unsigned k = 0; k < loops[i].times; k++) {
            buf_add(&b, slice_of(loops[i].block, loops[i].n));
        }
        buf_add_byte(&b, 0);
        assert_row(loops[i].name, code_of(d, &b) == loops[i].code);
        buf_fini(&b);
    }
    ws_deflate_free(&d);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_binary_need_not_be_utf8),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_not_worth_it),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_one_too_many),
        cmocka_unit_test(test_empty_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
