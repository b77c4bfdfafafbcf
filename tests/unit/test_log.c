/* Log lines: one event is one line, whatever it says, and levels. */
#include "proto/base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

static const struct log_ctx ctx = {"test", 7};

/* What `say` writes to stderr. */
static void capture(char *out, size_t n, void (*say)(void)) {
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    ssize_t got;

    assert_non_null(file);
    assert_true(saved >= 0);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    say();
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    got = pread(fileno(file), out, n - 1, 0);
    assert_true(got >= 0);
    out[got] = '\0';
    (void)fclose(file);
}

static void say_plain(void) {
    log_info(&ctx, "hello", "key=%s", "value");
}

static void say_two_lines(void) {
    log_warn(&ctx, "tricky", "text=\"%s\"", "a\nlevel=error\x1b[1m");
}

static void say_long(void) {
    char text[4000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_error(&ctx, "long", "text=%s", text);
}

static void say_debug(void) {
    log_debug(&ctx, "detail", "n=%d", 1);
}

static size_t lines_in(const char *text) {
    size_t n = 0;

    for (; *text != '\0'; text++) {
        n += *text == '\n' ? 1 : 0;
    }
    return n;
}

static void test_logfmt(void **state) {
    char out[8192];

    (void)state;
    log_setup(LOG_INFO, LOG_LOGFMT, "n1");
    capture(out, sizeof(out), say_plain);
    assert_true(strncmp(out, "ts=20", 5) == 0);
    assert_non_null(strstr(out, "Z level=info node=n1 module=test id=7 "
                                "msg=hello key=value\n"));
    capture(out, sizeof(out), say_two_lines);
    assert_int_equal(lines_in(out), 1);
    assert_null(strchr(out, '\x1b'));
    capture(out, sizeof(out), say_long);
    assert_int_equal(lines_in(out), 1);
    assert_true(out[strlen(out) - 1] == '\n');
}

static void test_json(void **state) {
    char out[8192];

    (void)state;
    log_setup(LOG_INFO, LOG_JSON, "n1");
    capture(out, sizeof(out), say_two_lines);
    assert_int_equal(lines_in(out), 1);
    assert_non_null(strstr(out, "\"level\":\"warn\",\"node\":\"n1\","));
    assert_non_null(
        strstr(out, "\"data\":\"text=\\\"a?level=error?[1m\\\"\"}"));
}

static void test_levels(void **state) {
    char out[1024];

    (void)state;
    log_setup(LOG_WARN, LOG_LOGFMT, "n1");
    assert_true(log_wants(LOG_ERROR) && log_wants(LOG_WARN));
    assert_false(log_wants(LOG_INFO));
    capture(out, sizeof(out), say_plain);
    assert_string_equal(out, "");
    log_set_level(LOG_DEBUG);
    capture(out, sizeof(out), say_debug);
    assert_non_null(strstr(out, "msg=detail n=1"));
    assert_int_equal(log_dropped(), 0);
}

/* Nobody reads the pipe: lines are lost and counted, and nothing waits. */
static void test_full_pipe(void **state) {
    int ends[2];
    int saved = dup(STDERR_FILENO);
    uint64_t dropped = log_dropped();

    (void)state;
    log_setup(LOG_INFO, LOG_LOGFMT, "n1");
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    alarm(60); /* a failure would hang */
    for (int i = 0; i < 10000; i++) {
        say_plain();
    }
    alarm(0);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_true(log_dropped() > dropped);
    assert_true(log_dropped() < dropped + 10000);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

static unsigned say_from;
static unsigned say_count;

static void say_many(void) {
    for (unsigned i = 0; i < say_count; i++) {
        log_warn(&ctx, i % 2 == 0 ? "many" : "more", "n=%u", say_from + i);
    }
}

/* 238 letters and characters of three bytes: one would be cut. */
static void say_hangul(void) {
    char text[400] = "";
    size_t n = 0;

    for (; n < 238; n++) {
        text[n] = 'x';
    }
    snprintf(text + n, sizeof(text) - n, "%s", "모임");
    log_error(&ctx, "hangul", "%s", text);
}

static void say_again(void) {
    for (unsigned i = 0; i < 3; i++) {
        log_warn(&ctx, "again", "n=%u", i);
    }
}

static void test_kept(void **state) {
    const struct log_kept *k;
    char out[8192];

    (void)state;
    log_setup(LOG_DEBUG, LOG_LOGFMT, "n1");
    say_from = 100;
    say_count = LOG_KEPT_LINES + 7;
    capture(out, sizeof(out), say_many);
    capture(out, sizeof(out), say_plain); /* no warning: not kept */
    k = log_kept_at(0);
    assert_non_null(k);
    assert_int_equal(k->level, LOG_WARN);
    assert_string_equal(k->module, "test");
    assert_string_equal(k->event, "many");
    assert_string_equal(k->pairs, "n=156");
    assert_int_equal(strlen(k->ts), strlen("2026-11-21T15:08:23.001Z"));
    assert_string_equal(log_kept_at(LOG_KEPT_LINES - 1)->pairs, "n=107");
    assert_null(log_kept_at(LOG_KEPT_LINES));
    capture(out, sizeof(out), say_two_lines);
    assert_string_equal(log_kept_at(0)->pairs, "text=\"a?level=error?[1m\"");
    capture(out, sizeof(out), say_hangul);
    assert_int_equal(log_kept_at(0)->level, LOG_ERROR);
    assert_int_equal(log_kept_at(0)->times, 1);
    assert_int_equal(strlen(log_kept_at(0)->pairs), 238);
    capture(out, sizeof(out), say_again);
    assert_int_equal(lines_in(out), 3);
    assert_string_equal(log_kept_at(0)->event, "again");
    assert_string_equal(log_kept_at(0)->pairs, "n=2");
    assert_int_equal(log_kept_at(0)->times, 3);
    assert_string_equal(log_kept_at(1)->event, "hangul");
}

static void test_few_are_kept(void **state) {
    (void)state;
    assert_null(log_kept_at(0));
    assert_string_equal(log_level_name(LOG_WARN), "warn");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_are_kept), /* first: nothing was said */
        cmocka_unit_test(test_logfmt),       cmocka_unit_test(test_json),
        cmocka_unit_test(test_levels),       cmocka_unit_test(test_kept),
        cmocka_unit_test(test_full_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
