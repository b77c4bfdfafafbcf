/* Binary fields: what the writer wrote the reader reads, and nothing less. */
#include "proto/wire/reader.h"

#include "tests/unit/assert_row.h"

#include "proto/wire/writer.h"

static void put_all(struct buf *b) {
    writer_u8(b, 0x81);
    writer_u16(b, 0x8182);
    writer_u32(b, 0x81828384);
    writer_u64(b, UINT64_C(0x8182838485868788));
    writer_str(b, SLICE_LIT("hello"));
    writer_str(b, slice_of(NULL, 0));
}

static void test_bytes(void **state) {
    static const char want[] = "\x81"
                               "\x81\x82"
                               "\x81\x82\x83\x84"
                               "\x81\x82\x83\x84\x85\x86\x87\x88"
                               "\0\0\0\5hello"
                               "\0\0\0\0";
    struct buf b;

    (void)state;
    buf_init(&b);
    put_all(&b);
    assert_true(slice_eq(buf_slice(&b), slice_of(want, sizeof(want) - 1)));
    buf_fini(&b);
}

/* True when all of it was there and was right. */
static bool read_all(struct slice in) {
    struct reader r;
    bool same;

    reader_init(&r, in);
    same = reader_u8(&r) == 0x81;
    same = reader_u16(&r) == 0x8182 && same;
    same = reader_u32(&r) == 0x81828384 && same;
    same = reader_u64(&r) == UINT64_C(0x8182838485868788) && same;
    same = slice_is(reader_str(&r), "hello") && same;
    same = reader_str(&r).n == 0 && same;
    return reader_done(&r) && same;
}

static void test_every_cut(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    put_all(&b);
    assert_true(read_all(buf_slice(&b)));
    for (size_t n = 0; n < b.n; n++) {
        assert_false(read_all(slice_take(buf_slice(&b), n)));
    }
    buf_add_byte(&b, 0);
    assert_false(read_all(buf_slice(&b))); /* something is left over */
    buf_fini(&b);
}

/* After a failure there is nothing more, even where there would be bytes. */
static void test_sticky(void **state) {
    struct reader r;

    (void)state;
    reader_init(&r, SLICE_LIT("\1\2\3"));
    assert_int_equal(reader_u32(&r), 0);
    assert_int_equal(reader_u8(&r), 0);
    assert_int_equal(reader_take(&r, 1).n, 0);
    assert_false(reader_done(&r));
    reader_init(&r, SLICE_LIT("\1\2"));
    reader_want(&r, reader_u8(&r) == 1);
    assert_false(r.bad);
    reader_want(&r, reader_u8(&r) == 1);
    assert_true(r.bad);
    assert_false(reader_done(&r));
}

/* A length that says more than there is, up to the largest. */
static void test_length(void **state) {
    struct reader r;

    (void)state;
    reader_init(&r, SLICE_LIT("\0\0\0\2a"));
    assert_int_equal(reader_str(&r).n, 0);
    assert_true(r.bad);
    reader_init(&r, SLICE_LIT("\377\377\377\377abc"));
    assert_int_equal(reader_str(&r).n, 0);
    assert_true(r.bad);
    reader_init(&r, SLICE_LIT("abc"));
    assert_int_equal(reader_take(&r, SIZE_MAX).n, 0);
    assert_true(r.bad);
    reader_init(&r, SLICE_LIT("abc"));
    assert_true(slice_is(reader_take(&r, 3), "abc"));
    assert_int_equal(reader_take(&r, 0).n, 0);
    assert_true(reader_done(&r));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_sticky),
        cmocka_unit_test(test_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
