/* The JSON reader: against tables, against jansson, and at its limits. */
#include "tests/unit/assert_row.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/json_read.h"
#include "tests/unit/json_rows.h"

/* Reads from a block of exactly the text's size: the sanitizer sees a read of
 * one byte too many. */
static enum rc read_copy(struct json_doc *d, const char *text, size_t n,
                         char **copy) {
    *copy = malloc(n == 0 ? 1 : n);
    if (n > 0) {
        memcpy(*copy, text, n);
    }
    return json_read(d, slice_of(*copy, n));
}

static json_t *jansson_read(const char *text, size_t n) {
    return json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

static bool same_string(struct slice s, const json_t *j) {
    return slice_eq(s, slice_of(json_string_value(j), json_string_length(j)));
}

static bool same_number(struct slice raw, const json_t *j) {
    char text[64];

    if (raw.n >= sizeof(text)) {
        return false;
    }
    memcpy(text, raw.p, raw.n);
    text[raw.n] = '\0';
    if (json_is_integer(j)) {
        return strtoll(text, NULL, 10) == json_integer_value(j);
    }
    return !(strtod(text, NULL) < json_real_value(j)) &&
           !(strtod(text, NULL) > json_real_value(j));
}

/* Compares a value without what is in it; the children go on the work list. */
static bool same_scalar(const struct json_doc *d, size_t i, const json_t *j) {
    bool yes = false;

    switch (json_kind(d, i)) {
    case JSON_KIND_NULL:
        return json_is_null(j);
    case JSON_KIND_BOOL:
        return json_is_boolean(j) && json_bool(d, i, &yes) &&
               yes == json_is_true(j);
    case JSON_KIND_NUMBER:
        return json_is_number(j) && same_number(json_raw(d, i), j);
    case JSON_KIND_STRING:
        return json_is_string(j) && same_string(json_text(d, i), j);
    case JSON_KIND_ARRAY:
        return json_is_array(j) && json_count(d, i) == json_array_size(j);
    case JSON_KIND_OBJECT:
        return json_is_object(j) && json_count(d, i) == json_object_size(j);
    case JSON_KIND_KEY:
        break;
    }
    return false;
}

struct pair {
    size_t token;
    json_t *value;
};

static size_t push_children(const struct json_doc *d, struct pair at,
                            struct pair *work, size_t n) {
    size_t index = 0;

    for (size_t i = json_first(d, at.token); i != 0; i = json_next(d, i)) {
        if (json_kind(d, at.token) == JSON_KIND_ARRAY) {
            work[n++] = (struct pair){i, json_array_get(at.value, index++)};
        } else {
            struct slice key = json_text(d, i);
            char *name = mem_dup(key.p, key.n);

            assert_int_equal(json_member(d, at.token, name), i + 1);
            work[n++] = (struct pair){i + 1, json_object_get(at.value, name)};
            mem_free(name);
        }
    }
    return n;
}

static bool same_tree(const struct json_doc *d, json_t *root) {
    struct pair work[64] = {{0, root}};
    size_t n = 1;

    while (n > 0) {
        struct pair at = work[--n];

        if (at.value == NULL || !same_scalar(d, at.token, at.value)) {
            return false;
        }
        n = push_children(d, at, work, n);
    }
    return true;
}

static void test_rows(void **state) {
    struct json_doc *d = *state;

    for (size_t i = 0; i < COUNT_OF(json_rows); i++) {
        const struct json_row *r = &json_rows[i];
        json_t *other = jansson_read(r->text, r->n);
        char *copy;

        assert_row(r->name, read_copy(d, r->text, r->n, &copy) == r->want);
        assert_row(r->name, (other != NULL) == (r->want == RC_OK));
        assert_row(r->name, other == NULL || same_tree(d, other));
        json_decref(other);
        free(copy);
    }
}

static void test_stricter_rows(void **state) {
    struct json_doc *d = *state;

    for (size_t i = 0; i < COUNT_OF(json_strict_rows); i++) {
        const struct json_row *r = &json_strict_rows[i];
        json_t *other = jansson_read(r->text, r->n);
        char *copy;

        assert_row(r->name, read_copy(d, r->text, r->n, &copy) == r->want);
        assert_row(r->name, other != NULL);
        json_decref(other);
        free(copy);
    }
}

static bool ends_with_bracket(const struct json_row *r) {
    return r->text[r->n - 1] == ']' || r->text[r->n - 1] == '}';
}

/* A text that ends with a bracket is never whole before that bracket. */
static void test_every_cut(void **state) {
    struct json_doc *d = *state;

    for (size_t i = 0; i < COUNT_OF(json_rows); i++) {
        const struct json_row *r = &json_rows[i];
        bool whole = r->want == RC_OK && ends_with_bracket(r);

        for (size_t n = 0; whole && n < r->n; n++) {
            char *copy;

            assert_row(r->name,
                       read_copy(d, r->text, n, &copy) == RC_BAD_INPUT);
            free(copy);
        }
    }
}

/* Adds `head`, `count` times `item` with commas, `tail`. `item` may have one
 * %zu for its number. */
static void repeat(struct buf *b, const char *head, const char *item,
                   size_t count, const char *tail) {
    buf_clear(b);
    buf_add_str(b, head);
    for (size_t i = 0; i < count; i++) {
        const char *hole = strchr(item, '#');

        if (i > 0) {
            buf_add_byte(b, ',');
        }
        if (hole == NULL) {
            buf_add_str(b, item);
            continue;
        }
        buf_add(b, slice_of(item, (size_t)(hole - item)));
        buf_add_u64(b, i);
        buf_add_str(b, hole + 1);
    }
    buf_add_str(b, tail);
}

static void test_limits(void **state) {
    static const struct {
        const char *name;
        const char *head;
        const char *item;
        size_t count;
        const char *tail;
        enum rc want;
    } rows[] = {
        {"256 keys", "{", "\"#\":0", 256, "}", RC_OK},
        {"257 keys", "{", "\"#\":0", 257, "}", RC_LIMIT},
        {"256 keys in 256 objects", "[", "{\"a\":0}", 256, "]", RC_OK},
        {"257 keys in 257 objects", "[", "{\"a\":0}", 257, "]", RC_LIMIT},
        {"2047 values", "[", "0", JSON_TOKENS_MAX - 1, "]", RC_OK},
        {"2048 values", "[", "0", JSON_TOKENS_MAX, "]", RC_LIMIT},
        {"255 other keys before", "{", "\"#\":0", 255, ",\"0\":1}",
         RC_BAD_INPUT},
        {"escaped keys, all different", "{", "\"\\u0061#\":0", 256, "}", RC_OK},
        {"a megabyte", "[\"", "0123456789abcdef0123456789abcde", 32767, "\"]",
         RC_OK},
        {"more than a megabyte", "[\"", "0123456789abcdef0123456789abcde",
         32768, "\"]", RC_LIMIT},
    };
    struct json_doc *d = *state;
    struct buf b;

    buf_init(&b);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        repeat(&b, rows[i].head, rows[i].item, rows[i].count, rows[i].tail);
        assert_row(rows[i].name, json_read(d, buf_slice(&b)) == rows[i].want);
    }
    buf_fini(&b);
}

static void test_depth(void **state) {
    static const struct {
        const char *name;
        size_t depth;
        bool closed;
        enum rc want;
    } rows[] = {
        {"16 deep", 16, true, RC_OK},
        {"17 deep", 17, true, RC_LIMIT},
        {"500 deep", 500, true, RC_LIMIT},
        {"100000 brackets", 100000, false, RC_LIMIT},
    };
    struct json_doc *d = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *text = malloc(2 * rows[i].depth);

        memset(text, '[', rows[i].depth);
        memset(text + rows[i].depth, ']', rows[i].depth);
        assert_row(
            rows[i].name,
            json_read(d, slice_of(text, rows[i].closed ? 2 * rows[i].depth
                                                       : rows[i].depth)) ==
                rows[i].want);
        free(text);
    }
}

/* Every other letter is escaped: six bytes that are one. */
static void test_key_length(void **state) {
    struct json_doc *d = *state;
    struct buf b;

    buf_init(&b);
    for (size_t n = 60; n < 70; n++) {
        buf_clear(&b);
        buf_add_str(&b, "{\"");
        for (size_t i = 0; i < n; i++) {
            buf_add_str(&b, i % 2 == 0 ? "\\u0061" : "b");
        }
        buf_add_str(&b, "\":1}");
        assert_int_equal(json_read(d, buf_slice(&b)),
                         n <= JSON_KEY_BYTES_MAX ? RC_OK : RC_LIMIT);
    }
    buf_fini(&b);
}

static void test_u64(void **state) {
    static const struct {
        const char *text;
        bool want;
        uint64_t v;
    } rows[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"9007199254740991", true, JSON_INT_MAX},
        {"9007199254740992", false, 0},
        {"9223372036854775808", false, 0},
        {"-1", false, 0},
        {"-0", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"1E0", false, 0},
        {"\"5\"", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"[5]", false, 0},
        {"{\"a\":5}", false, 0},
    };
    struct json_doc *d = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t v = 0;

        assert_row(rows[i].text,
                   json_read(d, slice_str(rows[i].text)) == RC_OK);
        assert_row(rows[i].text, json_u64(d, 0, &v) == rows[i].want);
        assert_row(rows[i].text, v == rows[i].v);
    }
}

static void test_questions(void **state) {
    static const char text[] =
        " {\"type\":\"se\\u006ed\", \"body\" : {\"a\": [1, \"x\\ty\" ]},"
        "\"on\":true,\"off\":false,\"list\":[10,[20,21],30],\"e\":[]} ";
    struct json_doc *d = *state;
    size_t list;
    size_t i;
    bool yes = false;

    assert_int_equal(json_read(d, slice_str(text)), RC_OK);
    assert_int_equal(json_kind(d, 0), JSON_KIND_OBJECT);
    assert_int_equal(json_count(d, 0), 6);
    assert_true(slice_is(json_text(d, json_member(d, 0, "type")), "send"));
    assert_true(
        slice_is(json_raw(d, json_member(d, 0, "type")), "\"se\\u006ed\""));
    assert_true(slice_is(json_raw(d, json_member(d, 0, "body")),
                         "{\"a\": [1, \"x\\ty\" ]}"));
    assert_true(json_bool(d, json_member(d, 0, "on"), &yes) && yes);
    assert_true(json_bool(d, json_member(d, 0, "off"), &yes) && !yes);
    assert_false(json_bool(d, json_member(d, 0, "type"), &yes));
    assert_int_equal(json_member(d, 0, "a"), 0); /* in another object */
    assert_int_equal(json_member(d, 0, "typ"), 0);
    list = json_member(d, 0, "list");
    assert_int_equal(json_member(d, list, "type"), 0); /* no object */
    i = json_first(d, list);
    assert_true(slice_is(json_raw(d, i), "10"));
    i = json_next(d, i);
    assert_true(slice_is(json_raw(d, i), "[20,21]"));
    i = json_next(d, i);
    assert_true(slice_is(json_raw(d, i), "30"));
    assert_int_equal(json_next(d, i), 0);
    assert_int_equal(json_first(d, json_member(d, 0, "e")), 0);
}

/* After a refusal the document reads the next text as if new, and after
 * U+0000 the other strings can still be asked for. */
static void test_again(void **state) {
    struct json_doc *d = *state;

    assert_int_equal(json_read(d, SLICE_LIT("{\"a\\n\":[[")), RC_BAD_INPUT);
    assert_int_equal(json_read(d, SLICE_LIT("{\"b\":\"\\n\"}")), RC_OK);
    assert_int_equal(json_count(d, 0), 1);
    assert_true(slice_is(json_text(d, json_member(d, 0, "b")), "\n"));
    assert_int_equal(json_read(d, SLICE_LIT("{\"b\":\"\\u0000\",\"c\":\"x\"}")),
                     RC_DENIED);
    assert_true(slice_is(json_text(d, json_member(d, 0, "c")), "x"));
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
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_stricter_rows),
        cmocka_unit_test(test_every_cut), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_depth),     cmocka_unit_test(test_key_length),
        cmocka_unit_test(test_u64),       cmocka_unit_test(test_questions),
        cmocka_unit_test(test_again),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
