/* Typed settings: one table says everything about them, and the check, the
 * help, the example file and the error texts all come from it.
 *
 *     defaults < file < environment < flags
 *     [section] name = value    MOIM_SECTION__NAME    --section.name=value
 *
 * An empty environment variable counts as unset; one whose name does not
 * begin with MOIM_ and hold "__" is not ours. A text or secret may instead be
 * read from a file: `name_file = path`, MOIM_SECTION__NAME_FILE,
 * --section.name_file; one newline at that file's end is not part of it. A
 * secret is never taken from a flag, which every user of the machine could
 * read, and is never printed.
 *
 * Every mistake is reported, not only the first, with the place, what was
 * expected and the nearest name that exists. */
#ifndef MOIM_BASE_CONF_H
#define MOIM_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

enum conf_kind { /* type of the field; how it is written */
    CONF_COUNT,  /* uint64_t; "8080" */
    CONF_MSEC,   /* uint64_t; "10ms" "25s" "5m" "1h" "30d" */
    CONF_BYTES,  /* uint64_t; "64KiB" "1MiB" "2GiB" or "65536" */
    CONF_BOOL,   /* bool; true false yes no on off */
    CONF_CHOICE, /* unsigned or an enum; one of the choices, its index */
    CONF_TEXT,   /* char *, never NULL */
    CONF_SECRET, /* char *, never NULL; wiped when freed */
};

struct conf_key {
    const char *section; /* lower case, digits and single '_' */
    const char *name;    /* the same, and unique in its section */
    enum conf_kind kind;
    size_t offset;        /* of the field in the settings */
    const char *fallback; /* the default, as it would be written; NULL: "" */
    /* Of the value, in its unit; of a text or secret, its bytes, where max 0
     * means no limit. A text with a min and without a default is required. */
    uint64_t min;
    uint64_t max;
    const char *help;           /* a few words, no full stop */
    const char *const *choices; /* CONF_CHOICE: the words, ended by NULL */
};

struct conf_table {
    const struct conf_key *keys; /* those of a section stand together */
    size_t count;
};

/* Where to look. All borrowed during conf_load. */
struct conf_sources {
    const char *file;        /* path, or NULL for none */
    const char *const *env;  /* "NAME=value" ended by NULL, or NULL for none */
    const char *const *args; /* flags only, ended by NULL, or NULL for none */
};

/* Loaded settings and where each came from. */
struct conf;

/* Fills the fields of `settings` that `table` names (both borrowed until
 * conf_free, which frees the texts in it). The mistakes are written to
 * `errors`, a line each.
 *
 * RC_BAD_INPUT  there were mistakes; no text is left in `settings` */
enum rc conf_load(struct conf **out, const struct conf_table *table,
                  void *settings, const struct conf_sources *from,
                  FILE *errors) MUST_CHECK;
/* Frees the texts, wipes the secrets, sets *c to NULL. NULL inside is fine. */
void conf_free(struct conf **c);

/* Every setting with its default, range and help, wrapped at `columns`; 0
 * means as wide as the terminal behind `to`, or 80. */
void conf_print_help(const struct conf_table *table, FILE *to, size_t columns);
/* A file with every setting commented out at its default. */
void conf_print_example(const struct conf_table *table, FILE *to);
/* A file with the loaded values and, as a comment, where each came from.
 * Secrets are masked. */
void conf_print_values(const struct conf *c, FILE *to);

#endif
