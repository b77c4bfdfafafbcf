/* The small readers of moimctl: times, metrics, endpoints, key files, ends of
 * connections, typed commands and keys. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "moimctl/chat_input.h"
#include "moimctl/endpoints.h"
#include "moimctl/line_edit.h"
#include "moimctl/link.h"
#include "moimctl/metrics.h"
#include "moimctl/secret.h"
#include "moimctl/span.h"
#include "proto/base/macros.h"
#include "proto/wire/token_file.h"

static void test_span(void **state) {
    static const struct {
        const char *text;
        bool ok;
        uint64_t ms;
    } rows[] = {
        {"1ms", true, 1},
        {"90s", true, 90000},
        {"15m", true, 900000},
        {"1h", true, 3600000},
        {"30d", true, 2592000000},
        {"0s", true, 0},
        {"", false, 0},
        {"5", false, 0},
        {"s", false, 0},
        {"-5s", false, 0},
        {"5 s", false, 0},
        {"5sx", false, 0},
        {"05s", false, 0},
        {"1000000d", false, 0},
        {"9999999999999999999d", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t ms = 0;

        assert_row(rows[i].text,
                   span_parse(slice_str(rows[i].text), &ms) == rows[i].ok);
        assert_row(rows[i].text, ms == rows[i].ms);
    }
}

static void test_span_print(void **state) {
    static const struct {
        uint64_t ms;
        const char *want;
    } rows[] = {
        {0, "0 s"},
        {59999, "59 s"},
        {60000, "1 min"},
        {3599999, "59 min"},
        {3600000, "1 h"},
        {172799999, "47 h"},
        {172800000, "2 days"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out;

        buf_init(&out);
        span_print(&out, rows[i].ms);
        assert_row(rows[i].want, slice_is(buf_slice(&out), rows[i].want));
        buf_fini(&out);
    }
}

static void test_metrics(void **state) {
    static const char page[] = "# HELP a_total Things.\n"
                               "# TYPE a_total counter\n"
                               "a_total 7\n"
                               "a_total_more 8\n"
                               "b{kind=\"x y\"} 1\n"
                               "b{kind=\"z\"} 2 1700000000\n"
                               "c 1.75\n"
                               "sum_seconds 12.345678\n"
                               "bad 1.x\n"
                               "huge 99999999999999999999\n"
                               "d NaN\n"
                               "last 9";
    static const struct {
        const char *name;
        bool found;
        uint64_t value;
    } rows[] = {
        {"a_total", true, 7000},
        {"a_total_more", true, 8000},
        {"b", true, 3000},
        {"c", true, 1750},
        {"sum_seconds", true, 12345},
        {"bad", false, 0},
        {"huge", false, 0},
        {"d", false, 0},
        {"last", true, 9000},
        {"a", false, 0},
        {"TYPE", false, 0},
        {"missing", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t v = 0;

        assert_row(rows[i].name, metrics_get(slice_str(page), rows[i].name,
                                             &v) == rows[i].found);
        assert_row(rows[i].name, v == rows[i].value);
    }
}

static const char ports[] = "REDIS=unix:/tmp/x\n"
                            "MOIMCTL_URL=http://127.0.0.1:8080\n"
                            "HAPROXY=127.0.0.1:8080\n"
                            "PRESENCE1_INTERNAL=127.0.0.1:9084\n"
                            "GATEWAY1=127.0.0.1:8081\n"
                            "GATEWAY1_INTERNAL=127.0.0.1:9081\n"
                            "GATEWAY12=127.0.0.1:8092\n"
                            "GATEWAYS=no\n"
                            "nonsense\n";

static void test_endpoints(void **state) {
    static const struct {
        const char *name;
        const char *url;
    } health[] = {
        {"haproxy", "127.0.0.1:8080"},
        {"presence1", "127.0.0.1:9084"},
        {"gateway1", "127.0.0.1:8081"},
        {"gateway12", "127.0.0.1:8092"},
    };
    static struct endpoints e;

    (void)state;
    endpoints_parse(&e, slice_str(ports), ENDPOINTS_HEALTH);
    assert_int_equal(e.count, COUNT_OF(health));
    for (size_t i = 0; i < COUNT_OF(health); i++) {
        assert_row(health[i].name, strcmp(e.all[i].name, health[i].name) == 0);
        assert_row(health[i].name, strcmp(e.all[i].url, health[i].url) == 0);
    }
    e.count = 0;
    endpoints_parse(&e, slice_str(ports), ENDPOINTS_GATEWAY_METRICS);
    assert_int_equal(e.count, 1);
    assert_string_equal(e.all[0].url, "127.0.0.1:9081");
    for (unsigned i = 0; i < 2 * ENDPOINTS_MAX; i++) {
        endpoints_parse(&e, SLICE_LIT("GATEWAY1_INTERNAL=x:1"),
                        ENDPOINTS_GATEWAY_METRICS);
    }
    assert_int_equal(e.count, ENDPOINTS_MAX);
}

#define KEY64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F"

static void test_keys(void **state) {
    static const struct {
        const char *name;
        const char *text;
        enum rc want;
        unsigned line;
        size_t keys;
    } rows[] = {
        {"one", "k1 " KEY64 "\n", RC_OK, 1, 1},
        {"no newline", "k1 " KEY64, RC_OK, 1, 1},
        {"two and a comment", "# new\nk2 " KEY64 "\n\nk1 " KEY64 "\n", RC_OK, 4,
         2},
        {"dos", "k1 " KEY64 "\r\n", RC_OK, 1, 1},
        {"empty", "", RC_NOT_FOUND, 0, 0},
        {"only a comment", "# x\n", RC_NOT_FOUND, 1, 0},
        {"no key", "k1\n", RC_BAD_INPUT, 1, 0},
        {"too short", "k1 00\n", RC_BAD_INPUT, 1, 0},
        {"odd", "k1 " KEY64 "0\n", RC_BAD_INPUT, 1, 0},
        {"not hexadecimal", "k1 zz" KEY64 "\n", RC_BAD_INPUT, 1, 0},
        {"same id", "k1 " KEY64 "\nk1 " KEY64 "\n", RC_CONFLICT, 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct token_keys keys;
        unsigned line = 0;

        token_keys_init(&keys);
        assert_row(rows[i].name,
                   token_file_parse(slice_str(rows[i].text), &keys, &line) ==
                       rows[i].want);
        assert_row(rows[i].name, line == rows[i].line);
        assert_row(rows[i].name, keys.count == rows[i].keys);
        token_keys_fini(&keys);
    }
}

static void test_made_password(void **state) {
    struct buf a;
    struct buf b;

    (void)state;
    buf_init(&a);
    buf_init(&b);
    secret_make_password(&a);
    secret_make_password(&b);
    assert_int_equal(a.n, PASSWORD_MADE_LEN);
    assert_false(slice_eq(buf_slice(&a), buf_slice(&b)));
    for (size_t i = 0; i < a.n; i++) {
        assert_true(a.p[i] > ' ' && a.p[i] < 0x7f);
    }
    buf_fini(&a);
    buf_fini(&b);
}

static void test_link(void **state) {
    static const struct {
        const char *name;
        unsigned status;
        uint16_t code;
        enum link_verdict want;
    } rows[] = {
        {"lost", 0, 1006, LINK_RETRY},
        {"restart", 0, 1012, LINK_RETRY},
        {"slow", 0, 4000, LINK_RETRY},
        {"unknown, comes back", 0, 4444, LINK_RETRY},
        {"unknown, stays away", 0, 4999, LINK_GIVE_UP},
        {"broken client", 0, 4500, LINK_GIVE_UP},
        {"too many sessions", 0, 4505, LINK_GIVE_UP},
        {"expired", 0, 4002, LINK_LOGIN},
        {"unauthorized", 0, 4501, LINK_LOGIN},
        {"handshake: unauthorized", 401, 1006, LINK_LOGIN},
        {"handshake: full", 503, 1006, LINK_RETRY},
        {"handshake: too often", 429, 1006, LINK_RETRY},
        {"handshake: not there", 404, 1006, LINK_GIVE_UP},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   link_judge(rows[i].status, rows[i].code) == rows[i].want);
    }
}

static void test_link_describe(void **state) {
    static const struct {
        unsigned status;
        uint16_t code;
        const char *reason;
        const char *want;
    } rows[] = {
        {503, 1006, "", "refused with status 503"},
        {0, 1012, "", "the server restarts (1012)"},
        {0, 1012, "draining", "draining (1012)"},
        {0, 4321, "", "code 4321"},
        {0, 4000, "\033[2J", "\xef\xbf\xbd[2J (4000)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out;

        buf_init(&out);
        link_describe(&out, rows[i].status, rows[i].code,
                      slice_str(rows[i].reason));
        assert_row(rows[i].want, slice_is(buf_slice(&out), rows[i].want));
        buf_fini(&out);
    }
}

static void test_input(void **state) {
    static const struct {
        const char *line;
        enum chat_input_kind kind;
        const char *rest;
    } rows[] = {
        {"", INPUT_NOTHING, ""},
        {"  \t ", INPUT_NOTHING, ""},
        {"hello", INPUT_TEXT, "hello"},
        {"  two words \r", INPUT_TEXT, "two words"},
        {"안녕 /help", INPUT_TEXT, "안녕 /help"},
        {"//etc/passwd", INPUT_TEXT, "/etc/passwd"},
        {"/help", INPUT_HELP, ""},
        {"/list", INPUT_LIST, ""},
        {"/open bob", INPUT_OPEN, "bob"},
        {"/open   my group ", INPUT_OPEN, "my group"},
        {"/open", INPUT_NEEDS_NAME, ""},
        {"/open  ", INPUT_NEEDS_NAME, ""},
        {"/history", INPUT_HISTORY, ""},
        {"/who", INPUT_WHO, ""},
        {"/quit", INPUT_QUIT, ""},
        {"/quits", INPUT_UNKNOWN, "/quits"},
        {"/", INPUT_UNKNOWN, "/"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct chat_input in = chat_input_read(slice_str(rows[i].line));

        assert_row(rows[i].line, in.kind == rows[i].kind);
        assert_row(rows[i].line, slice_is(in.rest, rows[i].rest));
    }
}

static void test_line_edit(void **state) {
    static const struct {
        const char *name;
        const char *keys;
        const char *want;
        enum line_key last;
    } rows[] = {
        {"letters", "abc", "abc", KEY_CHANGED},
        {"enter", "abc\r", "abc", KEY_ENTER},
        {"backspace", "abc\x7f", "ab", KEY_CHANGED},
        {"backspace takes a syllable", "안녕\x7f", "안", KEY_CHANGED},
        {"backspace in nothing", "\x7f", "", KEY_CHANGED},
        {"word", "one two  \x17", "one ", KEY_CHANGED},
        {"line", "one two\x15", "", KEY_CHANGED},
        {"arrow", "a\033[Ab", "ab", KEY_CHANGED},
        {"arrow, other mode", "a\033OAb", "ab", KEY_CHANGED},
        {"long sequence", "a\033[1;5Db", "ab", KEY_CHANGED},
        {"alt letter", "\033xb", "b", KEY_CHANGED},
        {"tab", "a\tb", "a b", KEY_CHANGED},
        {"controls are no text", "a\x01\x02", "a", KEY_NOTHING},
        {"break", "abc\x03", "abc", KEY_BREAK},
        {"end in nothing", "\x04", "", KEY_END},
        {"end in a text", "a\x04", "a", KEY_NOTHING},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum line_key last = KEY_NOTHING;
        struct line_edit e;

        line_edit_init(&e);
        for (const char *key = rows[i].keys; *key != '\0'; key++) {
            last = line_edit_feed(&e, (uint8_t)*key);
        }
        assert_row(rows[i].name, last == rows[i].last);
        assert_row(rows[i].name, slice_is(buf_slice(&e.text), rows[i].want));
        line_edit_fini(&e);
    }
}

static void test_line_edit_limit(void **state) {
    struct line_edit e;

    (void)state;
    line_edit_init(&e);
    for (unsigned i = 0; i < 2 * LINE_EDIT_MAX; i++) {
        (void)line_edit_feed(&e, 'x');
    }
    assert_int_equal(e.text.n, LINE_EDIT_MAX);
    line_edit_fini(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_span),
        cmocka_unit_test(test_span_print),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_made_password),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_link_describe),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_line_edit),
        cmocka_unit_test(test_line_edit_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
