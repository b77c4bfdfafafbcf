/* The names by which a real Redis knows repeats: however many there are, and
 * those from before there were marks. */
#include "chat-core/event.h"
#include "storage/history_layout.h"
#include "tests/integration/history_env.h"

enum {
    NAMES = 3000, /* more than the first groups take */
};

/* Each is known, at its place, and only by its own body. */
static void test_many(void **state) {
    struct fixture *f = *state;

    fill(f, NAMES);
    for (size_t i = 1; i <= NAMES; i += i < 300 ? 1 : 97) {
        struct history_append in;
        struct appended a;
        char name[32];

        snprintf(name, sizeof(name), "m%zu", i);
        in = message(f, name);
        a = append(f, in);
        assert_row(name, a.rc == RC_OK && a.out.repeat);
        assert_row(name, a.out.seq.v == i);
        in.body_hash = ~in.body_hash;
        assert_row(name, append(f, in).rc == RC_CONFLICT);
    }
    assert_int_equal(append(f, message(f, "m3001")).out.seq.v, NAMES + 1);
}

/* The first `count` are known, at their places and only by their own bodies. */
static void assert_known(struct fixture *f, size_t count) {
    for (size_t i = 1; i <= count; i++) {
        struct history_append in;
        struct appended a;
        char name[32];

        snprintf(name, sizeof(name), "m%zu", i);
        in = message(f, name);
        in.ts_ms += HISTORY_WINDOW_MS;
        a = append(f, in);
        assert_row(name, a.rc == RC_OK && a.out.repeat && a.out.seq.v == i);
        in.body_hash = ~in.body_hash;
        assert_row(name, append(f, in).rc == RC_CONFLICT);
    }
}

/* Marks from the window before are counted from its own beginning. */
static void test_window_before(void **state) {
    struct fixture *f = *state;
    struct history_append in;

    fill(f, 40);
    for (size_t i = 41; i <= 100; i++) {
        char name[32];

        snprintf(name, sizeof(name), "m%zu", i);
        in = message(f, name);
        in.ts_ms += HISTORY_WINDOW_MS;
        assert_int_equal(append(f, in).out.seq.v, i);
    }
    assert_known(f, 100);
}

/* When it was said is read from the event, in either form; of one that is
 * gone it is the repeat's own time. */
static void test_time(void **state) {
    const struct {
        const char *name;
        struct event event;
        uint64_t ts_ms;
    } rows[] = {
        {"short",
         {noon_ms - 5,
          {7},
          "message",
          SLICE_LIT("short"),
          SLICE_LIT("{\"text\":\"hi\"}"),
          {NULL, 0}},
         noon_ms - 5},
        {"long",
         {noon_ms - 7,
          {7},
          "member.left",
          SLICE_LIT("long"),
          SLICE_LIT("{}"),
          {NULL, 0}},
         noon_ms - 7},
        {"gone", {0, {0}, NULL, {NULL, 0}, {NULL, 0}, {NULL, 0}}, noon_ms},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct history_append in = message(f, rows[i].name);
        struct buf event;

        buf_init(&event);
        if (rows[i].event.kind != NULL) {
            event_store(&event, &rows[i].event);
        }
        in.event = buf_slice(&event);
        assert_row(rows[i].name, append(f, in).out.seq.v == i + 1);
        assert_row(rows[i].name, append(f, in).out.ts_ms == rows[i].ts_ms);
        buf_fini(&event);
    }
}

/* One line for redis-cli, about the keys of the conversation: a % stands for
 * what they begin with. Answers the number that it is answered. */
static int64_t tell(struct fixture *f, const char *line) {
    struct resp_conn *admin = it_connect(&f->loop, it_shared_redis());
    struct it_said said;
    struct buf b;

    buf_init(&b);
    for (; *line != '\0'; line++) {
        if (*line == '%') {
            buf_addf(&b, "{c%s}", id_text(f->conv.v).s);
        } else {
            buf_add_byte(&b, (uint8_t)*line);
        }
    }
    buf_add_byte(&b, '\0');
    said = it_say(&f->loop, admin, (const char *)b.p);
    buf_fini(&b);
    resp_conn_close(&admin);
    return said.number;
}

enum {
    BEFORE = 40, /* events in the window before */
    THERE = 50,  /* and with those of the newest one */
};

/* A conversation whose meta is as it was before there was `state`, with two
 * windows and, since the first event, a time that events are kept. */
static void leave_before_state(struct fixture *f) {
    uint64_t window = noon_ms / HISTORY_WINDOW_MS;
    char line[256];

    for (size_t i = 1; i <= THERE; i++) {
        struct history_append in;
        char name[32];

        snprintf(name, sizeof(name), "m%zu", i);
        in = message(f, name);
        in.ts_ms = noon_ms + (i > BEFORE ? HISTORY_WINDOW_MS : 0);
        in.keep_ms = UINT64_C(10) * 365 * 86400 * 1000;
        assert_int_equal(append(f, in).out.seq.v, i);
    }
    assert_int_equal(tell(f, "HDEL %meta state"), 1);
    snprintf(line, sizeof(line),
             "EVAL return(redis.call('HSET',KEYS[1],'window',ARGV[1],'base',"
             "ARGV[3],'past',ARGV[2]..'\\32'..'0')) 1 %%meta %" PRIu64
             " %" PRIu64 " %d",
             window + 1, window, BEFORE);
    assert_int_equal(tell(f, line), 2); /* new ones */
}

/* Its names, its member version and that events were not to be kept for ever
 * are known before and after the next event, which leaves it in today's form.
 */
static void test_before_state(void **state) {
    struct fixture *f = *state;
    struct history_append in;

    leave_before_state(f);
    assert_known(f, THERE);
    in = message(f, "m51");
    in.ts_ms += HISTORY_WINDOW_MS;
    in.mver.v--;
    assert_int_equal(append(f, in).rc, RC_STALE);
    assert_true(tell(f, "PTTL %log:0") > 0);
    in.mver.v++;
    assert_int_equal(append(f, in).out.seq.v, THERE + 1);
    assert_int_equal(tell(f, "PTTL %log:0"), -1);
    assert_int_equal(tell(f, "HEXISTS %meta state"), 1);
    assert_int_equal(tell(f, "HDEL %meta base past"), 0);
    assert_int_equal(tell(f, "HSTRLEN %meta window"), 0);
    assert_known(f, THERE + 1);
    in = message(f, "m52");
    in.ts_ms += HISTORY_WINDOW_MS;
    in.mver.v--;
    assert_int_equal(append(f, in).rc, RC_STALE);
}

/* A conversation as an earlier version left it. */
static void test_before_marks(void **state) {
    struct fixture *f = *state;
    const struct {
        const char *name;
        uint64_t body;
        enum rc rc;
        uint64_t seq;
    } rows[] = {
        {"today", 0xabcdef, RC_OK, 2},
        {"today", 0x123456, RC_CONFLICT, 0},
        {"yesterday", 0xabcdef, RC_OK, 1},
        {"new", 0xabcdef, RC_OK, 3},
    };
    uint64_t window = noon_ms / HISTORY_WINDOW_MS;
    char line[256];

    snprintf(line, sizeof(line),
             "HSET %%meta head 2 ts 5 mver 1 ids %" PRIu64 " before %" PRIu64,
             window, window - 1);
    tell(f, line);
    tell(f, "RPUSH %log:0 one two");
    snprintf(line, sizeof(line),
             "HSET %%ids:%" PRIu64 " 0000000000007:today "
             "2:5:0000000000abcdef",
             window);
    tell(f, line);
    snprintf(line, sizeof(line),
             "HSET %%ids:%" PRIu64 " 0000000000007:yesterday "
             "1:4:0000000000abcdef",
             window - 1);
    tell(f, line);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            struct history_append in = message(f, rows[i].name);
            struct appended a;

            in.body_hash = rows[i].body;
            a = append(f, in);
            assert_row(rows[i].name, a.rc == rows[i].rc);
            assert_row(rows[i].name,
                       a.rc != RC_OK || a.out.seq.v == rows[i].seq);
            assert_row(rows[i].name,
                       a.rc != RC_OK ||
                           a.out.repeat == (rows[i].seq < 3 || round > 0));
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_many),         TEST(test_window_before), TEST(test_time),
        TEST(test_before_state), TEST(test_before_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
