/* Command lines, by the table of one command. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moimctl/args.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

static const struct arg options[] = {
    ARG_URL,
    ARG_AS,
    {"dir", "DIR", "a folder", ARG_AT(dir), false},
};

static const struct command command = {
    .name = "try it",
    .synopsis = "NAME...",
    .summary = "Try it",
    .details = "Whatever it is.",
    .args = options,
    .arg_count = COUNT_OF(options),
    .words_min = 1,
    .words_max = 2,
};

struct row {
    const char *name;
    const char *argv[8];
    enum args_result want;
    const char *as;
    const char *url;
    size_t words;
    const char *complaint;
};

static const struct row rows[] = {
    {"all", {"it", "--as", "a", "--url", "u", "w"}, ARGS_RUN, "a", "u", 1, ""},
    {"equals", {"it", "--as=a", "w"}, ARGS_RUN, "a", NULL, 1, ""},
    {"words between",
     {"it", "w", "--as", "a", "x"},
     ARGS_RUN,
     "a",
     NULL,
     2,
     ""},
    {"the last one counts",
     {"it", "--as=a", "--as=b", "w"},
     ARGS_RUN,
     "b",
     NULL,
     1,
     ""},
    {"word like an option",
     {"it", "--as=a", "--", "--url"},
     ARGS_RUN,
     "a",
     NULL,
     1,
     ""},
    {"help", {"it", "--help"}, ARGS_HELP, NULL, NULL, 0, ""},
    {"short help", {"it", "-h"}, ARGS_HELP, NULL, NULL, 0, ""},
    {"required is missing",
     {"it", "w"},
     ARGS_BAD,
     NULL,
     NULL,
     0,
     "needs --as NAME"},
    {"no word", {"it", "--as", "a"}, ARGS_BAD, NULL, NULL, 0, "NAME..."},
    {"too many words",
     {"it", "--as=a", "1", "2", "3"},
     ARGS_BAD,
     NULL,
     NULL,
     0,
     "\"3\""},
    {"unknown option", {"it", "--port=1"}, ARGS_BAD, NULL, NULL, 0, "--port=1"},
    {"no value", {"it", "--as"}, ARGS_BAD, NULL, NULL, 0, "--as needs a value"},
};

static void check_args(const struct row *row, const struct args *a) {
    assert_row(row->name, strcmp(a->as, row->as) == 0);
    assert_row(row->name, (a->url == NULL) == (row->url == NULL));
    assert_row(row->name, a->word_count == row->words);
}

static void check_row(const struct row *row) {
    char *argv[COUNT_OF(row->argv) + 1] = {NULL};
    char *said = NULL;
    size_t said_n = 0;
    FILE *errors = open_memstream(&said, &said_n);
    struct args a;
    enum args_result got;
    int argc = 0;

    while (row->argv[argc] != NULL) {
        argv[argc] = mem_dup(row->argv[argc], strlen(row->argv[argc]));
        argc++;
    }
    got = args_parse(&command, argc, argv, &a, errors);
    assert_row(row->name, fclose(errors) == 0);
    assert_row(row->name, got == row->want);
    assert_row(row->name, strstr(said, row->complaint) != NULL);
    if (got == ARGS_RUN) {
        check_args(row, &a);
    }
    free(said);
    for (size_t i = 0; i < COUNT_OF(argv); i++) {
        mem_free(argv[i]);
    }
}

static void test_parse(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_row(&rows[i]);
    }
}

static void test_help(void **state) {
    static const char *const parts[] = {
        "usage: moimctl try it [options] NAME...",
        "--url URL",
        "--dir DIR",
        "Whatever it is.",
        "69 cannot be reached",
    };
    char *said = NULL;
    size_t said_n = 0;
    FILE *to = open_memstream(&said, &said_n);

    (void)state;
    args_help(&command, to);
    assert_int_equal(fclose(to), 0);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        assert_row(parts[i], strstr(said, parts[i]) != NULL);
    }
    free(said);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
