/* The names of settings: how they are spelled, found and guessed. */
#include <stdint.h>
#include <string.h>

#include "proto/base/conf_inner.h"

enum {
    NAME_MAX_BYTES = 64, /* longer names have no nearest one */
};

static void add_upper(struct buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        bool lower = *text >= 'a' && *text <= 'z';

        buf_add_byte(out, (uint8_t)(lower ? *text - 'a' + 'A' : *text));
    }
}

void conf_spell(const struct conf_key *k, enum conf_from from,
                struct buf *out) {
    switch (from) {
    case CONF_FROM_ENV:
        buf_add_str(out, "MOIM_");
        add_upper(out, k->section);
        buf_add_str(out, "__");
        add_upper(out, k->name);
        break;
    case CONF_FROM_FLAG:
        buf_addf(out, "--%s.%s", k->section, k->name);
        break;
    case CONF_FROM_DEFAULT:
    case CONF_FROM_FILE:
        buf_addf(out, "[%s] %s", k->section, k->name);
        break;
    }
}

void conf_origin_print(const struct conf *c, size_t i, struct buf *out) {
    const struct conf_origin *o = &c->origins[i];

    switch (o->from) {
    case CONF_FROM_DEFAULT:
        buf_add_str(out, "default");
        break;
    case CONF_FROM_FILE:
        buf_addf(out, "%s:%u%s", c->file, o->line,
                 o->from_file ? " _file" : "");
        break;
    case CONF_FROM_ENV:
    case CONF_FROM_FLAG:
        conf_spell(&c->table->keys[i], o->from, out);
        if (o->from_file) {
            buf_add_str(out, o->from == CONF_FROM_ENV ? "_FILE" : "_file");
        }
        break;
    }
}

const struct conf_key *conf_find(const struct conf_table *t,
                                 struct slice section, struct slice name) {
    for (size_t i = 0; i < t->count; i++) {
        if (slice_is(section, t->keys[i].section) &&
            slice_is(name, t->keys[i].name)) {
            return &t->keys[i];
        }
    }
    return NULL;
}

static size_t min3(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Levenshtein's distance of two texts of at most NAME_MAX_BYTES, a row at a
 * time: row[j] is the distance of what was seen of `a` to the first j of b. */
static size_t distance(struct slice a, struct slice b) {
    size_t row[NAME_MAX_BYTES + 1];

    for (size_t j = 0; j <= b.n; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < a.n; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < b.n; j++) {
            size_t swap = diagonal + (a.p[i] == b.p[j] ? 0 : 1);

            diagonal = row[j + 1];
            row[j + 1] = min3(swap, row[j] + 1, diagonal + 1);
        }
    }
    return row[b.n];
}

/* "section_name": so that somebody who wrote MOIM_SECTION_NAME, or a '_' for
 * the '.' of a flag, is told the right name too. */
static void join(struct slice section, struct slice name, struct buf *out) {
    buf_add(out, section);
    if (section.n > 0) {
        buf_add_byte(out, '_');
    }
    buf_add(out, name);
}

const struct conf_key *conf_nearest(const struct conf_table *t,
                                    struct slice section, struct slice name) {
    const struct conf_key *best = NULL;
    struct buf wanted;
    struct buf other;
    size_t least;

    buf_init(&wanted);
    buf_init(&other);
    join(section, name, &wanted);
    least = wanted.n / 5 + 2; /* farther is no guess */
    for (size_t i = 0; i < t->count && wanted.n <= NAME_MAX_BYTES; i++) {
        const struct conf_key *k = &t->keys[i];
        size_t d;

        buf_clear(&other);
        join(slice_str(k->section), slice_str(k->name), &other);
        if (other.n > NAME_MAX_BYTES) {
            continue;
        }
        /* The right name in the wrong section is nearly right. */
        d = slice_is(name, k->name)
                ? 1
                : distance(buf_slice(&wanted), buf_slice(&other));
        if (d <= least && (best == NULL || d < least)) {
            best = k;
            least = d;
        }
    }
    buf_fini(&wanted);
    buf_fini(&other);
    return best;
}
