/* The command envelope, the kinds of fields, and the rules of a body. */
#include "tests/unit/assert_row.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/client_msg.h"

#define R16 "0123456789abcdef"
#define R64 R16 R16 R16 R16

static void test_envelope(void **state) {
    static const struct {
        const char *name;
        const char *text;
        enum client_error want;
    } rows[] = {
        {"good", "{\"type\":\"send\",\"id\":\"r1\"}", CLIENT_OK},
        {"good, other order", "{\"x\":[],\"id\":\"r1\",\"type\":\"send\"}",
         CLIENT_OK},
        {"good, CR", "{\"type\":\"send\",\"id\":\"r1\"}\r", CLIENT_OK},
        {"id of 64", "{\"type\":\"a\",\"id\":\"" R64 "\"}", CLIENT_OK},
        {"id with a space", "{\"type\":\"a\",\"id\":\"r 1\"}", CLIENT_OK},
        {"not JSON", "{\"type\":\"a\",\"id\":\"r1\"", CLIENT_BAD_JSON},
        {"same key twice", "{\"type\":\"a\",\"id\":\"r\",\"i\\u0064\":\"r\"}",
         CLIENT_BAD_JSON},
        {"too deep", "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}",
         CLIENT_BAD_JSON},
        {"two on a line", "{\"type\":\"a\",\"id\":\"r\"} {}", CLIENT_BAD_JSON},
        {"spaces", "  ", CLIENT_BAD_JSON},
        {"empty", "", CLIENT_BAD_ENVELOPE},
        {"null", "null", CLIENT_BAD_ENVELOPE},
        {"array", "[]", CLIENT_BAD_ENVELOPE},
        {"string", "\"x\"", CLIENT_BAD_ENVELOPE},
        {"empty object", "{}", CLIENT_BAD_ENVELOPE},
        {"no id", "{\"type\":\"a\"}", CLIENT_BAD_ENVELOPE},
        {"no type", "{\"id\":\"r\"}", CLIENT_BAD_ENVELOPE},
        {"empty id", "{\"type\":\"a\",\"id\":\"\"}", CLIENT_BAD_ENVELOPE},
        {"empty type", "{\"type\":\"\",\"id\":\"r\"}", CLIENT_BAD_ENVELOPE},
        {"id of 65", "{\"type\":\"a\",\"id\":\"" R64 "x\"}",
         CLIENT_BAD_ENVELOPE},
        {"id a number", "{\"type\":\"a\",\"id\":1}", CLIENT_BAD_ENVELOPE},
        {"id an object", "{\"type\":\"a\",\"id\":{\"$ne\":null}}",
         CLIENT_BAD_ENVELOPE},
        {"id null", "{\"type\":\"a\",\"id\":null}", CLIENT_BAD_ENVELOPE},
        {"id with a newline", "{\"type\":\"a\",\"id\":\"r\\n\"}",
         CLIENT_BAD_ENVELOPE},
        {"id not ASCII", "{\"type\":\"a\",\"id\":\"\xc3\xa9\"}",
         CLIENT_BAD_ENVELOPE},
        {"id with NUL", "{\"type\":\"a\",\"id\":\"r\\u0000\"}",
         CLIENT_BAD_ENVELOPE},
        {"type a list", "{\"type\":[\"a\"],\"id\":\"r\"}", CLIENT_BAD_ENVELOPE},
        {"NUL in a field", "{\"type\":\"a\",\"id\":\"r\",\"b\":\"\\u0000\"}",
         CLIENT_BAD_VALUE},
        {"NUL deep in a field",
         "{\"type\":\"a\",\"id\":\"r\",\"b\":[{\"\\u0000\":1}]}",
         CLIENT_BAD_VALUE},
    };
    struct json_doc *d = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct client_msg m = {.doc = NULL};
        enum client_error e = client_msg_read(d, slice_str(rows[i].text), &m);
        bool written = e == CLIENT_OK || e == CLIENT_BAD_VALUE;

        assert_row(rows[i].name, e == rows[i].want);
        assert_row(rows[i].name, (m.doc == d) == written);
        assert_row(rows[i].name, !written || (m.id.n > 0 && m.type.n > 0));
    }
}

/* A prefix of a good command is never a command. */
static void test_every_cut(void **state) {
    static const char good[] =
        "{\"type\":\"send\",\"id\":\"r1\",\"conv\":\"0000000000011\","
        "\"msg\":\"" R16 "\",\"body\":\"h\\u00e9\"}";
    struct json_doc *d = *state;
    struct client_msg m;

    for (size_t n = 0; n < sizeof(good) - 1; n++) {
        assert_int_equal(client_msg_read(d, slice_of(good, n), &m),
                         n == 0 ? CLIENT_BAD_ENVELOPE : CLIENT_BAD_JSON);
    }
    assert_int_equal(client_msg_read(d, SLICE_LIT(good), &m), CLIENT_OK);
    assert_true(slice_is(m.id, "r1") && slice_is(m.type, "send"));
}

static void test_next(void **state) {
    static const struct {
        const char *frame;
        const char *commands; /* each ended by '|' */
    } rows[] = {
        {"", "|"},           {"{}", "{}|"},         {"{}\n", "{}|"},
        {"{}\r\n", "{}\r|"}, {"a\nb", "a|b|"},      {"a\nb\n", "a|b|"},
        {"a\n\nb", "a||b|"}, {"\na", "|a|"},        {"\n", "|"},
        {"\n\n", "||"},      {"a\nb\nc", "a|b|c|"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice command;
        struct buf seen;
        size_t at = 0;

        buf_init(&seen);
        while (client_msg_next(slice_str(rows[i].frame), &at, &command)) {
            buf_add(&seen, command);
            buf_add_byte(&seen, '|');
        }
        assert_row(rows[i].frame, slice_is(buf_slice(&seen), rows[i].commands));
        buf_fini(&seen);
    }
}

/* One getter for each kind, all on the field "f". */
static void get_id(struct client_fields *f) {
    (void)client_field_id(f, "f");
}

static void get_id_opt(struct client_fields *f) {
    (void)client_field_id_opt(f, "f");
}

static void get_u64(struct client_fields *f) {
    (void)client_field_u64(f, "f", 1, 100);
}

static void get_u64_any(struct client_fields *f) {
    (void)client_field_u64_opt(f, "f", 0, JSON_INT_MAX, 5);
}

static void get_bool(struct client_fields *f) {
    (void)client_field_bool(f, "f");
}

static void get_bool_opt(struct client_fields *f) {
    (void)client_field_bool_opt(f, "f", true);
}

static void get_text(struct client_fields *f) {
    (void)client_field_text(f, "f", 4);
}

static void get_text_opt(struct client_fields *f) {
    (void)client_field_text_opt(f, "f", 4);
}

static void get_ids(struct client_fields *f) {
    uint64_t ids[2];

    (void)client_field_ids(f, "f", ids, COUNT_OF(ids));
}

static void get_ids_opt(struct client_fields *f) {
    uint64_t ids[2];

    (void)client_field_ids_opt(f, "f", ids, COUNT_OF(ids));
}

static void get_msg_id(struct client_fields *f) {
    (void)client_field_msg_id(f, "f");
}

static void get_emoji(struct client_fields *f) {
    (void)client_field_emoji(f, "f");
}

static void get_body(struct client_fields *f) {
    (void)client_field_body(f, "f");
}

#define THUMB "\xf0\x9f\x91\x8d"
#define MANY_THUMBS THUMB THUMB THUMB THUMB THUMB THUMB
#define ID "\"0000000000011\""

static const struct {
    const char *name;
    void (*get)(struct client_fields *f);
    const char *value; /* NULL: the field is missing */
    enum client_error want;
} fields[] = {
    {"id", get_id, ID, CLIENT_OK},
    {"id missing", get_id, NULL, CLIENT_BAD_VALUE},
    {"id zero", get_id, "\"0000000000000\"", CLIENT_BAD_VALUE},
    {"id short", get_id, "\"000000000001\"", CLIENT_BAD_VALUE},
    {"id long", get_id, "\"00000000000011\"", CLIENT_BAD_VALUE},
    {"id in capitals", get_id, "\"000000000001A\"", CLIENT_BAD_VALUE},
    {"id of 2^63", get_id, "\"8000000000000\"", CLIENT_BAD_VALUE},
    {"id with braces", get_id, "\"{00000000011}\"", CLIENT_BAD_VALUE},
    {"id with CR LF", get_id, "\"00000000011\\r\\n\"", CLIENT_BAD_VALUE},
    {"id a number", get_id, "5", CLIENT_BAD_VALUE},
    {"id 1e3", get_id, "1e3", CLIENT_BAD_VALUE},
    {"id an object", get_id, "{\"$ne\":null}", CLIENT_BAD_VALUE},
    {"id null", get_id, "null", CLIENT_BAD_VALUE},
    {"optional id", get_id_opt, ID, CLIENT_OK},
    {"optional id missing", get_id_opt, NULL, CLIENT_OK},
    {"optional id null", get_id_opt, "null", CLIENT_BAD_VALUE},
    {"optional id wrong", get_id_opt, "\"x\"", CLIENT_BAD_VALUE},
    {"number", get_u64, "1", CLIENT_OK},
    {"number max", get_u64, "100", CLIENT_OK},
    {"number below", get_u64, "0", CLIENT_BAD_VALUE},
    {"number above", get_u64, "101", CLIENT_BAD_VALUE},
    {"number missing", get_u64, NULL, CLIENT_BAD_VALUE},
    {"number -1", get_u64, "-1", CLIENT_BAD_VALUE},
    {"number 1.0", get_u64, "1.0", CLIENT_BAD_VALUE},
    {"number 1e1", get_u64, "1e1", CLIENT_BAD_VALUE},
    {"number text", get_u64, "\"5\"", CLIENT_BAD_VALUE},
    {"any number", get_u64_any, "9007199254740991", CLIENT_OK},
    {"any number missing", get_u64_any, NULL, CLIENT_OK},
    {"any number -0", get_u64_any, "-0", CLIENT_BAD_VALUE},
    {"any number 2^53", get_u64_any, "9007199254740992", CLIENT_BAD_VALUE},
    {"any number 2^63", get_u64_any, "9223372036854775808", CLIENT_BAD_VALUE},
    {"true", get_bool, "true", CLIENT_OK},
    {"false", get_bool, "false", CLIENT_OK},
    {"bool missing", get_bool, NULL, CLIENT_BAD_VALUE},
    {"bool 1", get_bool, "1", CLIENT_BAD_VALUE},
    {"bool text", get_bool, "\"true\"", CLIENT_BAD_VALUE},
    {"optional bool missing", get_bool_opt, NULL, CLIENT_OK},
    {"optional bool null", get_bool_opt, "null", CLIENT_BAD_VALUE},
    {"text", get_text, "\"abcd\"", CLIENT_OK},
    {"text, escaped", get_text, "\"\\u0061bcd\"", CLIENT_OK},
    {"text empty", get_text, "\"\"", CLIENT_BAD_VALUE},
    {"text missing", get_text, NULL, CLIENT_BAD_VALUE},
    {"text long", get_text, "\"abcde\"", CLIENT_TOO_LARGE},
    {"text an array", get_text, "[\"a\"]", CLIENT_BAD_VALUE},
    {"optional text", get_text_opt, "\"a\"", CLIENT_OK},
    {"optional text empty", get_text_opt, "\"\"", CLIENT_OK},
    {"optional text missing", get_text_opt, NULL, CLIENT_OK},
    {"optional text long", get_text_opt, "\"abcde\"", CLIENT_TOO_LARGE},
    {"optional text a number", get_text_opt, "1", CLIENT_BAD_VALUE},
    {"an emoji", get_emoji, "\"\xf0\x9f\x91\x8d\"", CLIENT_OK},
    {"a heart in red", get_emoji, "\"\xe2\x9d\xa4\xef\xb8\x8f\"", CLIENT_OK},
    {"a coloured thumb", get_emoji, "\"\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd\"",
     CLIENT_OK},
    {"a family", get_emoji, "\"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\"",
     CLIENT_OK},
    {"a flag", get_emoji, "\"\xf0\x9f\x87\xb0\xf0\x9f\x87\xb7\"", CLIENT_OK},
    {"a keycap", get_emoji, "\"1\xef\xb8\x8f\xe2\x83\xa3\"", CLIENT_OK},
    {"no cap", get_emoji, "\"1\"", CLIENT_BAD_VALUE},
    {"a word", get_emoji, "\"ok\"", CLIENT_BAD_VALUE},
    {"a syllable", get_emoji, "\"\xea\xb0\x80\"", CLIENT_BAD_VALUE},
    {"an emoji and a word", get_emoji, "\"\xf0\x9f\x91\x8d!\"",
     CLIENT_BAD_VALUE},
    {"a joiner alone", get_emoji, "\"\xe2\x80\x8d\"", CLIENT_BAD_VALUE},
    {"no emoji", get_emoji, "\"\"", CLIENT_BAD_VALUE},
    {"emoji missing", get_emoji, NULL, CLIENT_BAD_VALUE},
    {"emoji without end", get_emoji, "\"" MANY_THUMBS MANY_THUMBS "\"",
     CLIENT_TOO_LARGE},
    {"ids", get_ids, "[" ID "," ID "]", CLIENT_OK},
    {"no ids", get_ids, "[]", CLIENT_OK},
    {"ids missing", get_ids, NULL, CLIENT_BAD_VALUE},
    {"three ids", get_ids, "[" ID "," ID "," ID "]", CLIENT_TOO_MANY},
    {"no ids at all", get_ids_opt, NULL, CLIENT_OK},
    {"ids, if any", get_ids_opt, "[" ID "]", CLIENT_OK},
    {"ids, if any, three", get_ids_opt, "[" ID "," ID "," ID "]",
     CLIENT_TOO_MANY},
    {"ids, if any, no array", get_ids_opt, "1", CLIENT_BAD_VALUE},
    {"ids, one wrong", get_ids, "[" ID ",\"x\"]", CLIENT_BAD_VALUE},
    {"ids, one a number", get_ids, "[" ID ",1]", CLIENT_BAD_VALUE},
    {"ids nested", get_ids, "[[" ID "]]", CLIENT_BAD_VALUE},
    {"ids no array", get_ids, ID, CLIENT_BAD_VALUE},
    {"message id", get_msg_id, "\"" R16 "\"", CLIENT_OK},
    {"message id of 64", get_msg_id, "\"" R64 "\"", CLIENT_OK},
    {"message id letters", get_msg_id, "\"ABCXYZabcxyz_-09\"", CLIENT_OK},
    {"message id of 15", get_msg_id, "\"0123456789abcde\"", CLIENT_BAD_VALUE},
    {"message id of 65", get_msg_id, "\"" R64 "x\"", CLIENT_BAD_VALUE},
    {"message id empty", get_msg_id, "\"\"", CLIENT_BAD_VALUE},
    {"message id missing", get_msg_id, NULL, CLIENT_BAD_VALUE},
    {"message id with a colon", get_msg_id, "\"" R16 ":\"", CLIENT_BAD_VALUE},
    {"message id a number", get_msg_id, "1", CLIENT_BAD_VALUE},
    {"body", get_body, "\"hi\\nyou\\t!\"", CLIENT_OK},
    {"body missing", get_body, NULL, CLIENT_BAD_VALUE},
    {"body empty", get_body, "\"\"", CLIENT_BAD_VALUE},
    {"body an object", get_body, "{\"text\":\"hi\"}", CLIENT_BAD_VALUE},
    {"body with a bell", get_body, "\"hi\\u0007\"", CLIENT_BAD_VALUE},
};

static void test_fields(void **state) {
    struct json_doc *d = *state;
    struct buf b;

    buf_init(&b);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const char *value = fields[i].value;
        struct client_fields f;
        struct client_msg m;

        buf_clear(&b);
        buf_addf(&b, "{\"type\":\"t\",\"id\":\"r\",\"%s\":%s}",
                 value == NULL ? "other" : "f", value == NULL ? "0" : value);
        assert_row(fields[i].name,
                   client_msg_read(d, buf_slice(&b), &m) == CLIENT_OK);
        client_fields_init(&f, &m);
        fields[i].get(&f);
        assert_row(fields[i].name, f.error == fields[i].want);
        assert_row(fields[i].name, (f.bad == NULL) == (f.error == CLIENT_OK));
        assert_row(fields[i].name, f.bad == NULL || strcmp(f.bad, "f") == 0);
    }
    buf_fini(&b);
}

static void test_values(void **state) {
    static const char text[] =
        "{\"type\":\"t\",\"id\":\"r\",\"conv\":" ID ",\"n\":7,\"on\":true,"
        "\"title\":\"\",\"to\":[" ID
        ",\"0000000000002\"],\"body\":\"h\\u0069\"}";
    struct json_doc *d = *state;
    struct client_fields f;
    struct client_msg m;
    uint64_t to[3];

    assert_int_equal(client_msg_read(d, SLICE_LIT(text), &m), CLIENT_OK);
    client_fields_init(&f, &m);
    assert_int_equal(client_field_id(&f, "conv"), 33);
    assert_int_equal(client_field_u64(&f, "n", 0, 9), 7);
    assert_int_equal(client_field_u64_opt(&f, "limit", 1, 9, 5), 5);
    assert_true(client_field_bool(&f, "on"));
    assert_true(client_field_bool_opt(&f, "off", true));
    assert_non_null(client_field_text_opt(&f, "title", 9).p);
    assert_null(client_field_text_opt(&f, "topic", 9).p);
    assert_int_equal(client_field_ids(&f, "to", to, COUNT_OF(to)), 2);
    assert_true(to[0] == 33 && to[1] == 2);
    assert_true(slice_is(client_field_body(&f, "body"), "hi"));
    assert_int_equal(f.error, CLIENT_OK);

    /* The first wrong field is the one that is told. */
    assert_int_equal(client_field_id(&f, "from"), 0);
    assert_int_equal(client_field_u64(&f, "n", 8, 9), 0);
    client_fields_fail(&f, "n", CLIENT_TOO_MANY);
    assert_int_equal(f.error, CLIENT_BAD_VALUE);
    assert_string_equal(f.bad, "from");
    assert_string_equal(client_error_str(f.error), "bad_value");
}

static void test_body(void **state) {
    static const struct {
        const char *name;
        const char *text;
        enum client_error want;
    } rows[] = {
        {"a letter", "a", CLIENT_OK},
        {"newline and tab", "a\n\tb", CLIENT_OK},
        {"Korean", "\xeb\xaa\xa8\xec\x9e\x84", CLIENT_OK},
        {"emoji of five code points",
         "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d"
         "\xf0\x9f\x91\xa7",
         CLIENT_OK},
        {"a letter among blanks", " \xe2\x80\x8b.\xe2\x80\x8b ", CLIENT_OK},
        {"markup", "<script>alert(1)</script>", CLIENT_OK},
        {"U+2028 and a letter", "a\xe2\x80\xa8", CLIENT_OK},
        {"variation of a heart", "\xe2\x9d\xa4\xef\xb8\x8f", CLIENT_OK},
        {"neighbours of blanks", "\xe2\x80\x90", CLIENT_OK},
        {"last code point", "\xf4\x8f\xbf\xbf", CLIENT_OK},
        {"empty", "", CLIENT_BAD_VALUE},
        {"spaces", "   ", CLIENT_BAD_VALUE},
        {"newlines and tabs", "\n\n\t", CLIENT_BAD_VALUE},
        {"no-break space", "\xc2\xa0", CLIENT_BAD_VALUE},
        {"soft hyphen", "\xc2\xad", CLIENT_BAD_VALUE},
        {"zero-width space", "\xe2\x80\x8b", CLIENT_BAD_VALUE},
        {"joiners", "\xe2\x80\x8c\xe2\x80\x8d\xe2\x81\xa0", CLIENT_BAD_VALUE},
        {"byte order mark", "\xef\xbb\xbf", CLIENT_BAD_VALUE},
        {"ideographic space", "\xe3\x80\x80 ", CLIENT_BAD_VALUE},
        {"Hangul filler", "\xe3\x85\xa4", CLIENT_BAD_VALUE},
        {"overrides", "\xe2\x80\xae\xe2\x80\xac", CLIENT_BAD_VALUE},
        {"tag characters", "\xf3\xa0\x80\x81", CLIENT_BAD_VALUE},
        {"variation alone", "\xef\xb8\x8f", CLIENT_BAD_VALUE},
        {"carriage return", "a\r\nb", CLIENT_BAD_VALUE},
        {"escape", "a\x1b[31m", CLIENT_BAD_VALUE},
        {"bell", "a\a", CLIENT_BAD_VALUE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   client_body_check(slice_str(rows[i].text)) == rows[i].want);
    }
}

static void test_body_sizes(void **state) {
    static const struct {
        const char *name;
        const char *unit;
        size_t count;
        enum client_error want;
    } rows[] = {
        {"4000 letters", "a", 4000, CLIENT_OK},
        {"4001 letters", "a", 4001, CLIENT_BAD_VALUE},
        {"4000 emoji", "\xf0\x9f\x98\xb9", 4000, CLIENT_OK},
        {"4001 emoji", "\xf0\x9f\x98\xb9", 4001, CLIENT_BAD_VALUE},
        {"16 KiB of emoji", "\xf0\x9f\x98\xb9", 4096, CLIENT_BAD_VALUE},
        {"more than 16 KiB", "\xf0\x9f\x98\xb9", 4097, CLIENT_TOO_LARGE},
        {"more than 16 KiB of letters", "a", 16385, CLIENT_TOO_LARGE},
    };
    struct buf b;

    (void)state;
    buf_init(&b);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_clear(&b);
        for (size_t k = 0; k < rows[i].count; k++) {
            buf_add_str(&b, rows[i].unit);
        }
        assert_row(rows[i].name,
                   client_body_check(buf_slice(&b)) == rows[i].want);
    }
    buf_fini(&b);
}

static int setup(void **state) {
    struct json_doc *d = mem_new(sizeof(*d));

    json_doc_init(d);
    *state = d;
    return 0;
}

static int teardown(void **state) {
    struct json_doc *d = *state;

    json_doc_fini(d);
    mem_free(d);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope),   cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_next),       cmocka_unit_test(test_fields),
        cmocka_unit_test(test_values),     cmocka_unit_test(test_body),
        cmocka_unit_test(test_body_sizes),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
