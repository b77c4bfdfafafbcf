/* Frames of any length, read piece by piece. */
#include "tests/unit/assert_row.h"

#include "moimctl/frame.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

static struct frame *frame_new(void) {
    struct frame *f = mem_new(sizeof(*f));

    frame_init(f);
    return f;
}

static void frame_free(struct frame *f) {
    frame_fini(f);
    mem_free(f);
}

static void test_read(void **state) {
    static const struct {
        const char *name;
        const char *text;
        enum rc want;
        size_t items;
    } rows[] = {
        {"empty object", "{}", RC_OK, 0},
        {"no list", "{\"type\":\"ok\",\"id\":\"1\"}", RC_OK, 0},
        {"empty list", "{\"a\":[]}", RC_OK, 0},
        {"empty list with spaces", "{\"a\":[ \n ]}", RC_OK, 0},
        {"one", "{\"a\":[{\"b\":1}]}", RC_OK, 1},
        {"three", "{\"a\":[{\"b\":1}, {\"b\":[1,2]} ,{}]}", RC_OK, 3},
        {"two lists", "{\"a\":[{},{}],\"b\":[{}]}", RC_OK, 3},
        {"list inside a member", "{\"a\":{\"b\":[1,2,3]}}", RC_OK, 0},
        {"brackets in strings", "{\"a\":[{\"b\":\"]},[\\\"{\"}]}", RC_OK, 1},
        {"array at the root", "[{}]", RC_BAD_INPUT, 0},
        {"number at the root", "1", RC_BAD_INPUT, 0},
        {"nothing", "", RC_BAD_INPUT, 0},
        {"cut", "{\"a\":[{}", RC_BAD_INPUT, 0},
        {"string that never ends", "{\"a\":\"b\\", RC_BAD_INPUT, 0},
        {"too many closed", "{}]}", RC_BAD_INPUT, 0},
        {"key twice", "{\"a\":1,\"a\":2}", RC_BAD_INPUT, 0},
    };
    struct frame *f = frame_new();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum rc rc = frame_read(f, slice_str(rows[i].text));

        assert_row(rows[i].name, rc == rows[i].want);
        assert_row(rows[i].name, rc != RC_OK || f->item_count == rows[i].items);
    }
    frame_free(f);
}

/* However a good frame is cut, the rest of it is not taken for a whole. */
static void test_every_cut(void **state) {
    struct slice whole =
        SLICE_LIT("{\"type\":\"x\",\"a\":[{\"b\":\"]\\\"\"},{}],\"c\":true}");
    struct frame *f = frame_new();

    (void)state;
    for (size_t n = 0; n < whole.n; n++) {
        assert_int_equal(frame_read(f, slice_take(whole, n)), RC_BAD_INPUT);
    }
    assert_int_equal(frame_read(f, whole), RC_OK);
    assert_int_equal(f->item_count, 2);
    frame_free(f);
}

static void test_members(void **state) {
    struct frame *f = frame_new();

    (void)state;
    assert_int_equal(
        frame_read(f, SLICE_LIT("{\"type\":\"t\",\"n\":7,\"yes\":true,"
                                "\"id\":\"0000000000001\",\"o\":{\"s\":\"x\"},"
                                "\"l\":[{\"n\":8},9]}")),
        RC_OK);
    assert_true(frame_is(f, "t"));
    assert_false(frame_is(f, "n"));
    assert_int_equal(frame_u64(f, 0, "n"), 7);
    assert_int_equal(frame_u64(f, 0, "type"), 0);
    assert_int_equal(frame_u64(f, 0, "none"), 0);
    assert_true(frame_bool(f, 0, "yes"));
    assert_false(frame_bool(f, 0, "n"));
    assert_int_equal(frame_id(f, 0, "id"), 1);
    assert_int_equal(frame_id(f, 0, "type"), 0);
    assert_int_equal(frame_str(f, 0, "n").n, 0);
    assert_true(slice_is(frame_str(f, json_member(&f->doc, 0, "o"), "s"), "x"));
    assert_int_equal(frame_item(f, 0), RC_OK);
    assert_int_equal(frame_u64(f, 0, "n"), 8);
    assert_int_equal(frame_item(f, 1), RC_BAD_INPUT);
    frame_free(f);
}

/* A list that the reader alone would refuse. */
static void test_long_list(void **state) {
    struct frame *f = frame_new();
    struct buf text;

    (void)state;
    buf_init(&text);
    buf_add_str(&text, "{\"type\":\"list\",\"all\":[");
    for (unsigned i = 0; i < 5000; i++) {
        buf_addf(&text, "%s{\"n\":%u}", i == 0 ? "" : ",", i);
    }
    buf_add_str(&text, "]}");
    assert_int_equal(json_read(&f->doc, buf_slice(&text)), RC_LIMIT);
    assert_int_equal(frame_read(f, buf_slice(&text)), RC_OK);
    assert_int_equal(f->item_count, 5000);
    for (size_t i = 0; i < f->item_count; i++) {
        assert_int_equal(frame_item(f, i), RC_OK);
        assert_int_equal(frame_u64(f, 0, "n"), i);
    }
    buf_fini(&text);
    frame_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_long_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
