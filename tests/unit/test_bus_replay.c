/* What Redis says about a replay log, and whether we believe it. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "storage/bus_replay.h"

static void test_ids(void **state) {
    static const struct {
        const char *text;
        bool ok;
        uint64_t ms;
        uint64_t seq;
    } rows[] = {
        {"0-0", true, 0, 0},
        {"1700000000000-7", true, UINT64_C(1700000000000), 7},
        {"1", false, 0, 0},
        {"-", false, 0, 0},
        {"1-", false, 0, 0},
        {"-1", false, 0, 0},
        {"1-2-3", false, 0, 0},
        {"a-1", false, 0, 0},
        {"", false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct replay_id id = {0, 0};

        assert_row(rows[i].text,
                   replay_id_parse(slice_str(rows[i].text), &id) == rows[i].ok);
        assert_row(rows[i].text, id.ms == rows[i].ms && id.seq == rows[i].seq);
    }
    assert_true(
        replay_id_after((struct replay_id){2, 0}, (struct replay_id){1, 9}));
    assert_true(
        replay_id_after((struct replay_id){1, 2}, (struct replay_id){1, 1}));
    assert_false(
        replay_id_after((struct replay_id){1, 1}, (struct replay_id){1, 1}));
    assert_false(
        replay_id_after((struct replay_id){1, 9}, (struct replay_id){2, 0}));
}

/* Reads `bytes` as one reply, which stays in `r`. */
static struct resp parse(struct resp_reader *r, const char *bytes) {
    struct resp reply;
    enum parse got;

    resp_reader_init(r);
    resp_reader_feed(r, slice_str(bytes));
    got = resp_reader_next(r, &reply);
    assert_int_equal(got, PARSE_OK);
    return reply;
}

static void test_entries(void **state) {
    static const struct {
        const char *name;
        const char *bytes;
        bool ok;
    } rows[] = {
        {"good", "*2\r\n$3\r\n5-6\r\n*2\r\n$1\r\nd\r\n$2\r\nhi\r\n", true},
        {"another field", "*2\r\n$3\r\n5-6\r\n*2\r\n$1\r\nt\r\n$2\r\nhi\r\n",
         false},
        {"two fields",
         "*2\r\n$3\r\n5-6\r\n*4\r\n$1\r\nd\r\n$2\r\nhi\r\n$1\r\nd\r\n$"
         "0\r\n\r\n",
         false},
        {"no fields", "*2\r\n$3\r\n5-6\r\n*0\r\n", false},
        {"nil fields", "*2\r\n$3\r\n5-6\r\n*-1\r\n", false},
        {"a number in it", "*2\r\n$3\r\n5-6\r\n*2\r\n$1\r\nd\r\n:1\r\n", false},
        {"bad id", "*2\r\n$1\r\n5\r\n*2\r\n$1\r\nd\r\n$2\r\nhi\r\n", false},
        {"no entry", "+OK\r\n", false},
        {"an error", "-ERR\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct resp_reader r;
        struct resp reply = parse(&r, rows[i].bytes);
        struct replay_entry e;

        assert_row(rows[i].name, replay_entry_parse(&reply, &e) == rows[i].ok);
        if (rows[i].ok) {
            assert_row(rows[i].name, e.id.ms == 5 && e.id.seq == 6);
            assert_row(rows[i].name, slice_is(e.messages, "hi"));
        }
        resp_reader_fini(&r);
    }
}

static void show(void *ctx, struct topic topic, struct slice payload) {
    buf_addf(ctx, "%d:%u=%.*s ", (int)topic.kind, (unsigned)topic.id,
             (int)payload.n, (const char *)payload.p);
}

/* Two messages, the first for two topics; however it is cut, what is read is
 * the beginning of it, and said to be bad unless it ends with a message. */
static void test_messages(void **state) {
    static const struct topic topics[] = {{TOPIC_USER, 7}, {TOPIC_CONV, 8}};
    static const char want[] = "0:7=one 1:8=one 0:7=two ";
    struct buf messages;
    size_t first;

    (void)state;
    buf_init(&messages);
    replay_put(&messages, topics, 2, SLICE_LIT("one"));
    first = messages.n;
    replay_put(&messages, topics, 1, SLICE_LIT("two"));
    for (size_t n = 0; n <= messages.n; n++) {
        bool whole = n == 0 || n == first || n == messages.n;
        struct buf shown;

        buf_init(&shown);
        assert_int_equal(
            replay_read(slice_of(messages.p, n), show, &shown) == RC_OK, whole);
        buf_add_byte(&shown, '\0');
        assert_true(slice_starts(slice_str(want), (const char *)shown.p));
        assert_true(n < messages.n || shown.n == sizeof(want));
        buf_fini(&shown);
    }
    buf_fini(&messages);
}

static void test_bad_messages(void **state) {
#define PAYLOAD "\0\0\0\1x"
#define ID "\0\0\0\0\0\0\0\7"
    static const struct {
        const char *name;
        const char *bytes;
        size_t n;
    } rows[] = {
        {"no topic", "\0" PAYLOAD, 6},
        {"a kind there is not", "\1\6" ID PAYLOAD, 15},
        {"no id", "\1\0\0\0\0\0\0\0\0\0" PAYLOAD, 15},
        {"seventeen topics", "\x11\0" ID PAYLOAD, 15},
        {"a long payload", "\1\0" ID "\377\377\377\377x", 15},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf shown;

        buf_init(&shown);
        assert_row(rows[i].name, replay_read(slice_of(rows[i].bytes, rows[i].n),
                                             show, &shown) == RC_BAD_INPUT);
        assert_row(rows[i].name, shown.n == 0);
        buf_fini(&shown);
    }
}

#define LENGTH(n) "$6\r\nlength\r\n:" #n "\r\n"
#define ADDED(n) "$13\r\nentries-added\r\n:" #n "\r\n"
#define FIRST(id) "$11\r\nfirst-entry\r\n*2\r\n$3\r\n" id "\r\n*0\r\n"
#define NO_FIRST "$11\r\nfirst-entry\r\n$-1\r\n"

static void test_states(void **state) {
    static const struct {
        const char *name;
        const char *bytes;
        enum replay_state want; /* of what follows 5-0 */
    } rows[] = {
        {"never was", "-ERR no such key\r\n", REPLAY_WHOLE},
        {"never trimmed", "*6\r\n" LENGTH(3) ADDED(3) FIRST("9-0"),
         REPLAY_WHOLE},
        {"trimmed before", "*6\r\n" LENGTH(3) ADDED(9) FIRST("4-0"),
         REPLAY_WHOLE},
        {"trimmed up to it", "*6\r\n" LENGTH(3) ADDED(9) FIRST("5-0"),
         REPLAY_WHOLE},
        {"trimmed past it", "*6\r\n" LENGTH(3) ADDED(9) FIRST("5-1"),
         REPLAY_LOST},
        {"trimmed to nothing", "*6\r\n" LENGTH(0) ADDED(9) NO_FIRST,
         REPLAY_LOST},
        {"no counter, early", "*4\r\n" LENGTH(3) FIRST("4-0"), REPLAY_WHOLE},
        {"no counter, late", "*4\r\n" LENGTH(3) FIRST("6-0"), REPLAY_LOST},
        {"other error", "-WRONGTYPE\r\n", REPLAY_UNREAD},
        {"no length", "*2\r\n" ADDED(3), REPLAY_UNREAD},
        {"not a list", ":3\r\n", REPLAY_UNREAD},
        {"odd", "*1\r\n$6\r\nlength\r\n", REPLAY_UNREAD},
    };
    static const struct replay_id at = {5, 0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct resp_reader r;
        struct resp reply = parse(&r, rows[i].bytes);

        assert_row(rows[i].name, replay_state(&reply, at) == rows[i].want);
        resp_reader_fini(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),      cmocka_unit_test(test_entries),
        cmocka_unit_test(test_messages), cmocka_unit_test(test_bad_messages),
        cmocka_unit_test(test_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
