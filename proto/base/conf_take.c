/* One setting that somebody gave: which it is, its value, what is wrong. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/conf_inner.h"
#include "proto/base/conf_value.h"
#include "proto/base/mem.h"

enum {
    VALUE_FILE_MAX_BYTES = 64 * 1024,
    SHOWN_MAX_BYTES = 80, /* of a wrong value, in a report */
    WHAT_MAX_BYTES = 512, /* of a report */
};

void conf_complain(struct conf_loader *l, const char *about, const char *fmt,
                   ...) {
    char what[WHAT_MAX_BYTES];
    struct buf line;
    va_list args;

    l->error_count++;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    buf_init(&line);
    if (l->from == CONF_FROM_FILE) {
        buf_addf(&line, "%s:", l->c->file);
    }
    if (l->from == CONF_FROM_FILE && l->line > 0) {
        buf_addf(&line, "%u:", l->line);
    }
    buf_addf(&line, "%s%s%s%s", line.n > 0 ? " " : "", about,
             *about == '\0' ? "" : ": ", what);
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] < 0x20 || line.p[i] == 0x7f) {
            line.p[i] = '?'; /* one mistake, one line */
        }
    }
    buf_add_byte(&line, '\n');
    fwrite(line.p, 1, line.n, l->errors);
    buf_fini(&line);
}

void conf_wipe(struct buf *b) {
    if (b->cap > 0) {
        explicit_bzero(b->p, b->cap);
    }
    buf_fini(b);
}

/* One setting */

static void complain_unknown(struct conf_loader *l,
                             const struct conf_given *g) {
    const struct conf_key *near =
        conf_nearest(l->c->table, g->section, g->name);
    struct buf hint;

    buf_init(&hint);
    if (near != NULL) {
        buf_add_str(&hint, "; did you mean ");
        conf_spell(near, l->from, &hint);
        buf_add_str(&hint, "?");
    }
    conf_complain(l, g->spelled, "no such setting%.*s", (int)hint.n,
                  hint.n == 0 ? "" : (const char *)hint.p);
    buf_fini(&hint);
}

/* Says what was expected and, unless it may be a secret, what was found. */
static void complain_value(struct conf_loader *l, const struct conf_key *k,
                           const struct conf_given *g, struct slice value) {
    struct buf text;

    buf_init(&text);
    conf_value_expected(k, &text);
    buf_add_str(&text, conf_value_units(k));
    if (!conf_value_is_text(k)) {
        size_t shown = value.n < SHOWN_MAX_BYTES ? value.n : SHOWN_MAX_BYTES;

        buf_add_str(&text, ", got \"");
        buf_add(&text, slice_take(value, shown));
        buf_add_byte(&text, '"');
    }
    conf_complain(l, g->spelled, "expected %.*s", (int)text.n,
                  (const char *)text.p);
    buf_fini(&text);
}

/* The key that `g` names, and whether it does so with `_file`. NULL: none. */
static const struct conf_key *find_key(const struct conf_table *t,
                                       const struct conf_given *g,
                                       bool *from_file) {
    static const size_t suffix_len = sizeof("_file") - 1;
    const struct conf_key *k = conf_find(t, g->section, g->name);
    size_t stem;

    *from_file = false;
    if (k != NULL || g->name.n <= suffix_len) {
        return k;
    }
    stem = g->name.n - suffix_len;
    if (!slice_is(slice_drop(g->name, stem), "_file")) {
        return NULL;
    }
    k = conf_find(t, g->section, slice_take(g->name, stem));
    if (k == NULL || !conf_value_is_text(k)) {
        return NULL;
    }
    *from_file = true;
    return k;
}

enum rc conf_read_file(const char *path, size_t max, bool regular,
                       struct buf *out, const char **why) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | (regular ? O_NONBLOCK : 0));
    enum rc rc = RC_BAD_INPUT;
    struct stat st;
    ssize_t n = 1;

    if (fd < 0) {
        *why = strerror(errno);
        return rc;
    }
    *why = "not a regular file";
    if (regular && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        goto out;
    }
    while (n > 0 && out->n <= max) {
        n = read(fd, buf_room(out, 4096), 4096);
        out->n += n > 0 ? (size_t)n : 0;
    }
    *why = n < 0 ? strerror(errno) : "too large";
    if (n == 0 && out->n <= max) {
        rc = RC_OK;
    }

out:
    close(fd);
    return rc;
}

/* Reads the file that `g` names as its value. */
static enum rc read_value_file(struct conf_loader *l,
                               const struct conf_given *g, struct buf *out) {
    char *path = mem_dup(g->value.p, g->value.n);
    const char *why = "";
    enum rc rc = conf_read_file(path, VALUE_FILE_MAX_BYTES, true, out, &why);

    if (rc != RC_OK) {
        conf_complain(l, g->spelled, "%s: %s", path, why);
    } else if (out->n > 0 && out->p[out->n - 1] == '\n') {
        out->n--;
    }
    mem_free(path);
    return rc;
}

/* True when `k` may not be given here; says so. */
static bool refused(struct conf_loader *l, const struct conf_key *k,
                    const struct conf_given *g, bool from_file) {
    const struct conf_origin *before = &l->c->origins[k - l->c->table->keys];

    if (before->from == l->from && l->from == CONF_FROM_FILE) {
        conf_complain(l, g->spelled, "given before, on line %u", before->line);
        return true;
    }
    if (before->from == l->from) {
        conf_complain(l, g->spelled, "given twice");
        return true;
    }
    if (l->from == CONF_FROM_FLAG && k->kind == CONF_SECRET && !from_file) {
        conf_complain(l, g->spelled,
                      "a flag is no secret; use --%s.%s_file=PATH", k->section,
                      k->name);
        return true;
    }
    return false;
}

void conf_take(struct conf_loader *l, const struct conf_given *g) {
    bool from_file;
    const struct conf_key *k = find_key(l->c->table, g, &from_file);
    struct slice value = g->value;
    struct buf content;

    if (k == NULL) {
        complain_unknown(l, g);
        return;
    }
    if (refused(l, k, g, from_file)) {
        return;
    }
    /* Also when it is wrong: it is not missing as well. */
    l->c->origins[k - l->c->table->keys] =
        (struct conf_origin){l->from, l->line, from_file};
    buf_init(&content);
    if (from_file) {
        if (read_value_file(l, g, &content) != RC_OK) {
            goto out;
        }
        value = buf_slice(&content);
    }
    if (conf_value_set(k, value, l->c->settings) != RC_OK) {
        complain_value(l, k, g, value);
    }

out:
    conf_wipe(&content);
}
