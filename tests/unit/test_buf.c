/* Growing buffers, counted blobs and memory. */
#include "proto/base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/blob.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/rc.h"

static void test_adding(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    assert_null(b.p);
    buf_add(&b, slice_of(NULL, 0));
    assert_null(b.p); /* nothing needs no memory */
    buf_add_str(&b, "a=");
    buf_add_u64(&b, 0);
    buf_add_byte(&b, ' ');
    buf_add_u64(&b, UINT64_MAX);
    buf_addf(&b, " %s-%03d", "x", 7);
    assert_true(slice_is(buf_slice(&b), "a=0 18446744073709551615 x-007"));
    buf_clear(&b);
    assert_int_equal(b.n, 0);
    assert_non_null(b.p);
    buf_fini(&b);
    assert_null(b.p);
    buf_fini(&b); /* usable, and harmless, again */
}

/* Around every power of ten, where there is one digit more. */
static void test_digits(void **state) {
    uint64_t power = 1;

    (void)state;
    for (int n = 0; n < DECIMAL_MAX; n++, power *= 10) {
        const uint64_t values[] = {power - 1, power, power + 1, power * 5 / 3};

        for (size_t i = 0; i < COUNT_OF(values); i++) {
            uint8_t room[DECIMAL_MAX];
            const uint8_t *end = decimal_put(room, values[i]);
            char want[DECIMAL_MAX + 1];

            snprintf(want, sizeof(want), "%" PRIu64, values[i]);
            assert_row(want,
                       slice_is(slice_of(room, (size_t)(end - room)), want));
        }
    }
}

/* Many sizes over every growth of the buffer. */
static void test_growing(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    for (size_t n = 0; n < 500; n++) {
        size_t was = b.n;

        memset(buf_room(&b, n), (int)(n & 255), n);
        b.n += n;
        assert_true(b.cap >= b.n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(b.p[was + i], n & 255);
        }
    }
    buf_fini(&b);
}

static void test_consuming(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_consume(&b, 0);
    buf_add_str(&b, "hello world");
    buf_consume(&b, 0);
    buf_consume(&b, 6);
    assert_true(slice_is(buf_slice(&b), "world"));
    buf_consume(&b, 5);
    assert_null(b.p); /* what holds nothing owns nothing */
}

static void test_blob(void **state) {
    struct blob *a = blob_new(SLICE_LIT("shared"));
    struct blob *b = blob_ref(a);
    struct blob *empty = blob_new(slice_of(NULL, 0));

    (void)state;
    assert_int_equal(a->refs, 2);
    blob_unref(&a);
    assert_null(a);
    assert_true(slice_is(blob_slice(b), "shared"));
    blob_unref(&b);
    blob_unref(&b); /* NULL is fine */
    assert_int_equal(blob_slice(empty).n, 0);
    assert_int_equal(blob_slice(NULL).n, 0);
    blob_unref(&empty);
}

static void test_mem(void **state) {
    static const uint8_t zeros[100];
    uint8_t *p = mem_new(100);
    char *text = mem_dup("abcdef", 3);

    (void)state;
    assert_memory_equal(p, zeros, 100);
    mem_free(p);
    p = mem_new_array(10, 10);
    assert_memory_equal(p, zeros, 100);
    p = mem_resize(p, 1000);
    assert_memory_equal(p, zeros, 100);
    mem_free(p);
    assert_string_equal(text, "abc");
    mem_free(text);
    mem_free(mem_new(0));
    mem_free(NULL);
}

static void test_rc_str(void **state) {
    (void)state;
    assert_string_equal(rc_str(RC_OK), "success");
    assert_string_equal(rc_str(RC_BACKEND), "database, cache or bus failed");
    for (int rc = RC_OK; rc <= RC_BACKEND; rc++) {
        assert_string_not_equal(rc_str((enum rc)rc), "unknown result");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adding),    cmocka_unit_test(test_growing),
        cmocka_unit_test(test_consuming), cmocka_unit_test(test_blob),
        cmocka_unit_test(test_mem),       cmocka_unit_test(test_rc_str),
        cmocka_unit_test(test_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
