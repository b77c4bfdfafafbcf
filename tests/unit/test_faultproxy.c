/* What the fault proxy decides: where units of RESP end, what a line of its
 * control changes, and what a plan does to a connection. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rand.h"
#include "tests/fault/proxy/plan.h"
#include "tests/fault/proxy/resp_cut.h"
#include "tests/fault/proxy/resp_filter.h"

enum {
    MANY = 2000,
};

/* Units of RESP. */

static const struct {
    const char *name;
    const char *in;
    enum parse want;
    size_t len; /* 0: all of `in` */
    size_t items;
    const char *first;
} cuts[] = {
    {"status", "+OK\r\n", PARSE_OK, 0, 0, ""},
    {"error", "-ERR no\r\n", PARSE_OK, 0, 0, ""},
    {"number", ":-12\r\n", PARSE_OK, 0, 0, ""},
    {"string", "$3\r\na\r\n\r\n", PARSE_OK, 0, 0, ""},
    {"nil", "$-1\r\n", PARSE_OK, 0, 0, ""},
    {"nil array", "*-1\r\n", PARSE_OK, 0, 0, ""},
    {"empty array", "*0\r\n", PARSE_OK, 0, 0, ""},
    {"command", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", PARSE_OK, 0, 2, "GET"},
    {"nested", "*2\r\n*1\r\n:1\r\n$1\r\nx\r\n", PARSE_OK, 0, 2, ""},
    {"status first", "*2\r\n+a\r\n$1\r\nx\r\n", PARSE_OK, 0, 2, ""},
    {"two", "+OK\r\n:1\r\n", PARSE_OK, 5, 0, ""},
    {"no type", "hello\r\n", PARSE_BAD, 0, 0, ""},
    {"bad size", "$x\r\n", PARSE_BAD, 0, 0, ""},
    {"bad count", "*-2\r\n", PARSE_BAD, 0, 0, ""},
    {"too large", "$99999999999\r\n", PARSE_BAD, 0, 0, ""},
    {"bad inside", "*1\r\n!\r\n", PARSE_BAD, 0, 0, ""},
};

static void test_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        struct slice in = slice_str(cuts[i].in);
        size_t len = cuts[i].len == 0 ? in.n : cuts[i].len;
        struct resp_unit unit;
        enum parse parse = resp_cut(in, &unit);

        assert_row(cuts[i].name, parse == cuts[i].want);
        if (parse == PARSE_OK) {
            assert_row(cuts[i].name, unit.len == len);
            assert_row(cuts[i].name, unit.items == cuts[i].items);
            assert_row(cuts[i].name, slice_is(unit.first, cuts[i].first));
        }
        for (size_t n = 0; cuts[i].want == PARSE_OK && n < len; n++) {
            assert_row(cuts[i].name,
                       resp_cut(slice_take(in, n), &unit) == PARSE_MORE);
        }
    }
}

/* Lines of the control. */

static const struct {
    const char *line;
    enum rc want;
} lines[] = {
    {"up latency 30 5", RC_OK},
    {"down rate 1000", RC_OK},
    {"up slice 1", RC_OK},
    {"down limit_bytes 100 reset", RC_OK},
    {"down limit_bytes 100 stall", RC_OK},
    {"up hold", RC_OK},
    {"down blackhole", RC_OK},
    {"drop_reply EVALSHA 3 stall", RC_OK},
    {"drop_cmd SPUBLISH 1 reset", RC_OK},
    {"delay_cmd SSUBSCRIBE 5 500", RC_OK},
    {"inject EVALSHA 9 -MISCONF no disk", RC_OK},
    {"pubsub_drop 1000", RC_OK},
    {"pubsub_dup 200", RC_OK},
    {"pubsub_reorder 8", RC_OK},
    {"refuse", RC_OK},
    {"accept_then_close", RC_OK},
    {"allow", RC_OK},
    {"clear", RC_OK},
    {"", RC_NOT_FOUND},
    {"dance", RC_NOT_FOUND},
    {"up", RC_NOT_FOUND},
    {"up dance", RC_NOT_FOUND},
    {"up latency 30", RC_BAD_INPUT},
    {"up latency x 1", RC_BAD_INPUT},
    {"up limit_bytes 1 perhaps", RC_BAD_INPUT},
    {"up hold it", RC_BAD_INPUT},
    {"pubsub_drop 1001", RC_BAD_INPUT},
    {"pubsub_reorder 65", RC_BAD_INPUT},
    {"drop_reply EVALSHA", RC_BAD_INPUT},
    {"drop_reply EVALSHA 1 perhaps", RC_BAD_INPUT},
    {"inject EVALSHA 1", RC_BAD_INPUT},
    {"delay_cmd THIS_NAME_IS_TOO_LONG_FOR_A_COMMAND 1 1", RC_BAD_INPUT},
    {"clear all", RC_BAD_INPUT},
};

static enum rc apply(struct plan *p, const char *line) {
    struct slice words[PLAN_WORDS_MAX];
    size_t count = plan_words(slice_str(line), words);

    return plan_apply(p, words, count);
}

static void test_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct plan p = {.limits = 0};

        assert_row(lines[i].line, apply(&p, lines[i].line) == lines[i].want);
    }
}

static void test_clear_keeps_the_counts(void **state) {
    struct plan p = {.limits = 0};
    struct buf text;

    (void)state;
    assert_int_equal(apply(&p, "up latency 30 5"), RC_OK);
    assert_int_equal(apply(&p, "pubsub_drop 500"), RC_OK);
    p.counts.delayed = 7;
    assert_int_equal(apply(&p, "clear"), RC_OK);
    assert_int_equal(p.flows[PLAN_UP].latency_ms, 0);
    assert_int_equal(p.pubsub_drop, 0);
    buf_init(&text);
    plan_counts_text(&p.counts, &text);
    buf_add_byte(&text, 0);
    assert_non_null(strstr((const char *)text.p, " delayed=7 "));
    buf_fini(&text);
}

/* A connection. */

struct wire {
    struct plan plan;
    struct rand rand;
    struct resp_filter filter;
    struct buf up;
    struct buf down;
    uint64_t delay_ms;
    enum filter_verdict verdict;
};

static void wire_open(struct wire *w, const char *line) {
    memset(w, 0, sizeof(*w));
    rand_seed(&w->rand, 7);
    resp_filter_init(&w->filter, &w->plan, &w->rand);
    assert_int_equal(apply(&w->plan, line), RC_OK);
}

static void wire_close(struct wire *w) {
    resp_filter_fini(&w->filter);
    buf_fini(&w->up);
    buf_fini(&w->down);
}

static void up(struct wire *w, struct slice in) {
    w->verdict = resp_filter_up(&w->filter, in, &w->up, &w->down, &w->delay_ms);
}

static void down(struct wire *w, struct slice in) {
    w->verdict = resp_filter_down(&w->filter, in, &w->down);
}

static void say_up(struct wire *w, const char *in) {
    up(w, slice_str(in));
}

static void say_down(struct wire *w, const char *in) {
    down(w, slice_str(in));
}

static void say_in_steps(struct wire *w, const char *text, size_t step,
                         void (*say)(struct wire *w, struct slice in)) {
    struct slice rest = slice_str(text);

    while (rest.n > 0) {
        size_t n = rest.n < step ? rest.n : step;

        say(w, slice_take(rest, n));
        rest = slice_drop(rest, n);
    }
}

static void assert_out(const char *row, const struct buf *b, const char *want) {
    assert_row(row, slice_is(buf_slice(b), want));
}

#define GET "*1\r\n$3\r\nGET\r\n"
#define EVAL "*1\r\n$7\r\nEVALSHA\r\n"

static void test_a_reply_is_lost(void **state) {
    struct wire w;

    (void)state;
    wire_open(&w, "drop_reply evalsha 1 stall");
    say_up(&w, GET EVAL GET);
    assert_out("all commands go on", &w.up, GET EVAL GET);
    say_down(&w, "+a\r\n+b\r\n+c\r\n");
    assert_out("nothing behind the loss", &w.down, "+a\r\n");
    assert_int_equal(w.verdict, FILTER_STALL);
    assert_int_equal(w.plan.counts.reply_dropped, 1);
    wire_close(&w);
}

static void test_a_command_is_lost(void **state) {
    struct wire w;

    (void)state;
    wire_open(&w, "drop_cmd EVALSHA 1 reset");
    say_up(&w, GET EVAL GET);
    assert_out("nothing behind the loss", &w.up, GET);
    assert_int_equal(w.verdict, FILTER_RESET);
    assert_int_equal(w.plan.counts.command_dropped, 1);
    wire_close(&w);
}

static void test_an_error_stands_in_its_place(void **state) {
    struct wire w;

    (void)state;
    wire_open(&w, "inject EVALSHA 2 -MISCONF no disk");
    say_up(&w, EVAL GET EVAL GET EVAL);
    assert_out("others go on", &w.up, GET GET EVAL);
    assert_out("the first at once", &w.down, "-MISCONF no disk\r\n");
    say_down(&w, "+a\r\n");
    assert_out("the second after what was asked before", &w.down,
               "-MISCONF no disk\r\n+a\r\n-MISCONF no disk\r\n");
    say_down(&w, "+b\r\n+c\r\n");
    assert_out("the third is Redis' own", &w.down,
               "-MISCONF no disk\r\n+a\r\n-MISCONF no disk\r\n+b\r\n+c\r\n");
    assert_int_equal(w.plan.counts.error_injected, 2);
    wire_close(&w);
}

static void test_subscribing_is_answered_often(void **state) {
    struct wire w;

    (void)state;
    wire_open(&w, "drop_reply GET 1 stall");
    say_up(&w, "*3\r\n$10\r\nSSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n" GET);
    say_down(&w, "*1\r\n$10\r\nssubscribe\r\n*1\r\n$10\r\nssubscribe\r\n");
    assert_int_equal(w.verdict, FILTER_ON);
    say_down(&w, "+mine\r\n");
    assert_int_equal(w.verdict, FILTER_STALL);
    wire_close(&w);
}

static void test_a_command_is_late(void **state) {
    struct wire w;

    (void)state;
    wire_open(&w, "delay_cmd EVALSHA 1 500");
    say_up(&w, GET EVAL);
    assert_int_equal(w.delay_ms, 500);
    say_up(&w, EVAL);
    assert_int_equal(w.delay_ms, 0);
    wire_close(&w);
}

#define MESSAGE(digit) "*2\r\n$8\r\nsmessage\r\n$1\r\n" digit "\r\n"
#define TEN                                                                    \
    MESSAGE("0")                                                               \
    MESSAGE("1")                                                               \
    MESSAGE("2")                                                               \
    MESSAGE("3")                                                               \
    MESSAGE("4")                                                               \
    MESSAGE("5") MESSAGE("6") MESSAGE("7") MESSAGE("8") MESSAGE("9")

static void test_messages_are_dropped_and_doubled(void **state) {
    static const struct {
        const char *line;
        uint64_t least; /* messages that arrive of 10 * MANY */
        uint64_t most;
    } rows[] = {
        {"pubsub_drop 0", 20000, 20000},   {"pubsub_drop 200", 15700, 16300},
        {"pubsub_drop 1000", 0, 0},        {"pubsub_dup 200", 23700, 24300},
        {"pubsub_dup 1000", 40000, 40000}, {"pubsub_reorder 8", 20000, 20000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct wire w;
        uint64_t count;

        wire_open(&w, rows[i].line);
        for (size_t k = 0; k < MANY; k++) {
            say_down(&w, TEN);
        }
        resp_filter_release(&w.filter, &w.down);
        count = w.down.n / strlen(MESSAGE("0"));
        assert_row(rows[i].line, count >= rows[i].least);
        assert_row(rows[i].line, count <= rows[i].most);
        assert_row(rows[i].line, count == w.plan.counts.pubsub_passed +
                                              w.plan.counts.pubsub_doubled);
        wire_close(&w);
    }
}

/* All come, in another order, and before the reply behind them. */
static void test_messages_are_reordered(void **state) {
    struct wire w;
    unsigned seen = 0;

    (void)state;
    wire_open(&w, "pubsub_reorder 4");
    say_down(&w, TEN);
    say_down(&w, "+PONG\r\n");
    assert_int_equal(w.down.n, strlen(TEN "+PONG\r\n"));
    assert_memory_not_equal(w.down.p, TEN, strlen(TEN));
    assert_memory_equal(w.down.p + strlen(TEN), "+PONG\r\n", 7);
    for (size_t i = 0; i < 10; i++) {
        size_t at = (i + 1) * strlen(MESSAGE("0")) - 3;

        seen |= BIT(w.down.p[at] - '0');
    }
    assert_int_equal(seen, BIT(10) - 1);
    assert_true(w.plan.counts.pubsub_reordered > 0);
    wire_close(&w);
}

/* However the network cuts it, the same comes out. */
static void test_cuts_do_not_matter(void **state) {
    (void)state;
    for (size_t step = 1; step < 40; step++) {
        struct wire w;

        wire_open(&w, "inject EVALSHA 1 -ERR x");
        say_in_steps(&w, GET EVAL GET EVAL GET, step, up);
        say_in_steps(
            &w,
            "+a\r\n" MESSAGE("1") "$3\r\nb\r\n\r\n" MESSAGE("2") ":3\r\n+d\r\n",
            step, down);
        assert_out("up", &w.up, GET GET EVAL GET);
        assert_out("down", &w.down,
                   "+a\r\n-ERR x\r\n" MESSAGE("1") "$3\r\nb\r\n\r\n" MESSAGE(
                       "2") ":3\r\n+d\r\n");
        wire_close(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_clear_keeps_the_counts),
        cmocka_unit_test(test_a_reply_is_lost),
        cmocka_unit_test(test_a_command_is_lost),
        cmocka_unit_test(test_an_error_stands_in_its_place),
        cmocka_unit_test(test_subscribing_is_answered_often),
        cmocka_unit_test(test_a_command_is_late),
        cmocka_unit_test(test_messages_are_dropped_and_doubled),
        cmocka_unit_test(test_messages_are_reordered),
        cmocka_unit_test(test_cuts_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
