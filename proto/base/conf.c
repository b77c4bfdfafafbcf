/* Loading settings: each source, in its order. */
#include "proto/base/conf.h"

#include <ini.h>
#include <string.h>

#include "proto/base/conf_inner.h"
#include "proto/base/conf_value.h"
#include "proto/base/mem.h"

enum {
    FILE_MAX_BYTES = 1024 * 1024,
    LINE_MAX_BYTES = 4096,
};

static const char env_prefix[] = "MOIM_";

/* The file */

static struct slice skip_blanks(struct slice s) {
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r')) {
        s = slice_drop(s, 1);
    }
    return s;
}

/* inih reports its first bad line only, and forgives what follows a section's
 * bracket; so lines are looked at before it gets them. */
static bool line_ok(struct slice line) {
    size_t close;

    if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';') {
        return true;
    }
    if (line.p[0] != '[') {
        return slice_find(line, '=') < line.n || slice_find(line, ':') < line.n;
    }
    close = slice_find(line, ']');
    if (close == line.n) {
        return false;
    }
    line = skip_blanks(slice_drop(line, close + 1));
    return line.n == 0 || line.p[0] == '#' || line.p[0] == ';';
}

/* inih asks for the next line. It gets it without the blanks in front, which
 * would make it a continuation of the line before, and an empty one in place
 * of a bad one. */
static char *on_line(char *out, int cap, void *stream) {
    struct conf_loader *l = stream;
    struct slice line = slice_take(l->rest, slice_find(l->rest, '\n'));

    if (l->rest.n == 0) {
        return NULL;
    }
    l->line++;
    l->rest = slice_drop(l->rest, line.n < l->rest.n ? line.n + 1 : line.n);
    line = skip_blanks(line);
    if (slice_find(line, 0) < line.n) {
        conf_complain(l, "", "a NUL byte is not text");
        line.n = 0;
    } else if (line.n + 2 > (size_t)cap) {
        conf_complain(l, "", "longer than %d bytes", cap - 2);
        line.n = 0;
    } else if (!line_ok(line)) {
        conf_complain(l, "", "expected [section] or name = value");
        line.n = 0;
    }
    if (line.n > 0) {
        memcpy(out, line.p, line.n);
    }
    out[line.n] = '\n';
    out[line.n + 1] = '\0';
    return out;
}

static int on_pair(void *user, const char *section, const char *name,
                   const char *value) {
    struct conf_loader *l = user;
    struct buf spelled;
    struct conf_given g = {
        .section = slice_str(section),
        .name = slice_str(name),
        .value = slice_str(value),
    };

    buf_init(&spelled);
    buf_addf(&spelled, "[%s] %.64s", section, name);
    buf_add_byte(&spelled, '\0');
    g.spelled = (const char *)spelled.p;
    conf_take(l, &g);
    buf_fini(&spelled);
    return 1;
}

static void load_file(struct conf_loader *l) {
    struct buf text;
    const char *why = "";
    int bad_line;

    buf_init(&text);
    l->from = CONF_FROM_FILE;
    l->line = 0;
    if (conf_read_file(l->c->file, FILE_MAX_BYTES, false, &text, &why) !=
        RC_OK) {
        conf_complain(l, "", "%s", why);
        goto out;
    }
    l->rest = buf_slice(&text);
    if (slice_starts(l->rest, "\xef\xbb\xbf")) {
        l->rest = slice_drop(l->rest, 3);
    }
    ini_max_line = LINE_MAX_BYTES; /* Debian's inih has it as a variable */
    bad_line = ini_parse_stream(on_line, l, on_pair, l);
    if (bad_line > 0) {
        l->line = (unsigned)bad_line;
        conf_complain(l, "", "expected [section] or name = value");
    }

out:
    conf_wipe(&text);
}

/* The environment */

/* MOIM_SECTION__NAME to section and name in lower case. What is already in
 * lower case was not meant for us, and must not match. */
static void lower_name(struct slice name, struct buf *out) {
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];

        if (c >= 'A' && c <= 'Z') {
            c = (uint8_t)(c - 'A' + 'a');
        } else if (c >= 'a' && c <= 'z') {
            c = '?';
        }
        buf_add_byte(out, c);
    }
}

/* Cuts at the first "__"; without one everything is the name. */
static void split_env(struct slice whole, struct conf_given *g) {
    g->section = slice_take(whole, 0);
    g->name = whole;
    for (size_t i = 0; i + 1 < whole.n; i++) {
        if (whole.p[i] == '_' && whole.p[i + 1] == '_') {
            g->section = slice_take(whole, i);
            g->name = slice_drop(whole, i + 2);
            return;
        }
    }
}

/* Is `name` a setting's, but for a '_' too few in the middle? */
static bool one_underscore(const struct conf_table *t, struct slice name) {
    for (size_t i = 0; i < t->count; i++) {
        struct slice section = slice_str(t->keys[i].section);

        if (name.n > section.n && name.p[section.n] == '_' &&
            slice_eq(slice_take(name, section.n), section) &&
            slice_is(slice_drop(name, section.n + 1), t->keys[i].name)) {
            return true;
        }
    }
    return false;
}

/* Other programs, and Kubernetes for a service called moim, have variables
 * that begin with MOIM_ too: without "__" it is ours only when it looks like
 * one of our names misspelt. */
static void load_variable(struct conf_loader *l, const char *variable) {
    struct slice all = slice_str(variable);
    size_t equals = slice_find(all, '=');
    struct conf_given g = {0};
    struct buf lower;
    char *spelled;

    if (!slice_starts(all, env_prefix) || equals + 1 >= all.n) {
        return;
    }
    buf_init(&lower);
    spelled = mem_dup(variable, equals);
    lower_name(slice_drop(slice_take(all, equals), sizeof(env_prefix) - 1),
               &lower);
    split_env(buf_slice(&lower), &g);
    g.spelled = spelled;
    g.value = slice_drop(all, equals + 1);
    if (g.section.n > 0 || one_underscore(l->c->table, g.name)) {
        conf_take(l, &g);
    }
    mem_free(spelled);
    buf_fini(&lower);
}

static void load_env(struct conf_loader *l, const char *const *env) {
    l->from = CONF_FROM_ENV;
    l->line = 0;
    for (; env != NULL && *env != NULL; env++) {
        load_variable(l, *env);
    }
}

/* The flags */

/* Takes `flag`, without a value in it its value is `next`, which may be NULL.
 * Answers how many arguments that were. */
static size_t load_flag(struct conf_loader *l, const char *flag,
                        const char *next) {
    struct slice all = slice_str(flag);
    struct slice name = slice_take(all, slice_find(all, '='));
    bool split = name.n == all.n;
    struct conf_given g = {0};
    char *spelled;
    size_t dot;

    if (!slice_starts(all, "--")) {
        conf_complain(l, flag, "expected --section.name=value");
        return 1;
    }
    if (split && (next == NULL || slice_starts(slice_str(next), "--"))) {
        conf_complain(l, flag, "expected a value: %s=VALUE", flag);
        return 1;
    }
    spelled = mem_dup(name.p, name.n);
    name = slice_drop(name, 2);
    dot = slice_find(name, '.');
    g.spelled = spelled;
    g.section = slice_take(name, dot < name.n ? dot : 0);
    g.name = slice_drop(name, dot < name.n ? dot + 1 : 0);
    g.value = split ? slice_str(next) : slice_drop(all, name.n + 3);
    conf_take(l, &g);
    mem_free(spelled);
    return split ? 2 : 1;
}

static void load_flags(struct conf_loader *l, const char *const *args) {
    l->from = CONF_FROM_FLAG;
    l->line = 0;
    while (args != NULL && *args != NULL) {
        args += load_flag(l, args[0], args[1]);
    }
}

/* All of them */

static void check_required(struct conf_loader *l) {
    l->from = CONF_FROM_DEFAULT;
    for (size_t i = 0; i < l->c->table->count; i++) {
        const struct conf_key *k = &l->c->table->keys[i];
        struct buf text;

        if (!conf_value_required(k) ||
            l->c->origins[i].from != CONF_FROM_DEFAULT) {
            continue;
        }
        buf_init(&text);
        conf_spell(k, CONF_FROM_FILE, &text);
        buf_add_str(&text, ": required; set it there, or as ");
        conf_spell(k, CONF_FROM_ENV, &text);
        conf_complain(l, "", "%.*s", (int)text.n, (const char *)text.p);
        buf_fini(&text);
    }
}

enum rc conf_load(struct conf **out, const struct conf_table *table,
                  void *settings, const struct conf_sources *from,
                  FILE *errors) {
    struct conf *c = mem_new(sizeof(*c));
    struct conf_loader l = {.c = c, .errors = errors};
    enum rc rc = RC_BAD_INPUT;

    c->table = table;
    c->settings = settings;
    c->origins = mem_new_array(table->count, sizeof(*c->origins));
    for (size_t i = 0; i < table->count; i++) {
        conf_value_init(&table->keys[i], settings);
    }
    if (from->file != NULL) {
        c->file = mem_dup(from->file, strlen(from->file));
        load_file(&l);
    }
    load_env(&l, from->env);
    load_flags(&l, from->args);
    check_required(&l);
    if (l.error_count == 0) {
        *out = c;
        c = NULL; /* now the caller's */
        rc = RC_OK;
    }
    conf_free(&c);
    return rc;
}

void conf_free(struct conf **c) {
    struct conf *old = *c;

    if (old == NULL) {
        return;
    }
    for (size_t i = 0; i < old->table->count; i++) {
        conf_value_fini(&old->table->keys[i], old->settings);
    }
    mem_free(old->origins);
    mem_free(old->file);
    mem_free(old);
    *c = NULL;
}
