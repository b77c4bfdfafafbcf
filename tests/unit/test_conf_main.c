/* The command line that our processes share: what is printed and where to,
 * and how it ends. */
#include "proto/base/conf_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/assert_row.h"

struct settings {
    uint64_t port;
    char *name;
};

#define AT(field) offsetof(struct settings, field)

static const struct conf_key keys[] = {
    {"gateway", "port", CONF_COUNT, AT(port), "8080", 1, 65535, "TCP port",
     NULL},
    {"gateway", "name", CONF_TEXT, AT(name), "moim", 1, 8, "who speaks", NULL},
};

static const struct conf_table table = {keys, COUNT_OF(keys)};
static const struct conf_program program = {"moim-test", "1.2.3", &table};

enum {
    ARGS_MAX = 8,
    TEXT_MAX = 8192,
    FLAGS = 64, /* that one command line may have */
};

/* One run, with what it wrote to each of the two. */
struct run {
    struct conf *conf;
    struct settings settings;
    int status;
    char out[TEXT_MAX];
    char err[TEXT_MAX];
};

/* What goes to `fd` goes to a file from now on; answers where it went. */
static int divert(FILE *to, FILE *file) {
    int kept;

    fflush(to);
    kept = dup(fileno(to));
    assert_true(kept >= 0);
    assert_true(dup2(fileno(file), fileno(to)) >= 0);
    return kept;
}

static void restore(FILE *to, int kept, FILE *file, char *text) {
    fflush(to);
    assert_true(dup2(kept, fileno(to)) >= 0);
    close(kept);
    rewind(file);
    text[fread(text, 1, TEXT_MAX - 1, file)] = '\0';
    fclose(file);
}

static void run(struct run *r, int argc, char **argv) {
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    int kept_out = divert(stdout, out);
    int kept_err = divert(stderr, err);

    *r = (struct run){.conf = NULL};
    r->status = conf_main(&r->conf, &program, &r->settings, argc, argv);
    restore(stdout, kept_out, out, r->out);
    restore(stderr, kept_err, err, r->err);
}

static const struct row {
    const char *name;
    const char *args[ARGS_MAX]; /* behind the program's name */
    int status;
    const char *out; /* stands in it; NULL: it is empty */
    const char *err;
    uint64_t port; /* when it goes on */
} rows[] = {
    {"nothing", {NULL}, CONF_MAIN_GO_ON, NULL, NULL, 8080},
    {"a flag", {"--gateway.port=9"}, CONF_MAIN_GO_ON, NULL, NULL, 9},
    {"a bad value",
     {"--gateway.port=x"},
     EXIT_CONFIG,
     NULL,
     "--gateway.port: ",
     0},
    {"no such setting",
     {"--gateway.prot=9"},
     EXIT_CONFIG,
     NULL,
     "gateway.port",
     0},
    {"a file that is not there",
     {"--config", "/nonexistent/moim.conf"},
     EXIT_CONFIG,
     NULL,
     "/nonexistent/moim.conf",
     0},
    {"a file without its name", {"--config"}, EXIT_CONFIG, NULL, "--config", 0},
    {"no flag at all", {"port"}, EXIT_CONFIG, NULL, "port", 0},
    {"help", {"--help"}, 0, "usage: moim-test --config FILE", NULL, 0},
    {"the settings in the help", {"--help"}, 0, "TCP port", NULL, 0},
    {"how it may end, in the help", {"--help"}, 0, "78 bad settings", NULL, 0},
    {"version", {"--version"}, 0, "moim-test 1.2.3\n", NULL, 0},
    {"an example", {"--example"}, 0, "[gateway]\n", NULL, 0},
    {"the first that prints",
     {"--gateway.port=x", "--version", "--help"},
     0,
     "moim-test 1.2.3\n",
     NULL,
     0},
    {"check", {"--check", "--gateway.port=9"}, 0, "port = 9", NULL, 0},
    {"check what is wrong",
     {"--gateway.port=0", "--check"},
     EXIT_CONFIG,
     NULL,
     "--gateway.port: ",
     0},
};

static bool stands_in(const char *text, const char *want) {
    return want == NULL ? text[0] == '\0' : strstr(text, want) != NULL;
}

static void test_rows(void **state) {
    static struct run r;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *argv[ARGS_MAX + 1] = {"moim-test"};
        int argc = 1;

        while (rows[i].args[argc - 1] != NULL) {
            argv[argc] = (char *)(uintptr_t)rows[i].args[argc - 1];
            argc++;
        }
        run(&r, argc, argv);
        assert_row(rows[i].name, r.status == rows[i].status);
        assert_row(rows[i].name, stands_in(r.out, rows[i].out));
        assert_row(rows[i].name, stands_in(r.err, rows[i].err));
        assert_row(rows[i].name,
                   (r.conf != NULL) == (r.status == CONF_MAIN_GO_ON));
        assert_row(rows[i].name,
                   r.conf == NULL || r.settings.port == rows[i].port);
        conf_free(&r.conf);
    }
}

/* A file and the environment, and which of them counts. */
static void test_sources(void **state) {
    static struct run r;
    char path[64];
    FILE *file;
    char *argv[] = {"moim-test", "--config", path, NULL};
    static const char text[] = "[gateway]\nport = 7\nname = file\n";

    (void)state;
    snprintf(path, sizeof(path), "/tmp/moim-conf-main.%ld", (long)getpid());
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("MOIM_GATEWAY__NAME", "env", 1), 0);
    run(&r, 3, argv);
    assert_int_equal(r.status, CONF_MAIN_GO_ON);
    assert_int_equal(r.settings.port, 7);
    assert_string_equal(r.settings.name, "env");
    conf_free(&r.conf);
    assert_int_equal(unsetenv("MOIM_GATEWAY__NAME"), 0);
    assert_int_equal(unlink(path), 0);
}

/* As many flags as there is room for, and one more. */
static void test_many(void **state) {
    static struct run r;
    char *argv[1 + FLAGS + 1] = {"moim-test"};

    (void)state;
    for (size_t i = 1; i < COUNT_OF(argv); i++) {
        argv[i] = "--gateway.port=9";
    }
    run(&r, 1 + FLAGS, argv);
    assert_int_equal(r.status, EXIT_CONFIG); /* all of them are read */
    assert_non_null(strstr(r.err, "gateway.port"));
    run(&r, 1 + FLAGS + 1, argv);
    assert_int_equal(r.status, EXIT_USAGE);
    assert_non_null(strstr(r.err, "usage: moim-test"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
