/* Reading, checking and writing the value of one setting. */
#include "proto/base/conf_value.h"

#include <assert.h>
#include <string.h>

#include "proto/base/mem.h"

struct unit {
    const char *word;
    uint64_t size;
};

/* The largest first; ended by NULL. */
static const struct unit time_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000},
    {"s", 1000},     {"ms", 1},      {NULL, 0},
};

static const struct unit byte_units[] = {
    {"GiB", UINT64_C(1) << 30},
    {"MiB", UINT64_C(1) << 20},
    {"KiB", UINT64_C(1) << 10},
    {"", 1},
    {NULL, 0},
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(const struct conf_key *k) {
    if (k->kind == CONF_MSEC) {
        return time_units;
    }
    return k->kind == CONF_BYTES ? byte_units : no_units;
}

static const struct {
    const char *word;
    bool value;
} bool_words[] = {
    {"yes", true}, {"no", false},  {"true", true},
    {"on", true},  {"off", false}, {"false", false},
};

static char *field(const struct conf_key *k, void *settings) {
    return (char *)settings + k->offset;
}

static const char *field_const(const struct conf_key *k, const void *settings) {
    return (const char *)settings + k->offset;
}

bool conf_value_is_text(const struct conf_key *k) {
    return k->kind == CONF_TEXT || k->kind == CONF_SECRET;
}

bool conf_value_required(const struct conf_key *k) {
    return conf_value_is_text(k) && k->fallback == NULL && k->min > 0;
}

static char *text_field(const struct conf_key *k, const void *settings) {
    char *text;

    memcpy(&text, field_const(k, settings), sizeof(text));
    return text;
}

struct slice conf_value_text(const struct conf_key *k, const void *settings) {
    return slice_str(text_field(k, settings));
}

/* Set */

static bool in_range(const struct conf_key *k, uint64_t v) {
    return v >= k->min && v <= k->max;
}

/* Reads digits and a unit. */
static bool read_quantity(const struct conf_key *k, struct slice text,
                          uint64_t *out) {
    size_t digits = 0;
    uint64_t v;

    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9') {
        digits++;
    }
    if (!slice_to_u64(slice_take(text, digits), &v)) {
        return false;
    }
    text = slice_drop(text, digits);
    for (const struct unit *u = units_of(k); u->word != NULL; u++) {
        if (slice_is(text, u->word)) {
            return !__builtin_mul_overflow(v, u->size, out);
        }
    }
    return false;
}

static enum rc set_quantity(const struct conf_key *k, struct slice text,
                            void *settings) {
    uint64_t v;

    if (!read_quantity(k, text, &v) || !in_range(k, v)) {
        return RC_BAD_INPUT;
    }
    memcpy(field(k, settings), &v, sizeof(v));
    return RC_OK;
}

static enum rc set_bool(const struct conf_key *k, struct slice text,
                        void *settings) {
    for (size_t i = 0; i < COUNT_OF(bool_words); i++) {
        if (slice_is(text, bool_words[i].word)) {
            memcpy(field(k, settings), &bool_words[i].value, sizeof(bool));
            return RC_OK;
        }
    }
    return RC_BAD_INPUT;
}

static enum rc set_choice(const struct conf_key *k, struct slice text,
                          void *settings) {
    for (unsigned i = 0; k->choices[i] != NULL; i++) {
        if (slice_is(text, k->choices[i])) {
            memcpy(field(k, settings), &i, sizeof(i));
            return RC_OK;
        }
    }
    return RC_BAD_INPUT;
}

static enum rc set_text(const struct conf_key *k, struct slice text,
                        void *settings) {
    char *copy;

    if (text.n < k->min || (k->max != 0 && text.n > k->max) ||
        slice_find(text, 0) < text.n) {
        return RC_BAD_INPUT;
    }
    copy = mem_dup(text.p, text.n);
    conf_value_fini(k, settings);
    memcpy(field(k, settings), &copy, sizeof(copy));
    return RC_OK;
}

enum rc conf_value_set(const struct conf_key *k, struct slice text,
                       void *settings) {
    switch (k->kind) {
    case CONF_COUNT:
    case CONF_MSEC:
    case CONF_BYTES:
        return set_quantity(k, text, settings);
    case CONF_BOOL:
        return set_bool(k, text, settings);
    case CONF_CHOICE:
        return set_choice(k, text, settings);
    case CONF_TEXT:
    case CONF_SECRET:
        break;
    }
    return set_text(k, text, settings);
}

void conf_value_init(const struct conf_key *k, void *settings) {
    const char *fallback = k->fallback == NULL ? "" : k->fallback;
    enum rc rc = RC_OK;

    if (conf_value_is_text(k)) {
        char *copy = mem_dup(fallback, strlen(fallback));

        memcpy(field(k, settings), &copy, sizeof(copy));
    }
    if (!conf_value_required(k)) {
        rc = conf_value_set(k, slice_str(fallback), settings);
    }
    assert(rc == RC_OK); /* the table's default is in the table's range */
}

void conf_value_fini(const struct conf_key *k, void *settings) {
    char *none = NULL;
    char *text;

    if (!conf_value_is_text(k)) {
        return;
    }
    text = text_field(k, settings);
    if (text != NULL && k->kind == CONF_SECRET) {
        explicit_bzero(text, strlen(text));
    }
    mem_free(text);
    memcpy(field(k, settings), &none, sizeof(none));
}

/* Print */

/* In the largest unit that needs no fraction. */
static void add_quantity(const struct conf_key *k, uint64_t v,
                         struct buf *out) {
    const struct unit *u = units_of(k);

    while (u->size > 1 && (v == 0 || v % u->size != 0)) {
        u++;
    }
    buf_add_u64(out, v / u->size);
    buf_add_str(out, u->word);
}

static void expect_quantity(const struct conf_key *k, const char *what,
                            struct buf *out) {
    buf_add_str(out, what);
    buf_add_str(out, " from ");
    add_quantity(k, k->min, out);
    buf_add_str(out, " to ");
    add_quantity(k, k->max, out);
}

static void expect_choice(const struct conf_key *k, struct buf *out) {
    buf_add_str(out, "one of");
    for (size_t i = 0; k->choices[i] != NULL; i++) {
        buf_addf(out, "%s %s", i == 0 ? "" : ",", k->choices[i]);
    }
}

static void expect_text(const struct conf_key *k, struct buf *out) {
    buf_add_str(out, "a text");
    if (k->min > 0 && k->max > 0) {
        buf_addf(out, " of %llu to %llu bytes", (unsigned long long)k->min,
                 (unsigned long long)k->max);
    } else if (k->min > 0) {
        buf_addf(out, " of at least %llu bytes", (unsigned long long)k->min);
    } else if (k->max > 0) {
        buf_addf(out, " of at most %llu bytes", (unsigned long long)k->max);
    }
}

void conf_value_expected(const struct conf_key *k, struct buf *out) {
    switch (k->kind) {
    case CONF_COUNT:
        expect_quantity(k, "a number", out);
        break;
    case CONF_MSEC:
        expect_quantity(k, "a time", out);
        break;
    case CONF_BYTES:
        expect_quantity(k, "a size", out);
        break;
    case CONF_BOOL:
        buf_add_str(out, "yes or no");
        break;
    case CONF_CHOICE:
        expect_choice(k, out);
        break;
    case CONF_TEXT:
    case CONF_SECRET:
        expect_text(k, out);
        break;
    }
}

const char *conf_value_units(const struct conf_key *k) {
    if (k->kind == CONF_MSEC) {
        return " (in ms, s, m, h or d)";
    }
    return k->kind == CONF_BYTES ? " (in bytes, KiB, MiB or GiB)" : "";
}

/* A text on one line: one that came from a file may hold anything. */
static void add_one_line(struct slice text, struct buf *out) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        buf_add_byte(out, c < 0x20 || c == 0x7f ? '?' : c);
    }
}

void conf_value_print(const struct conf_key *k, const void *settings,
                      struct buf *out) {
    uint64_t v = 0;
    unsigned choice = 0;
    bool yes = false;

    switch (k->kind) {
    case CONF_COUNT:
    case CONF_MSEC:
    case CONF_BYTES:
        memcpy(&v, field_const(k, settings), sizeof(v));
        add_quantity(k, v, out);
        break;
    case CONF_BOOL:
        memcpy(&yes, field_const(k, settings), sizeof(yes));
        buf_add_str(out, yes ? "yes" : "no");
        break;
    case CONF_CHOICE:
        memcpy(&choice, field_const(k, settings), sizeof(choice));
        buf_add_str(out, k->choices[choice]);
        break;
    case CONF_TEXT:
        add_one_line(conf_value_text(k, settings), out);
        break;
    case CONF_SECRET:
        buf_add_str(out, conf_value_text(k, settings).n > 0 ? "********" : "");
        break;
    }
}
