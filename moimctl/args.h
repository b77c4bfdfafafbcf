/* The command line of one command, described by a table: what it understands,
 * its help page and its mistakes all come from there. */
#ifndef MOIM_MOIMCTL_ARGS_H
#define MOIM_MOIMCTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proto/base/macros.h"

/* How every command ends. */
enum ctl_exit {
    CTL_OK = 0,
    CTL_FAILED = 1,       /* asked, and the answer was no */
    CTL_USAGE = 2,        /* the command line makes no sense */
    CTL_UNAVAILABLE = 69, /* something it needs cannot be reached */
    CTL_BAD_CONFIG = 78,  /* a configuration file is wrong */
};

/* What was given; NULL where nothing was, "" for a flag. Borrowed from argv. */
struct args {
    const char *url;
    const char *ca;
    const char *as;
    const char *name;
    const char *password_file;
    const char *dir;
    const char *conninfo;
    const char *key_file;
    const char *user;
    const char *device;
    const char *ttl;
    const char *token;
    const char *gateway;
    const char *presence;
    const char *count;
    const char *host; /* a flag */
    const char *json; /* a flag */
    const char *idle;
    const char *redis;
    const char *bus;
    const char *scopes;
    const char *grace;
    const char *tls_name;
    char *const *words; /* what is left */
    size_t word_count;
};

/* One option. */
struct arg {
    const char *name;  /* without the dashes */
    const char *value; /* what the help calls its value; "": it is a flag */
    const char *help;
    size_t offset; /* of its const char * in struct args */
    bool required;
};

struct command {
    const char *name;     /* "user add" */
    const char *synopsis; /* of the words that are not options, or "" */
    const char *summary;  /* one line, no full stop */
    const char *details;  /* paragraphs for the help page, or "" */
    const struct arg *args;
    size_t arg_count;
    size_t words_min;
    size_t words_max;
    enum ctl_exit (*run)(const struct args *a);
};

enum {
    ARGS_WORDS_MAX = 1000,
    ARGS_MAX = 16, /* options of one command */
};

/* The options that several commands share. */
#define ARG_AT(field) offsetof(struct args, field)
#define ARG_URL                                                                \
    {                                                                          \
        "url", "URL",                                                          \
            "where Moim is (default: $MOIMCTL_URL, else "                      \
            "http://127.0.0.1:8080)",                                          \
            ARG_AT(url), false                                                 \
    }
#define ARG_CA                                                                 \
    {                                                                          \
        "ca", "FILE",                                                          \
            "certificates trusted for https:// (default: $MOIMCTL_CA, else "   \
            "the system's)",                                                   \
            ARG_AT(ca), false                                                  \
    }
#define ARG_AS                                                                 \
    { "as", "NAME", "whose account to use", ARG_AT(as), true }
#define ARG_PASSWORD                                                           \
    {                                                                          \
        "password-file", "FILE",                                               \
            "its first line is the password (default: ask)",                   \
            ARG_AT(password_file), false                                       \
    }

enum args_result {
    ARGS_RUN,
    ARGS_HELP, /* --help was asked for */
    ARGS_BAD,  /* what is wrong has been written to `errors` */
};

/* Reads argv[1..]; argv[0] is skipped. The words may be reordered. */
enum args_result args_parse(const struct command *c, int argc, char **argv,
                            struct args *out, FILE *errors) MUST_CHECK;
/* The help page of `c`. */
void args_help(const struct command *c, FILE *to);

#endif
