/* The JSON writer: what it writes, and that both readers read it back. */
#include "tests/unit/assert_row.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"

#define BYTES(text) (text), sizeof(text) - 1

static void test_strings(void **state) {
    static const struct {
        const char *name;
        const char *text;
        size_t n;
        const char *want;
    } rows[] = {
        {"empty", BYTES(""), "\"\""},
        {"plain", BYTES("hello"), "\"hello\""},
        {"quote and backslash", BYTES("a\"b\\c"), "\"a\\\"b\\\\c\""},
        {"slash", BYTES("</script>"), "\"</script>\""},
        {"short escapes", BYTES("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\""},
        {"controls", BYTES("\0\x01\x1b\x1f"),
         "\"\\u0000\\u0001\\u001b\\u001f\""},
        {"delete", BYTES("\x7f"), "\"\x7f\""},
        {"Korean and emoji", BYTES("\xeb\xaa\xa8\xf0\x9f\x98\xb9"),
         "\"\xeb\xaa\xa8\xf0\x9f\x98\xb9\""},
        {"line separators", BYTES("a\xe2\x80\xa8\xe2\x80\xa9z"),
         "\"a\\u2028\\u2029z\""},
        {"their neighbours", BYTES("\xe2\x80\xa7\xe2\x80\xaa"),
         "\"\xe2\x80\xa7\xe2\x80\xaa\""},
        {"not UTF-8", BYTES("a\xff\"z"), "\"a\\ufffd\\\"z\""},
        {"cut character", BYTES("\xe2\x80"), "\"\\ufffd\\ufffd\""},
    };
    struct buf b;

    (void)state;
    buf_init(&b);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_clear(&b);
        json_put_string(&b, slice_of(rows[i].text, rows[i].n));
        assert_row(rows[i].name, slice_is(buf_slice(&b), rows[i].want));
    }
    buf_fini(&b);
}

/* Every code point, in a string of its own, comes back as it was. */
static void test_reads_back(void **state) {
    struct json_doc *d = mem_new(sizeof(*d));
    struct buf json;

    (void)state;
    json_doc_init(d);
    buf_init(&json);
    for (uint32_t c = 1; c < 0x11000; c++) {
        uint8_t text[4] = {'x', (uint8_t)(0xe0 | (c >> 12 & 0xf)),
                           (uint8_t)(0x80 | (c >> 6 & 0x3f)),
                           (uint8_t)(0x80 | (c & 0x3f))};
        struct slice in = slice_of(text, 4);

        if (c < 0x80) {
            text[1] = (uint8_t)c;
            in.n = 2;
        }
        if (!utf8_valid(in)) {
            continue;
        }
        buf_clear(&json);
        json_put_string(&json, in);
        assert_int_equal(json_read(d, buf_slice(&json)), RC_OK);
        assert_true(slice_eq(json_text(d, 0), in));
    }
    buf_fini(&json);
    json_doc_fini(d);
    mem_free(d);
}

static void write_sample(struct buf *b) {
    struct json_out o = json_out(b);

    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("ack"));
    json_field_id(&o, "conv", 33);
    json_field_u64(&o, "seq", UINT64_C(18446744073709551615));
    json_field_bool(&o, "new", true);
    json_field_bool(&o, "old", false);
    json_field_raw(&o, "body", SLICE_LIT("{\"x\":[1, 2]}"));
    json_field_obj(&o, "empty");
    json_end_obj(&o);
    json_field_arr(&o, "none");
    json_end_arr(&o);
    json_field_arr(&o, "items");
    json_item_str(&o, SLICE_LIT("a\n"));
    json_item_id(&o, 1);
    json_item_u64(&o, 0);
    json_item_raw(&o, SLICE_LIT("null"));
    json_begin_obj(&o);
    json_field_u64(&o, "n", 1);
    json_end_obj(&o);
    json_begin_arr(&o);
    json_begin_arr(&o);
    json_end_arr(&o);
    json_end_arr(&o);
    json_end_arr(&o);
    json_field_u64(&o, "last", 7);
    json_end_obj(&o);
}

static void test_commas(void **state) {
    static const char want[] =
        "{\"type\":\"ack\",\"conv\":\"0000000000011\","
        "\"seq\":18446744073709551615,\"new\":true,\"old\":false,"
        "\"body\":{\"x\":[1, 2]},\"empty\":{},\"none\":[],"
        "\"items\":[\"a\\n\",\"0000000000001\",0,null,{\"n\":1},[[]]],"
        "\"last\":7}";
    struct buf b;

    (void)state;
    buf_init(&b);
    write_sample(&b);
    assert_true(slice_is(buf_slice(&b), want));
    buf_fini(&b);
}

/* Two texts in one buf: the second starts without a comma. */
static void test_appends(void **state) {
    struct buf b;

    (void)state;
    buf_init(&b);
    for (int i = 0; i < 2; i++) {
        struct json_out o = json_out(&b);

        json_begin_arr(&o);
        json_item_u64(&o, 1);
        json_end_arr(&o);
        buf_add_byte(&b, '\n');
    }
    assert_true(slice_is(buf_slice(&b), "[1]\n[1]\n"));
    buf_fini(&b);
}

/* jansson reads the same strings from it. */
static void test_jansson_reads(void **state) {
    static const char text[] = "\x01\x1f\"\\/\xe2\x80\xa8\xf0\x9f\x98\xb9\n";
    struct buf b;
    json_t *root;

    (void)state;
    buf_init(&b);
    json_put_string(&b, SLICE_LIT(text));
    root = json_loadb((const char *)b.p, b.n, JSON_DECODE_ANY, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(root), text);
    json_decref(root);
    buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),       cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_commas),        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_jansson_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
