/* Settings: each kind of value, each source, and what is printed. */
#include "tests/unit/assert_row.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/conf_fixture.h"

static void test_defaults(void **state) {
    struct run r;

    (void)state;
    assert_int_equal(load(&r, SECRET, NULL, NULL), RC_OK);
    assert_string_equal(r.errors, "");
    assert_int_equal(r.s.port, 8080);
    assert_int_equal(r.s.idle_ms, 75000);
    assert_int_equal(r.s.queue_bytes, 1 << 20);
    assert_false(r.s.tls);
    assert_int_equal(r.s.level, LEVEL_INFO);
    assert_string_equal(r.s.name, "moim");
    assert_string_equal(r.s.secret, "hunter22");
    unload(&r);
}

/* Each source wins over the one before it. */
static void test_order(void **state) {
    static const char *const env[] = {
        "MOIM_GATEWAY__IDLE=20s",    "MOIM_GATEWAY__TLS=yes",
        "MOIM_GATEWAY__QUEUE_SIZE=", "HOME=/root",
        "MOIM_BIN=/not/ours",        "MOIM_=not ours either",
        "MOIMX_GATEWAY__PORT=1",     "gateway__port=1",
        "MOIM_LOG__NAME=env=1",      NULL,
    };
    static const char *const args[] = {
        "--gateway.tls=no", "--log.level", "warn", "--log.name=--x", NULL,
    };
    struct run r;

    (void)state;
    assert_int_equal(load(&r,
                          SECRET "[gateway]\nport = 81\nidle = 10s\ntls=off\n"
                                 "queue_size = 64KiB\n",
                          env, args),
                     RC_OK);
    assert_int_equal(r.s.port, 81);
    assert_int_equal(r.s.idle_ms, 20000);
    assert_int_equal(r.s.queue_bytes, 65536); /* an empty one is unset */
    assert_false(r.s.tls);
    assert_int_equal(r.s.level, LEVEL_WARN);
    assert_string_equal(r.s.name, "--x");
    unload(&r);
}

static void test_values(void **state) {
    static const struct {
        const char *flag;
        size_t offset; /* of a uint64_t */
        uint64_t want; /* 0: refused */
    } rows[] = {
        {"--gateway.port=1", AT(port), 1},
        {"--gateway.port=65535", AT(port), 65535},
        {"--gateway.port=0", AT(port), 0},
        {"--gateway.port=65536", AT(port), 0},
        {"--gateway.port=", AT(port), 0},
        {"--gateway.port=-1", AT(port), 0},
        {"--gateway.port=+1", AT(port), 0},
        {"--gateway.port=080", AT(port), 0},
        {"--gateway.port=80.0", AT(port), 0},
        {"--gateway.port=80 ", AT(port), 0},
        {"--gateway.port=0x50", AT(port), 0},
        {"--gateway.port=80s", AT(port), 0},
        {"--gateway.port=18446744073709551696", AT(port), 0},
        {"--gateway.idle=1s", AT(idle_ms), 1000},
        {"--gateway.idle=1500ms", AT(idle_ms), 1500},
        {"--gateway.idle=2m", AT(idle_ms), 120000},
        {"--gateway.idle=1h", AT(idle_ms), 3600000},
        {"--gateway.idle=999ms", AT(idle_ms), 0},
        {"--gateway.idle=61m", AT(idle_ms), 0},
        {"--gateway.idle=1d", AT(idle_ms), 0},
        {"--gateway.idle=25", AT(idle_ms), 0},
        {"--gateway.idle=25 s", AT(idle_ms), 0},
        {"--gateway.idle=25S", AT(idle_ms), 0},
        {"--gateway.idle=25sec", AT(idle_ms), 0},
        {"--gateway.idle=s", AT(idle_ms), 0},
        {"--gateway.idle=1.5s", AT(idle_ms), 0},
        {"--gateway.idle=9999999999999999999d", AT(idle_ms), 0},
        {"--gateway.queue_size=4096", AT(queue_bytes), 4096},
        {"--gateway.queue_size=64KiB", AT(queue_bytes), 65536},
        {"--gateway.queue_size=2MiB", AT(queue_bytes), 2 << 20},
        {"--gateway.queue_size=64MiB", AT(queue_bytes), 64 << 20},
        {"--gateway.queue_size=1GiB", AT(queue_bytes), 0},
        {"--gateway.queue_size=64KB", AT(queue_bytes), 0},
        {"--gateway.queue_size=64k", AT(queue_bytes), 0},
        {"--gateway.queue_size=4095", AT(queue_bytes), 0},
        {"--gateway.queue_size=9999999999999999GiB", AT(queue_bytes), 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *args[] = {rows[i].flag, NULL};
        struct run r;
        uint64_t got = 0;
        enum rc rc = load(&r, SECRET, NULL, args);

        memcpy(&got, (const char *)&r.s + rows[i].offset, sizeof(got));
        assert_row(rows[i].flag, (rc == RC_OK) == (rows[i].want != 0));
        assert_row(rows[i].flag, rows[i].want == 0 || got == rows[i].want);
        assert_row(rows[i].flag, (rc == RC_OK) == (r.errors_len == 0));
        unload(&r);
    }
}

static void test_bools(void **state) {
    static const struct {
        const char *flag;
        enum rc rc;
        bool want;
    } rows[] = {
        {"--gateway.tls=yes", RC_OK, true},
        {"--gateway.tls=true", RC_OK, true},
        {"--gateway.tls=on", RC_OK, true},
        {"--gateway.tls=no", RC_OK, false},
        {"--gateway.tls=false", RC_OK, false},
        {"--gateway.tls=off", RC_OK, false},
        {"--gateway.tls=1", RC_BAD_INPUT, false},
        {"--gateway.tls=Yes", RC_BAD_INPUT, false},
        {"--gateway.tls=", RC_BAD_INPUT, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *args[] = {rows[i].flag, NULL};
        struct run r;

        assert_row(rows[i].flag, load(&r, SECRET, NULL, args) == rows[i].rc);
        assert_row(rows[i].flag, r.s.tls == rows[i].want);
        unload(&r);
    }
}

/* What inih would understand otherwise, or not at all. */
static void test_file_form(void **state) {
    char long_line[5000];
    struct run r;

    (void)state;
    assert_int_equal(load(&r,
                          "\xef\xbb\xbf[auth] ; comment\r\n"
                          "  secret = a b;c=d  ; comment\r\n"
                          "# comment\n; comment\n\n"
                          "[log]\n"
                          "level : warn\n"
                          "   name = indented", /* no continuation */
                          NULL, NULL),
                     RC_OK);
    assert_string_equal(r.s.secret, "a b;c=d");
    assert_string_equal(r.s.name, "indented");
    assert_int_equal(r.s.level, LEVEL_WARN);
    unload(&r);

    snprintf(long_line, sizeof(long_line), "[auth]\nsecret = %0*d\n", 3000, 7);
    assert_int_equal(load(&r, long_line, NULL, NULL), RC_OK);
    assert_int_equal(strlen(r.s.secret), 3000);
    unload(&r);

    snprintf(long_line, sizeof(long_line), "[auth]\nsecret = %0*d\n", 4500, 7);
    assert_int_equal(load(&r, long_line, NULL, NULL), RC_BAD_INPUT);
    assert_true(strncmp(r.errors, "moim.conf:2: longer than", 24) == 0);
    unload(&r);
}

static void test_value_files(void **state) {
    static const struct {
        const char *name;
        const char *bytes;
        size_t n;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"plain", "hunter22", 8, "hunter22"},
        {"newline", "hunter22\n", 9, "hunter22"},
        {"two newlines", "hunter22\n\n", 10, "hunter22\n"},
        {"lines", "one\ntwo\n", 8, "one\ntwo"},
        {"spaces stay", " x y ", 5, " x y "},
        {"too short", "abc\n", 4, NULL},
        {"empty", "", 0, NULL},
        {"NUL", "hunter\0", 7, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char variable[160];
        char flag[160];
        const char *env[] = {variable, NULL};
        const char *args[] = {flag, NULL};
        const char *path = put_file("secret", rows[i].bytes, rows[i].n);
        enum rc want = rows[i].want == NULL ? RC_BAD_INPUT : RC_OK;
        struct run r;

        snprintf(variable, sizeof(variable), "MOIM_AUTH__SECRET_FILE=%s", path);
        snprintf(flag, sizeof(flag), "--auth.secret_file=%s", path);
        assert_row(rows[i].name, load(&r, NULL, env, NULL) == want);
        assert_row(rows[i].name, rows[i].want == NULL ||
                                     strcmp(r.s.secret, rows[i].want) == 0);
        unload(&r);
        assert_row(rows[i].name, load(&r, SECRET, NULL, args) == want);
        assert_row(rows[i].name, rows[i].want == NULL ||
                                     strcmp(r.s.secret, rows[i].want) == 0);
        unload(&r);
    }
}

/* What one of the three prints, valid until the next call. */
static char *printed(void (*print)(FILE *to, const void *what),
                     const void *what) {
    static char text[4096];
    FILE *to = fmemopen(text, sizeof(text), "w");

    print(to, what);
    fclose(to); /* ends it with a NUL */
    return text;
}

static void print_values(FILE *to, const void *what) {
    conf_print_values(what, to);
}

static void print_example(FILE *to, const void *what) {
    conf_print_example(what, to);
}

static void print_help_40(FILE *to, const void *what) {
    conf_print_help(what, to, 40);
}

static void print_help_any(FILE *to, const void *what) {
    conf_print_help(what, to, 0); /* no terminal: 80 */
}

static void test_print_values(void **state) {
    static const char *const env[] = {"MOIM_GATEWAY__IDLE=90s", NULL};
    const char *args[] = {"--gateway.tls=on", NULL, NULL};
    static const char want[] = "[gateway]\n"
                               "port = 81 ; moim.conf:4\n"
                               "idle = 90s ; MOIM_GATEWAY__IDLE\n"
                               "queue_size = 1MiB ; default\n"
                               "tls = yes ; --gateway.tls\n"
                               "\n[log]\n"
                               "level = info ; default\n"
                               "name = a?b ; --log.name_file\n"
                               "\n[auth]\n"
                               "secret = ******** ; moim.conf:2\n";
    char flag[160];
    struct run r;
    char *text;

    (void)state;
    snprintf(flag, sizeof(flag), "--log.name_file=%s",
             put_file("name", "a\nb\n", 4));
    args[1] = flag;
    assert_int_equal(load(&r, SECRET "[gateway]\nport=81\n", env, args), RC_OK);
    text = printed(print_values, r.conf);
    cut_dir(text);
    assert_string_equal(text, want);
    unload(&r);
}

/* What is printed is a file that loads to the same values, and the example
 * without its '#' is one that loads to the defaults. */
static void test_reads_back(void **state) {
    static const char *const args[] = {"--gateway.idle=90s",
                                       "--gateway.queue_size=5000",
                                       "--log.level=warn", NULL};
    static const char *const env[] = {"MOIM_AUTH__SECRET=********", NULL};
    struct run r;
    struct run again;
    char *text;

    (void)state;
    assert_int_equal(load(&r, NULL, env, args), RC_OK);
    text = printed(print_values, r.conf);
    assert_int_equal(load(&again, text, NULL, NULL), RC_OK);
    assert_int_equal(again.s.port, r.s.port);
    assert_int_equal(again.s.idle_ms, 90000);
    assert_int_equal(again.s.queue_bytes, 5000);
    assert_int_equal(again.s.level, LEVEL_WARN);
    assert_string_equal(again.s.name, r.s.name);
    unload(&again);
    unload(&r);

    text = printed(print_example, &table);
    assert_int_equal(load(&r, text, env, NULL), RC_OK);
    unload(&r);
    for (char *at = text; (at = strstr(at, "\n#")) != NULL; at++) {
        if (at[2] != ' ') { /* a setting, not a comment */
            at[1] = ' ';
        }
    }
    assert_int_equal(load(&r, text, env, NULL), RC_BAD_INPUT);
    assert_non_null(strstr(r.errors, " [auth] secret: expected a text"));
    assert_null(strchr(strchr(r.errors, '\n') + 1, '\n')); /* nothing else */
    unload(&r);
}

static void test_help(void **state) {
    static const char *const wanted[] = {
        "[gateway]\n  --gateway.port=8080\n      TCP port: a number",
        "\n[auth]\n  --auth.secret_file=\n",
        "(required)",
        "one of error, warn, info",
    };
    char *text = printed(print_help_any, &table);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_row(wanted[i], strstr(text, wanted[i]) != NULL);
    }
    text = printed(print_help_40, &table);
    for (const char *line = text; *line != '\0';
         line += strcspn(line, "\n") + 1) {
        assert_true(strcspn(line, "\n") <= 40);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_order),
        cmocka_unit_test(test_values),       cmocka_unit_test(test_bools),
        cmocka_unit_test(test_file_form),    cmocka_unit_test(test_value_files),
        cmocka_unit_test(test_print_values), cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, conf_setup, conf_teardown);
}
