/* Bytes with many owners: freed with the last reference and not before, which
 * the sanitizer watches. */
#include "proto/base/blob.h"

#include <string.h>

#include "tests/unit/assert_row.h"

static void test_owners(void **state) {
    char text[] = "hello";
    struct blob *a = blob_new(slice_str(text));
    struct blob *b = blob_ref(a);
    struct blob *c = blob_ref(b);

    (void)state;
    memset(text, 'x', sizeof(text)); /* it was copied */
    assert_ptr_equal(a, b);
    assert_int_equal(a->refs, 3);
    blob_unref(&a);
    assert_null(a);
    blob_unref(&b);
    assert_true(slice_is(blob_slice(c), "hello"));
    assert_int_equal(c->refs, 1);
    blob_unref(&c);
    blob_unref(&c);
    assert_null(c);
}

static void test_empty(void **state) {
    struct blob *none = blob_new(slice_of(NULL, 0));
    struct blob *room = blob_new_empty(3);

    (void)state;
    assert_int_equal(none->len, 0);
    assert_int_equal(blob_slice(none).n, 0);
    assert_int_equal(blob_slice(NULL).n, 0);
    assert_int_equal(room->len, 3);
    memcpy(room->bytes, "abc", 3);
    assert_true(slice_is(blob_slice(room), "abc"));
    blob_unref(&none);
    blob_unref(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
