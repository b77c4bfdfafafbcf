/* The inside of settings: what the files of conf share with each other and
 * with nobody else. */
#ifndef MOIM_BASE_CONF_INNER_H
#define MOIM_BASE_CONF_INNER_H

#include "proto/base/buf.h"
#include "proto/base/conf.h"
#include "proto/base/slice.h"

enum conf_from {
    CONF_FROM_DEFAULT,
    CONF_FROM_FILE,
    CONF_FROM_ENV,
    CONF_FROM_FLAG,
};

struct conf_origin {
    enum conf_from from;
    unsigned line;  /* of the file */
    bool from_file; /* given as `name_file`: the value stands in that file */
};

struct conf {
    const struct conf_table *table; /* borrowed */
    void *settings;                 /* borrowed */
    struct conf_origin *origins;    /* one for each key */
    char *file;                     /* NULL: none */
};

/* How key `k` is written in a source: "[section] name", "MOIM_SECTION__NAME",
 * "--section.name". */
void conf_spell(const struct conf_key *k, enum conf_from from, struct buf *out);
/* Where the value of key `i` came from: "moim.conf:12", the variable, the
 * flag, or "default". */
void conf_origin_print(const struct conf *c, size_t i, struct buf *out);

/* The key of that name, or NULL. */
const struct conf_key *conf_find(const struct conf_table *t,
                                 struct slice section, struct slice name);
/* The key that somebody who wrote these two may have meant, or NULL. */
const struct conf_key *conf_nearest(const struct conf_table *t,
                                    struct slice section, struct slice name);

/* Settings being loaded. */
struct conf_loader {
    struct conf *c;
    FILE *errors;
    size_t error_count;
    enum conf_from from; /* the source that is being read */
    unsigned line;       /* of the file; 0: no line in particular */
    struct slice rest;   /* of the file */
};

/* One setting as somebody wrote it. */
struct conf_given {
    const char *spelled; /* for reports */
    struct slice section;
    struct slice name;
    struct slice value;
};

/* Takes one setting from the source that is being read, or says what is wrong
 * with it. */
void conf_take(struct conf_loader *l, const struct conf_given *g);
/* Wipes and frees bytes that may hold a secret. */
void conf_wipe(struct buf *b);
/* Reports a mistake on one line: "moim.conf:12: about: what". `about` may be
 * "". */
void conf_complain(struct conf_loader *l, const char *about, const char *fmt,
                   ...) PRINTF_LIKE(3, 4);
/* Adds the bytes of a file of at most `max`. A pipe or device could keep us
 * waiting, so `regular` asks for a regular file. RC_BAD_INPUT: *why says it.
 */
enum rc conf_read_file(const char *path, size_t max, bool regular,
                       struct buf *out, const char **why) MUST_CHECK;

#endif
