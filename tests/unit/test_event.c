/* Events as they are stored, and as clients get them. */
#include "tests/unit/assert_row.h"

#include "chat-core/event.h"
#include "proto/base/macros.h"

#define NAMED(text)                                                            \
    { (const uint8_t *)(text), sizeof(text) - 1 }
#define TAIL(from, name, rest)                                                 \
    "\"ts\":1763720000000,\"from\":\"" from                                    \
    "\",\"kind\":\"message\",\"msg\":\"" name "\",\"body\":{\"text\":\"" rest
#define SHORT "\x01\x01\x9a\xa5\xe7\x72\x00" /* that time */
#define ID_1 "\0\0\0\0\0\0\0\x01"
#define MOST "\x7f\xff\xff\xff\xff\xff\xff\xff"

struct store_row {
    const char *name;
    struct event event;
    struct slice stored;
    const char *tail; /* NULL: it is what is stored */
};

static const struct store_row store_rows[] = {
    {"message",
     {1763720000000,
      {1},
      "message",
      NAMED("m-1"),
      NAMED("{\"text\":\"hi\"}"),
      {NULL, 0}},
     NAMED(SHORT "\x03" ID_1 "m-1hi\"}"),
     TAIL("0000000000001", "m-1", "hi\"}}")},
    {"a reply, and the last id",
     {1763720000000,
      {INT64_MAX},
      "message",
      NAMED("m"),
      NAMED("{\"text\":\"\",\"reply_to\":7}"),
      {NULL, 0}},
     NAMED(SHORT "\x01" MOST "m\",\"reply_to\":7}"),
     TAIL("7zzzzzzzzzzzz", "m", "\",\"reply_to\":7}}")},
    {"no name",
     {1763720000000,
      {1},
      "message",
      {NULL, 0},
      NAMED("{\"text\":\"hi\"}"),
      {NULL, 0}},
     NAMED(SHORT "\0" ID_1 "hi\"}"),
     TAIL("0000000000001", "", "hi\"}}")},
    {"a body of another kind",
     {7, {31}, "message", NAMED("m"), NAMED("{}"), {NULL, 0}},
     NAMED("\"ts\":7,\"from\":\"000000000000z\",\"kind\":\"message\","
           "\"msg\":\"m\",\"body\":{}}"),
     NULL},
    {"another kind",
     {7,
      {31},
      "message.edited",
      NAMED("m"),
      NAMED("{\"text\":\"\"}"),
      {NULL, 0}},
     NAMED("\"ts\":7,\"from\":\"000000000000z\","
           "\"kind\":\"message.edited\",\"msg\":\"m\","
           "\"body\":{\"text\":\"\"}}"),
     NULL},
    {"a name that has to be escaped",
     {0, {31}, "message", NAMED("a\"b"), NAMED("{\"text\":\"\"}"), {NULL, 0}},
     NAMED("\"ts\":0,\"from\":\"000000000000z\",\"kind\":\"message\","
           "\"msg\":\"a\\\"b\",\"body\":{\"text\":\"\"}}"),
     NULL},
    {"the end of time",
     {UINT64_C(1) << 48,
      {31},
      "message",
      NAMED("m"),
      NAMED("{\"text\":\"\"}"),
      {NULL, 0}},
     NAMED("\"ts\":281474976710656,\"from\":\"000000000000z\","
           "\"kind\":\"message\",\"msg\":\"m\",\"body\":{\"text\":\"\"}}"),
     NULL},
    {"changed since",
     {7,
      {31},
      "message",
      NAMED("m"),
      NAMED("{\"text\":\"\"}"),
      NAMED(",\"changed\":9")},
     NAMED("\"ts\":7,\"from\":\"000000000000z\",\"kind\":\"message\","
           "\"msg\":\"m\",\"body\":{\"text\":\"\"},\"changed\":9}"),
     NULL},
};

/* What is stored is read back, whichever form it has. */
static void test_store(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(store_rows); i++) {
        const struct store_row *row = &store_rows[i];
        struct buf stored;
        struct buf tail;

        buf_init(&stored);
        buf_init(&tail);
        event_store(&stored, &row->event);
        assert_row(row->name, slice_eq(buf_slice(&stored), row->stored));
        assert_row(row->name, event_tail(&tail, row->stored));
        assert_row(row->name,
                   slice_eq(buf_slice(&tail), row->tail == NULL
                                                  ? row->stored
                                                  : slice_str(row->tail)));
        assert_row(row->name, event_ts_ms(row->stored) == row->event.ts_ms);
        assert_row(row->name,
                   slice_is(event_kind(row->stored), row->event.kind));
        assert_row(row->name, event_from(row->stored).v == row->event.from.v);
        buf_fini(&stored);
        buf_fini(&tail);
    }
}

static void check_no_event(const char *name, struct slice stored) {
    struct buf tail;

    buf_init(&tail);
    assert_row(name, !event_tail(&tail, stored));
    assert_row(name, event_ts_ms(stored) == 0);
    assert_row(name, event_kind(stored).n == 0);
    assert_row(name, event_from(stored).v == 0);
    assert_row(name, tail.n == 0);
    buf_fini(&tail);
}

static void check_cuts(const char *name, struct slice whole) {
    for (size_t n = 0; n < whole.n; n++) {
        if (n == 0 || whole.p[n - 1] != '}') {
            check_no_event(name, slice_of(whole.p, n));
        }
    }
}

/* Cut anywhere, neither form is one; but nothing tells a brace of the body
 * from the last one. */
static void test_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(store_rows); i++) {
        check_cuts(store_rows[i].name, store_rows[i].stored);
    }
}

struct text_row {
    const char *name;
    struct slice stored;
    const char *text;
};

#define AT(seq)                                                                \
    "{\"type\":\"event\",\"conv\":\"0000000000005\",\"seq\":" seq ","
#define HEAD AT("7")
#define GONE HEAD "\"kind\":\"gone\"}"

static const struct text_row text_rows[] = {
    {"as it was stored", NAMED("\"ts\":1,\"body\":{}}"),
     HEAD "\"ts\":1,\"body\":{}}"},
    {"purged", {NULL, 0}, GONE},
    {"not ours", NAMED("{\"a\":1}"), GONE},
    {"cut off", NAMED("\"ts\":1,\"body\":{"), GONE},
    {"shorter than its beginning", NAMED("\"ts"), GONE},
    {"short", NAMED(SHORT "\x03" ID_1 "m-1hi\"}"),
     HEAD TAIL("0000000000001", "m-1", "hi\"}}")},
    {"short, its name over the end", NAMED(SHORT "\xff" ID_1 "m\"}"), GONE},
    {"short, without a body", NAMED(SHORT "\x01" ID_1 "}"), GONE},
    {"of a form to come", NAMED("\x02" ID_1 "}"), GONE},
};

static void test_text(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(text_rows); i++) {
        const struct text_row *row = &text_rows[i];
        struct buf b;

        buf_init(&b);
        event_text(&b, (struct conv_id){5}, (struct msg_seq){7}, row->stored);
        assert_row(row->name, slice_is(buf_slice(&b), row->text));
        assert_row(row->name, b.n <= row->stored.n + EVENT_TEXT_MORE);
        buf_fini(&b);
    }
}

static void test_texts(void **state) {
    const struct slice stored[] = {SLICE_LIT("\"ts\":1,\"body\":{}}"),
                                   {NULL, 0},
                                   SLICE_LIT(SHORT "\x01" ID_1 "mhi\"}")};
    struct buf b;

    (void)state;
    buf_init(&b);
    event_texts(&b, (struct conv_id){5}, (struct msg_seq){9}, stored, 0);
    assert_int_equal(b.n, 0);
    event_texts(&b, (struct conv_id){5}, (struct msg_seq){9}, stored,
                COUNT_OF(stored));
    assert_true(slice_is(
        buf_slice(&b),
        AT("9") "\"ts\":1,\"body\":{}}," AT("10") "\"kind\":\"gone\"}," AT("11")
            TAIL("0000000000001", "m", "hi\"}}")));
    buf_fini(&b);
}

/* A text tells when it was said, if it does. */
static void test_text_time(void **state) {
    static const struct {
        const char *text;
        uint64_t ts_ms;
    } rows[] = {
        {HEAD "\"ts\":1763720000000,\"from\":\"1\"}", 1763720000000},
        {HEAD "\"ts\":0,\"from\":\"1\"}", 0},
        {HEAD "\"ts\":x,\"from\":\"1\"}", 0},
        {HEAD "\"from\":\"1\",\"ts\":5,\"a\":1}", 0},
        {GONE, 0},
        {"{\"type\":\"event\"}", 0},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].text,
                   event_text_ts_ms(slice_str(rows[i].text)) == rows[i].ts_ms);
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
        cmocka_unit_test(test_store),     cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_kind),      cmocka_unit_test(test_text),
        cmocka_unit_test(test_texts),     cmocka_unit_test(test_store),
        cmocka_unit_test(test_kind),      cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
