#include "proto/base/conf_main.h"

#include <stdio.h>
#include <string.h>

extern char **environ;

enum {
    FLAGS_MAX = 64,
};

/* The options of our own; the rest are settings. */
struct options {
    const char *config;
    bool check;
    const char *flags[FLAGS_MAX + 1]; /* ended by NULL */
    size_t flag_count;
};

static void print_usage(const struct conf_program *p, FILE *to) {
    fprintf(to,
            "usage: %s --config FILE [--check] [--section.name=value ...]\n"
            "       %s --help | --version | --example\n\n",
            p->name, p->name);
}

static void print_help(const struct conf_program *p) {
    print_usage(p, stdout);
    printf("exit status: 0 stopped in good order, 1 failure, %d usage, "
           "%d something needed is not to be had, %d bad settings\n\n",
           EXIT_USAGE, EXIT_UNAVAILABLE, EXIT_CONFIG);
    conf_print_help(p->table, stdout, 0);
}

static void print_version(const struct conf_program *p) {
    printf("%s %s\n", p->name, p->version);
}

static void print_example(const struct conf_program *p) {
    conf_print_example(p->table, stdout);
}

static const struct printer {
    const char *flag;
    void (*print)(const struct conf_program *p);
} printers[] = {
    {"--help", print_help},
    {"--version", print_version},
    {"--example", print_example},
};

static const struct printer *find_printer(const char *flag) {
    for (size_t i = 0; i < COUNT_OF(printers); i++) {
        if (strcmp(flag, printers[i].flag) == 0) {
            return &printers[i];
        }
    }
    return NULL;
}

static int read_options(const struct conf_program *p, int argc, char **argv,
                        struct options *o) {
    for (int i = 1; i < argc; i++) {
        const struct printer *printer = find_printer(argv[i]);

        if (printer != NULL) {
            printer->print(p);
            return 0;
        }
        if (strcmp(argv[i], "--check") == 0) {
            o->check = true;
        } else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            o->config = argv[++i];
        } else if (o->flag_count < FLAGS_MAX) {
            o->flags[o->flag_count++] = argv[i];
        } else {
            print_usage(p, stderr);
            return EXIT_USAGE;
        }
    }
    return CONF_MAIN_GO_ON;
}

int conf_main(struct conf **out, const struct conf_program *program,
              void *settings, int argc, char **argv) {
    struct options o = {0};
    int status = read_options(program, argc, argv, &o);
    struct conf_sources sources = {o.config, (const char *const *)environ,
                                   o.flags};

    if (status != CONF_MAIN_GO_ON) {
        return status;
    }
    if (conf_load(out, program->table, settings, &sources, stderr) != RC_OK) {
        return EXIT_CONFIG;
    }
    if (o.check) {
        conf_print_values(*out, stdout);
        conf_free(out);
        return 0;
    }
    return CONF_MAIN_GO_ON;
}
