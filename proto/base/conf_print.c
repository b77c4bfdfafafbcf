/* What the table of settings says, for people: help, example, values. */
#include <string.h>
#include <sys/ioctl.h>

#include "proto/base/buf.h"
#include "proto/base/conf.h"
#include "proto/base/conf_inner.h"
#include "proto/base/conf_value.h"

enum {
    COLUMNS_DEFAULT = 80,
    COLUMNS_MIN = 40,
    COLUMNS_FILE = 78,
};

static void write_slice(struct slice s, FILE *to) {
    if (s.n > 0) {
        fwrite(s.p, 1, s.n, to);
    }
}

/* Writes words between `indent` and the last column; a word that is longer
 * has a line of its own. */
static void write_wrapped(struct slice text, const char *indent, size_t columns,
                          FILE *to) {
    size_t used = 0;

    while (text.n > 0) {
        struct slice word = slice_take(text, slice_find(text, ' '));

        if (used > 0 && used + 1 + word.n > columns) {
            fputc('\n', to);
            used = 0;
        }
        fputs(used == 0 ? indent : " ", to);
        write_slice(word, to);
        used += word.n + (used == 0 ? strlen(indent) : 1);
        text = slice_drop(text, word.n < text.n ? word.n + 1 : word.n);
    }
    fputc('\n', to);
}

/* "silence allowed: a time from 1s to 1h" */
static void write_meaning(const struct conf_key *k, const char *indent,
                          size_t columns, FILE *to) {
    struct buf text;

    buf_init(&text);
    buf_addf(&text, "%s: ", k->help);
    conf_value_expected(k, &text);
    if (conf_value_required(k)) {
        buf_add_str(&text, " (required)");
    }
    if (conf_value_is_text(k)) {
        buf_addf(&text, "; or %s_file = PATH", k->name);
    }
    write_wrapped(buf_slice(&text), indent, columns, to);
    buf_fini(&text);
}

/* True at the first key of its section. */
static bool opens_section(const struct conf_table *t, size_t i) {
    return i == 0 || strcmp(t->keys[i].section, t->keys[i - 1].section) != 0;
}

static size_t terminal_columns(FILE *to) {
    struct winsize size;
    int fd = fileno(to);

    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return COLUMNS_DEFAULT;
    }
    return size.ws_col;
}

void conf_print_help(const struct conf_table *table, FILE *to, size_t columns) {
    if (columns == 0) {
        columns = terminal_columns(to);
    }
    if (columns < COLUMNS_MIN) {
        columns = COLUMNS_MIN;
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct conf_key *k = &table->keys[i];
        bool secret = k->kind == CONF_SECRET;

        if (opens_section(table, i)) {
            fprintf(to, "%s[%s]\n", i == 0 ? "" : "\n", k->section);
        }
        fprintf(to, "  --%s.%s%s=%s\n", k->section, k->name,
                secret ? "_file" : "",
                k->fallback == NULL || secret ? "" : k->fallback);
        write_meaning(k, "      ", columns, to);
    }
}

void conf_print_example(const struct conf_table *table, FILE *to) {
    fputs("# Every setting at its default. To change one, remove its '#'.\n"
          "# A time is in ms, s, m, h or d, a size in bytes, KiB, MiB or GiB.\n"
          "# A space and a semicolon begin a comment after a value.\n",
          to);
    for (size_t i = 0; i < table->count; i++) {
        const struct conf_key *k = &table->keys[i];

        if (opens_section(table, i)) {
            fprintf(to, "\n[%s]\n", k->section);
        }
        fputc('\n', to);
        write_meaning(k, "# ", COLUMNS_FILE, to);
        fprintf(to, "#%s =%s%s\n", k->name, k->fallback == NULL ? "" : " ",
                k->fallback == NULL ? "" : k->fallback);
    }
}

void conf_print_values(const struct conf *c, FILE *to) {
    struct buf line;

    buf_init(&line);
    for (size_t i = 0; i < c->table->count; i++) {
        const struct conf_key *k = &c->table->keys[i];

        if (opens_section(c->table, i)) {
            buf_addf(&line, "%s[%s]\n", i == 0 ? "" : "\n", k->section);
        }
        buf_addf(&line, "%s = ", k->name);
        conf_value_print(k, c->settings, &line);
        buf_add_str(&line, " ; ");
        conf_origin_print(c, i, &line);
        buf_add_byte(&line, '\n');
        write_slice(buf_slice(&line), to);
        buf_clear(&line);
    }
    buf_fini(&line);
}
