/* The output queue: order, partial takes, random traffic. */
#include "tests/unit/assert_row.h"

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rand.h"
#include "proto/net/outq.h"

enum {
    BUFS_MAX = 9,
};

/* Takes up to `want` bytes off the queue and adds them to `out`. */
static void take(struct outq *q, struct buf *out, unsigned max, size_t want) {
    uv_buf_t bufs[BUFS_MAX];
    size_t sum = 0;
    size_t bytes;
    unsigned n = outq_gather(q, bufs, max, &bytes);

    assert_true(n <= max);
    for (unsigned i = 0; i < n; i++) {
        size_t part = bufs[i].len < want ? bufs[i].len : want;

        assert_true(bufs[i].len > 0);
        sum += bufs[i].len;
        buf_add(out, slice_of(bufs[i].base, part));
        want -= part;
    }
    assert_int_equal(sum, bytes);
}

/* Adds a random item to the queue, and its bytes to `in`. */
static void push(struct outq *q, struct buf *in, struct rand *r) {
    size_t head = rand_below(r, OUTQ_HEAD_MAX + 1);
    size_t body = rand_below(r, 3) == 0 ? 0 : rand_below(r, 60);
    uint8_t bytes[100];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)rand_u64(r);
    }
    if (head + body > 0) {
        outq_push(q, slice_of(bytes, head),
                  body == 0 ? NULL : blob_new(slice_of(bytes + head, body)));
        buf_add(in, slice_of(bytes, head + body));
    }
}

/* However items are pushed and in whatever pieces they are taken, the bytes
 * come out in order and the count is right. */
static void test_order_in_any_pieces(void **state) {
    struct rand r;

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct outq q;
        struct buf in;
        struct buf out;

        rand_seed(&r, seed);
        outq_init(&q);
        buf_init(&in);
        buf_init(&out);
        for (unsigned step = 0; step < 60; step++) {
            size_t before = out.n;

            push(&q, &in, &r);
            take(&q, &out, 2 + (unsigned)rand_below(&r, BUFS_MAX - 1),
                 rand_below(&r, 90));
            outq_take(&q, out.n - before);
            assert_int_equal(q.bytes, in.n - out.n);
            assert_true(
                slice_eq(slice_take(buf_slice(&in), out.n), buf_slice(&out)));
        }
        outq_fini(&q);
        assert_int_equal(q.bytes, 0);
        buf_fini(&in);
        buf_fini(&out);
    }
}

static void test_shares_the_body(void **state) {
    struct blob *b = blob_new(SLICE_LIT("body"));
    struct outq q;

    (void)state;
    outq_init(&q);
    for (unsigned i = 0; i < 5; i++) {
        outq_push(&q, SLICE_LIT("h"), blob_ref(b));
    }
    assert_int_equal(b->refs, 6);
    outq_take(&q, 7);
    assert_int_equal(b->refs, 5);
    outq_take(&q, 3);
    assert_int_equal(b->refs, 4);
    outq_fini(&q);
    assert_int_equal(b->refs, 1);
    blob_unref(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_in_any_pieces),
        cmocka_unit_test(test_shares_the_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
