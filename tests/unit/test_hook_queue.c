/* Entries of the webhooks' queue, as Redis answers them. */
#include "storage/hook_queue.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

#define ID "0000000000007"
#define POINTER "*4\r\n$1\r\nc\r\n$13\r\n" ID "\r\n$1\r\ns\r\n$2\r\n12\r\n"
#define EVENT                                                                  \
    "*10\r\n$1\r\nu\r\n$13\r\n" ID "\r\n$1\r\ni\r\n$1\r\nn\r\n$1\r\nt\r\n"     \
    "$1\r\n5\r\n$1\r\nk\r\n$3\r\na.b\r\n$1\r\nd\r\n$2\r\n{}\r\n"
#define ENTRY(fields) "*2\r\n$3\r\n1-2\r\n" fields

static void test_entries(void **state) {
    static const struct {
        const char *name;
        const char *bytes;
        bool ok;
        enum hook_kind kind;
    } rows[] = {
        {"pointer", ENTRY(POINTER), true, HOOK_POINTER},
        {"event", ENTRY(EVENT), true, HOOK_EVENT},
        {"no fields", ENTRY("*0\r\n"), true, HOOK_FOREIGN},
        {"fields gone", ENTRY("$-1\r\n"), true, HOOK_FOREIGN},
        {"seq 0",
         ENTRY("*4\r\n$1\r\nc\r\n$13\r\n" ID "\r\n$1\r\ns\r\n$1\r\n0\r\n"),
         true, HOOK_FOREIGN},
        {"no id", ENTRY("*4\r\n$1\r\nc\r\n$1\r\n7\r\n$1\r\ns\r\n$1\r\n1\r\n"),
         true, HOOK_FOREIGN},
        {"other names",
         ENTRY("*4\r\n$1\r\ns\r\n$13\r\n" ID "\r\n$1\r\nc\r\n$1\r\n1\r\n"),
         true, HOOK_FOREIGN},
        {"no entry", "*2\r\n$1\r\nx\r\n*0\r\n", false, HOOK_FOREIGN},
        {"a number", ":1\r\n", false, HOOK_FOREIGN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct hook_entry e = {.kind = HOOK_FOREIGN};
        struct resp_reader r;
        struct resp reply;
        enum parse got;

        resp_reader_init(&r);
        resp_reader_feed(&r, slice_str(rows[i].bytes));
        got = resp_reader_next(&r, &reply);
        assert_row(rows[i].name, got == PARSE_OK);
        assert_row(rows[i].name, hook_entry_parse(&reply, &e) == rows[i].ok);
        assert_row(rows[i].name, e.kind == rows[i].kind);
        assert_row(rows[i].name,
                   !rows[i].ok || (e.id.ms == 1 && e.id.seq == 2));
        assert_row(rows[i].name,
                   e.kind != HOOK_POINTER || (e.conv.v == 7 && e.seq.v == 12));
        assert_row(rows[i].name,
                   e.kind != HOOK_EVENT ||
                       (e.user.v == 7 && e.ts_ms == 5 &&
                        slice_is(e.name, "n") && slice_is(e.type, "a.b") &&
                        slice_is(e.data, "{}")));
        resp_reader_fini(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
