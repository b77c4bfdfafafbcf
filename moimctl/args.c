#include "moimctl/args.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

enum {
    HELP = 'h',
    FIRST = 1000, /* what getopt answers for the first row of the table */
};

static const char **field(struct args *a, const struct arg *arg) {
    return (const char **)(void *)((char *)a + arg->offset);
}

static void long_options(const struct command *c, struct option *out) {
    for (size_t i = 0; i < c->arg_count; i++) {
        bool flag = c->args[i].value[0] == '\0';

        out[i] = (struct option){c->args[i].name,
                                 flag ? no_argument : required_argument, NULL,
                                 FIRST + (int)i};
    }
    out[c->arg_count] = (struct option){"help", no_argument, NULL, HELP};
    out[c->arg_count + 1] = (struct option){NULL, 0, NULL, 0};
}

static enum args_result bad_option(const struct command *c, char *const *argv,
                                   int got, FILE *errors) {
    const char *why = got == ':' ? "needs a value" : "is no option here";

    fprintf(errors, "moimctl: %s %s; see moimctl %s --help\n", argv[optind - 1],
            why, c->name);
    return ARGS_BAD;
}

/* Everything that must be there is there, and not too much of it. */
static enum args_result check(const struct command *c, struct args *a,
                              FILE *errors) {
    for (size_t i = 0; i < c->arg_count; i++) {
        const struct arg *arg = &c->args[i];

        if (arg->required && *field(a, arg) == NULL) {
            fprintf(errors, "moimctl: %s needs --%s %s\n", c->name, arg->name,
                    arg->value);
            return ARGS_BAD;
        }
    }
    if (a->word_count < c->words_min) {
        fprintf(errors, "moimctl: usage: moimctl %s [options] %s\n", c->name,
                c->synopsis);
        return ARGS_BAD;
    }
    if (a->word_count > c->words_max) {
        fprintf(errors, "moimctl: %s does not know what to do with \"%s\"\n",
                c->name, a->words[c->words_max]);
        return ARGS_BAD;
    }
    return ARGS_RUN;
}

enum args_result args_parse(const struct command *c, int argc, char **argv,
                            struct args *out, FILE *errors) {
    struct option options[ARGS_MAX + 2];
    int got;

    assert(c->arg_count <= ARGS_MAX);
    *out = (struct args){0};
    long_options(c, options);
    optind = 0; /* glibc: begin anew, whoever used getopt before */
    opterr = 0;
    while ((got = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (got == HELP) {
            return ARGS_HELP;
        }
        if (got < FIRST) {
            return bad_option(c, argv, got, errors);
        }
        *field(out, &c->args[got - FIRST]) = optarg == NULL ? "" : optarg;
    }
    out->words = argv + optind;
    out->word_count = (size_t)(argc - optind);
    return check(c, out, errors);
}

static void print_option(const char *name, const char *value, const char *help,
                         FILE *to) {
    int width = fprintf(to, "  --%s %s", name, value);

    fprintf(to, "%*s%s\n", width < 24 ? 24 - width : 1, "", help);
}

void args_help(const struct command *c, FILE *to) {
    fprintf(to, "usage: moimctl %s%s%s%s\n\n%s.\n", c->name,
            c->arg_count > 0 ? " [options]" : "",
            c->synopsis[0] == '\0' ? "" : " ", c->synopsis, c->summary);
    if (c->details[0] != '\0') {
        fprintf(to, "\n%s\n", c->details);
    }
    fprintf(to, "\noptions:\n");
    for (size_t i = 0; i < c->arg_count; i++) {
        print_option(c->args[i].name, c->args[i].value, c->args[i].help, to);
    }
    print_option("help", "", "this page", to);
    fprintf(to, "\nexit codes: 0 done, 1 failed, 2 wrong usage, "
                "69 cannot be reached, 78 bad\nconfiguration\n");
}
