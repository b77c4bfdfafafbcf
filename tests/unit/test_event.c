/* Events as they are stored, and as clients get them. */
#include "tests/unit/assert_row.h"

#include "chat-core/event.h"
#include "proto/base/macros.h"

struct store_row {
    const char *name;
    struct event event;
    const char *stored;
};

#define NAMED(text)                                                            \
    { (const uint8_t *)(text), sizeof(text) - 1 }

static const struct store_row store_rows[] = {
    {"message",
     {1763720000000,
      {1},
      "message",
      NAMED("m-1"),
      NAMED("{\"text\":\"hi\"}"),
      {NULL, 0}},
     "\"ts\":1763720000000,\"from\":\"0000000000001\",\"kind\":\"message\","
     "\"msg\":\"m-1\",\"body\":{\"text\":\"hi\"}}"},
    {"a name that has to be escaped",
     {0, {31}, "member.added", NAMED("a\"b"), NAMED("{}"), {NULL, 0}},
     "\"ts\":0,\"from\":\"000000000000z\",\"kind\":\"member.added\","
     "\"msg\":\"a\\\"b\",\"body\":{}}"},
    {"changed since",
     {7, {31}, "message", NAMED("m"), NAMED("{}"), NAMED(",\"changed\":9")},
     "\"ts\":7,\"from\":\"000000000000z\",\"kind\":\"message\","
     "\"msg\":\"m\",\"body\":{},\"changed\":9}"},
};

static void test_store(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(store_rows); i++) {
        const struct store_row *row = &store_rows[i];
        struct buf b;

        buf_init(&b);
        event_store(&b, &row->event);
        assert_row(row->name, slice_is(buf_slice(&b), row->stored));
        buf_fini(&b);
    }
}

struct text_row {
    const char *name;
    struct slice stored;
    const char *text;
};

#define HEAD "{\"type\":\"event\",\"conv\":\"0000000000005\",\"seq\":7,"
#define GONE HEAD "\"kind\":\"gone\"}"

static const struct text_row text_rows[] = {
    {"as it was stored", NAMED("\"ts\":1,\"body\":{}}"),
     HEAD "\"ts\":1,\"body\":{}}"},
    {"purged", {NULL, 0}, GONE},
    {"not ours", NAMED("{\"a\":1}"), GONE},
    {"cut off", NAMED("\"ts\":1,\"body\":{"), GONE},
    {"shorter than its beginning", NAMED("\"ts"), GONE},
};

static void test_text(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(text_rows); i++) {
        const struct text_row *row = &text_rows[i];
        struct buf b;

        buf_init(&b);
        event_text(&b, (struct conv_id){5}, (struct msg_seq){7}, row->stored);
        assert_row(row->name, slice_is(buf_slice(&b), row->text));
        buf_fini(&b);
    }
}

static void test_kind(void **state) {
    static const struct {
        const char *stored;
        const char *kind;
    } rows[] = {
        {"\"ts\":1,\"from\":\"0000000000001\",\"kind\":\"member.added\","
         "\"msg\":\"m\",\"body\":{\"kind\":\"x\"}}",
         "member.added"},
        {"\"ts\":1,\"body\":{}}", ""},
        {"", ""},
        {"x,\"kind\":\"message\"}", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(
            rows[i].stored,
            slice_is(event_kind(slice_str(rows[i].stored)), rows[i].kind));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
