/* What a push says: its members, and that it fits whatever was said. */
#include "hooks/push_text.h"

#include "tests/unit/assert_row.h"

#include <string.h>

#include "chat-core/ports/directory.h"
#include "proto/base/macros.h"
#include "proto/base/utf8.h"
#include "proto/wire/json_read.h"
#include "proto/wire/webpush.h"

static void test_members(void **state) {
    static const struct {
        const char *name;
        const char *title;
        const char *text;
        const char *want;
    } rows[] = {
        {"Alice", "", "hi", "\"name\":\"Alice\",\"text\":\"hi\"}"},
        {"Alice", "Trip", "hi",
         "\"name\":\"Alice\",\"title\":\"Trip\",\"text\":\"hi\"}"},
        {"Alice", "", "", "\"name\":\"Alice\"}"},
        {"", "", "\"\n", "\"name\":\"\",\"text\":\"\\\"\\n\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct push_words w = {.conv = {100},
                                     .last = {57},
                                     .count = 6,
                                     .name = slice_str(rows[i].name),
                                     .title = slice_str(rows[i].title),
                                     .text = slice_str(rows[i].text)};
        struct slice rest;
        struct buf out;

        buf_init(&out);
        push_text_put(&out, &w);
        rest =
            slice_after(buf_slice(&out),
                        "{\"conv\":\"0000000000034\",\"seq\":57,\"count\":6,");
        assert_row(rows[i].want, rest.p != NULL);
        assert_row(rows[i].want, slice_is(rest, rows[i].want));
        buf_fini(&out);
    }
}

/* Names, titles and texts of one character, as long as they may be. */
static void test_fits(void **state) {
    static const char *const letters[] = {
        "x", "\"", "\x01", "\xc3\xa9", "\xea\xb0\x80", "\xf0\x9f\x98\x80"};
    char name[NAME_MAX_BYTES];
    char title[TITLE_MAX_BYTES];
    char text[16384];
    struct json_doc doc;

    (void)state;
    json_doc_init(&doc);
    for (size_t i = 0; i < COUNT_OF(letters); i++) {
        size_t n = strlen(letters[i]);
        struct push_words w = {.conv = {JSON_INT_MAX},
                               .last = {JSON_INT_MAX},
                               .count = JSON_INT_MAX};
        struct buf out;

        for (size_t at = 0; at < sizeof(text); at++) {
            text[at] = letters[i][at % n];
            name[at % sizeof(name)] = letters[i][at % sizeof(name) % n];
            title[at % sizeof(title)] = letters[i][at % sizeof(title) % n];
        }
        w.name = slice_of(name, sizeof(name) / n * n);
        w.title = slice_of(title, sizeof(title) / n * n);
        w.text = slice_of(text, sizeof(text) / n * n);
        buf_init(&out);
        push_text_put(&out, &w);
        assert_row(letters[i], out.n <= WEBPUSH_TEXT_MAX);
        assert_row(letters[i], json_read(&doc, buf_slice(&out)) == RC_OK);
        w.text = json_text(&doc, json_member(&doc, 0, "text"));
        assert_row(letters[i], w.text.n > PUSH_TEXT_MAX - 4);
        assert_row(letters[i], w.text.n % n == 0 && utf8_valid(w.text));
        buf_fini(&out);
    }
    json_doc_fini(&doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
