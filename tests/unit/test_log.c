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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logfmt),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_levels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
