/* The body of a message, made of its parts. */
#include "tests/unit/assert_row.h"

#include "chat-core/body.h"
#include "proto/base/macros.h"

static const struct user_id two[] = {{1}, {2}};

static const struct body_row {
    const char *name;
    struct body body;
    const char *want;
} rows[] = {
    {"text", {.text = {(const uint8_t *)"hi", 2}}, "{\"text\":\"hi\"}"},
    {"a reply",
     {.text = {(const uint8_t *)"hi", 2}, .reply_to = {7}},
     "{\"text\":\"hi\",\"reply_to\":7}"},
    {"mentions",
     {.text = {(const uint8_t *)"a\"b", 3},
      .mentions = two,
      .mention_count = 2},
     "{\"text\":\"a\\\"b\",\"mentions\":[\"0000000000001\","
     "\"0000000000002\"]}"},
    {"both",
     {.text = {(const uint8_t *)"hi", 2},
      .reply_to = {7},
      .mentions = two,
      .mention_count = 1},
     "{\"text\":\"hi\",\"reply_to\":7,\"mentions\":[\"0000000000001\"]}"},
};

static void test_put(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json_out o;
        struct buf b;

        buf_init(&b);
        o = json_out(&b);
        json_begin_obj(&o);
        body_put(&o, &rows[i].body);
        json_end_obj(&o);
        assert_row(rows[i].name, slice_is(buf_slice(&b), rows[i].want));
        buf_fini(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
