/* The output queue: order, partial takes, messages that grow, random traffic.
 */
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
    struct iovec bufs[BUFS_MAX];
    size_t sum = 0;
    size_t bytes;
    unsigned n = outq_gather(q, bufs, max, &bytes);

    assert_true(n <= max);
    for (unsigned i = 0; i < n; i++) {
        size_t part = bufs[i].iov_len < want ? bufs[i].iov_len : want;

        assert_true(bufs[i].iov_len > 0);
        sum += bufs[i].iov_len;
        buf_add(out, slice_of(bufs[i].iov_base, part));
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

/* Makes the last of `begun` longer when that can still be done: its head is a
 * mark and how often it grew. */
static void grow(struct outq *q, struct buf *in, size_t begun, uint8_t times) {
    struct blob *body = blob_new(SLICE_LIT("more"));
    uint8_t head[2] = {'#', times};

    if (!outq_grow(q, slice_of(head, sizeof(head)), SLICE_LIT(","), body)) {
        blob_unref(&body);
        return;
    }
    in->p[begun + 1] = times;
    buf_add_str(in, ",more");
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

/* A message grows until some of it may be on its way, and then no more. */
static void test_grows_in_time(void **state) {
    static const struct {
        const char *name;
        unsigned more;  /* tries before something is done with the queue */
        unsigned taken; /* bytes, after they were gathered; 0: only that */
        unsigned again; /* tries after that */
        const char *want;
    } rows[] = {
        {"never", 0, 0, 0, "#0one"},
        {"before", 2, 0, 0, "#2one,more,more"},
        {"after it was gathered", 1, 0, 2, "#1one,more"},
        {"after some of it was taken", 0, 3, 1, "#0one"},
        {"after all of it was taken", 1, 10, 1, "#1one,more"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outq q;
        struct buf in;
        struct buf out;
        unsigned tries = 0;

        outq_init(&q);
        buf_init(&in);
        buf_init(&out);
        outq_push(&q, SLICE_LIT("#0"), blob_new(SLICE_LIT("one")));
        buf_add_str(&in, "#0one");
        while (tries < rows[i].more) {
            grow(&q, &in, 0, (uint8_t)('1' + tries++));
        }
        take(&q, &out, BUFS_MAX, rows[i].taken);
        outq_take(&q, rows[i].taken);
        while (tries < rows[i].more + rows[i].again) {
            grow(&q, &in, 0, (uint8_t)('1' + tries++));
        }
        take(&q, &out, BUFS_MAX, q.bytes);
        assert_row(rows[i].name, slice_is(buf_slice(&in), rows[i].want));
        assert_row(rows[i].name, slice_is(buf_slice(&out), rows[i].want));
        outq_fini(&q);
        buf_fini(&in);
        buf_fini(&out);
    }
}

/* A head that becomes longer with what it counts, behind others. */
static void test_longer_head(void **state) {
    struct blob *b = blob_new(SLICE_LIT("body"));
    struct outq q;
    struct buf out;

    (void)state;
    outq_init(&q);
    buf_init(&out);
    assert_false(outq_grow(&q, SLICE_LIT("h"), SLICE_LIT(","), b));
    outq_push(&q, SLICE_LIT("a"), blob_ref(b));
    outq_push(&q, SLICE_LIT("b"), blob_ref(b));
    assert_true(
        outq_grow(&q, SLICE_LIT("longer:"), SLICE_LIT(","), blob_ref(b)));
    assert_int_equal(b->refs, 4); /* nothing was copied */
    assert_int_equal(q.bytes, 5 + 11 + 5);
    take(&q, &out, BUFS_MAX, q.bytes);
    assert_true(slice_is(buf_slice(&out), "abodylonger:body,body"));
    outq_fini(&q);
    buf_fini(&out);
    blob_unref(&b);
}

/* A copy is of as much as is asked for, from however many items. */
static void test_copies_all(void **state) {
    enum {
        ITEMS = 300,
    };
    uint8_t out[3 * ITEMS];
    struct outq q;

    (void)state;
    outq_init(&q);
    for (unsigned i = 0; i < ITEMS; i++) {
        outq_push(&q, SLICE_LIT("h"), blob_new(SLICE_LIT("bb")));
    }
    outq_take(&q, 2);
    assert_int_equal(outq_copy(&q, out, 5), 5);
    assert_memory_equal(out, "bhbbh", 5);
    assert_int_equal(outq_copy(&q, out, sizeof(out)), q.bytes);
    for (size_t i = 0; i < q.bytes; i++) {
        assert_int_equal(out[i], (i + 2) % 3 == 0 ? 'h' : 'b');
    }
    outq_fini(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_in_time),
        cmocka_unit_test(test_longer_head),
        cmocka_unit_test(test_copies_all),
        cmocka_unit_test(test_order_in_any_pieces),
        cmocka_unit_test(test_shares_the_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
