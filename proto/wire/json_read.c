/* The strict JSON reader: a state machine over the bytes of one text. */
#include "proto/wire/json_read.h"

#include <assert.h>
#include <string.h>

#include "proto/base/utf8.h"
#include "proto/wire/json_unescape.h"

/* 19 digits and an exponent of at most 280 stay inside a double however they
 * are combined, so no reader turns an accepted number into infinity. */
enum {
    INT_DIGITS_MAX = 19,
    EXPONENT_MAX = 280,
};

static_assert(JSON_TOKENS_MAX <= UINT16_MAX, "indexes are 16 bits wide");

/* What may stand at the next byte that is not white space. */
enum want {
    WANT_VALUE,
    WANT_VALUE_OR_END,
    WANT_KEY,
    WANT_KEY_OR_END,
    WANT_COLON,
    WANT_COMMA_OR_END,
    WANT_NOTHING,
};

struct level {
    uint16_t token; /* the open object or array */
    uint16_t last;  /* its latest key or value, or 0 */
};

struct parser {
    struct json_doc *d;
    size_t at; /* the next byte */
    enum want want;
    size_t key_count;
    bool nul; /* some string held U+0000 */
    size_t depth;
    struct level open[JSON_DEPTH_MAX];
};

void json_doc_init(struct json_doc *d) {
    d->text = (struct slice){NULL, 0};
    buf_init(&d->unescaped);
    d->token_count = 0;
}

void json_doc_fini(struct json_doc *d) {
    buf_fini(&d->unescaped);
    d->text = (struct slice){NULL, 0};
    d->token_count = 0;
}

/* The byte at `i`, or NUL after the end: no byte of JSON's grammar is NUL. */
static uint8_t byte_at(struct slice s, size_t i) {
    return i < s.n ? s.p[i] : 0;
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Tokens and levels */

static struct slice text_of(const struct json_doc *d,
                            const struct json_token *t) {
    if (t->escaped) {
        return slice_of(d->unescaped.p + t->unescaped_at, t->unescaped_n);
    }
    return slice_of(d->text.p + t->at + 1, t->n - 2);
}

static void value_done(struct parser *p) {
    p->want = p->depth == 0 ? WANT_NOTHING : WANT_COMMA_OR_END;
}

/* Makes the newest token a child of the innermost open one. A value in an
 * object is found behind its key and is in no chain itself. */
static void link_token(struct parser *p, enum json_kind kind) {
    struct json_token *tokens = p->d->tokens;
    uint16_t i = (uint16_t)(p->d->token_count - 1);
    struct level *in;

    if (p->depth == 0) {
        return;
    }
    in = &p->open[p->depth - 1];
    if (tokens[in->token].kind == JSON_KIND_OBJECT && kind != JSON_KIND_KEY) {
        return;
    }
    if (in->last != 0) {
        tokens[in->last].next = i;
    }
    in->last = i;
    tokens[in->token].count++;
}

/* Adds a token for the next `n` bytes and moves past them. */
static enum rc add_token(struct parser *p, enum json_kind kind, size_t n) {
    struct json_doc *d = p->d;

    if (d->token_count == JSON_TOKENS_MAX) {
        return RC_LIMIT;
    }
    d->tokens[d->token_count++] = (struct json_token){
        .at = (uint32_t)p->at, /* below JSON_TEXT_MAX */
        .n = (uint32_t)n,
        .kind = (uint8_t)kind,
    };
    link_token(p, kind);
    p->at += n;
    return RC_OK;
}

static enum rc open_level(struct parser *p, enum json_kind kind) {
    enum rc rc;

    if (p->depth == JSON_DEPTH_MAX) {
        return RC_LIMIT;
    }
    rc = add_token(p, kind, 1);
    if (rc == RC_OK) {
        uint16_t opened = (uint16_t)(p->d->token_count - 1);

        p->open[p->depth++] = (struct level){opened, 0};
        p->want =
            kind == JSON_KIND_OBJECT ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
    }
    return rc;
}

static enum rc close_level(struct parser *p) {
    struct json_token *t = &p->d->tokens[p->open[p->depth - 1].token];

    p->at++;
    t->n = (uint32_t)p->at - t->at;
    p->depth--;
    value_done(p);
    return RC_OK;
}

/* Strings */

/* Finds the closing quote of the string that opens at `p->at`. False: there
 * is none, or a control character comes first. `plain`: nothing in it needs a
 * second look. */
static bool find_quote(const struct parser *p, size_t *end, bool *plain,
                       bool *escaped) {
    struct slice s = p->d->text;
    size_t i = p->at + 1;

    i += utf8_plain_run(slice_of(s.p + i, s.n - i));
    *plain = i < s.n && s.p[i] == '"';
    *escaped = false;
    for (; i < s.n && s.p[i] != '"'; i++) {
        if (s.p[i] < 0x20) {
            return false;
        }
        if (s.p[i] == '\\') {
            *escaped = true;
            i++; /* whatever it is, it does not close; json_unescape judges */
        }
    }
    *end = i;
    return i < s.n;
}

static enum rc read_string(struct parser *p, enum json_kind kind) {
    struct json_doc *d = p->d;
    size_t before = d->unescaped.n;
    struct slice content;
    struct json_token *t;
    size_t end;
    bool plain;
    bool escaped;
    enum rc rc;

    if (byte_at(d->text, p->at) != '"' ||
        !find_quote(p, &end, &plain, &escaped)) {
        return RC_BAD_INPUT;
    }
    content = slice_of(d->text.p + p->at + 1, end - p->at - 1);
    if ((!plain && !utf8_valid(content)) ||
        (escaped && !json_unescape(content, &d->unescaped))) {
        return RC_BAD_INPUT;
    }
    rc = add_token(p, kind, end + 1 - p->at);
    if (rc != RC_OK || !escaped) {
        return rc;
    }
    t = &d->tokens[d->token_count - 1];
    t->escaped = true;
    t->unescaped_at = (uint32_t)before; /* never more than the text */
    t->unescaped_n = (uint32_t)(d->unescaped.n - before);
    content = json_text(d, d->token_count - 1);
    p->nul = p->nul || slice_find(content, 0) < content.n;
    return RC_OK;
}

/* With at most JSON_KEYS_MAX keys, comparing each with each is cheaper than
 * any table, also for a peer who tries to make it dear. */
static bool key_repeated(const struct json_doc *d, size_t object, size_t key) {
    struct slice name = text_of(d, &d->tokens[key]);

    for (size_t i = object + 1; i != key; i = d->tokens[i].next) {
        if (slice_eq(text_of(d, &d->tokens[i]), name)) {
            return true;
        }
    }
    return false;
}

static enum rc read_key(struct parser *p) {
    struct json_doc *d = p->d;
    size_t key = d->token_count;
    enum rc rc;

    if (p->key_count == JSON_KEYS_MAX) {
        return RC_LIMIT;
    }
    rc = read_string(p, JSON_KIND_KEY);
    if (rc != RC_OK) {
        return rc;
    }
    p->key_count++;
    if (text_of(d, &d->tokens[key]).n > JSON_KEY_BYTES_MAX) {
        return RC_LIMIT;
    }
    if (key_repeated(d, p->open[p->depth - 1].token, key)) {
        return RC_BAD_INPUT;
    }
    p->want = WANT_COLON;
    return RC_OK;
}

/* Numbers and words */

static size_t skip_digits(struct slice s, size_t i) {
    while (is_digit(byte_at(s, i))) {
        i++;
    }
    return i;
}

/* Reads the exponent, if there is one, at *i and moves *i past it. */
static enum rc read_exponent(struct slice s, size_t *i) {
    size_t from;
    uint64_t v = 0;

    if ((byte_at(s, *i) | 0x20) != 'e') {
        return RC_OK;
    }
    from = *i + 1;
    if (byte_at(s, from) == '+' || byte_at(s, from) == '-') {
        from++;
    }
    *i = skip_digits(s, from);
    if (*i == from) {
        return RC_BAD_INPUT;
    }
    if (*i - from > 3) {
        return RC_LIMIT;
    }
    for (; from < *i; from++) {
        v = v * 10 + (uint64_t)(s.p[from] - '0');
    }
    return v > EXPONENT_MAX ? RC_LIMIT : RC_OK;
}

static enum rc read_number(struct parser *p) {
    struct slice s = p->d->text;
    size_t from = p->at + (byte_at(s, p->at) == '-' ? 1 : 0);
    size_t i = skip_digits(s, from);
    enum rc rc;

    if (i == from || (i - from > 1 && s.p[from] == '0')) {
        return RC_BAD_INPUT;
    }
    if (i - from > INT_DIGITS_MAX) {
        return RC_LIMIT;
    }
    if (byte_at(s, i) == '.') {
        from = i + 1;
        i = skip_digits(s, from);
        if (i == from) {
            return RC_BAD_INPUT;
        }
    }
    rc = read_exponent(s, &i);
    if (rc != RC_OK) {
        return rc;
    }
    value_done(p);
    return add_token(p, JSON_KIND_NUMBER, i - p->at);
}

static enum rc read_word(struct parser *p) {
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {
        {"true", JSON_KIND_BOOL},
        {"false", JSON_KIND_BOOL},
        {"null", JSON_KIND_NULL},
    };

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (slice_starts(slice_drop(p->d->text, p->at), words[i].word)) {
            value_done(p);
            return add_token(p, words[i].kind, strlen(words[i].word));
        }
    }
    return RC_BAD_INPUT;
}

/* The machine */

static enum rc read_value(struct parser *p, uint8_t c) {
    if (c == '{') {
        return open_level(p, JSON_KIND_OBJECT);
    }
    if (c == '[') {
        return open_level(p, JSON_KIND_ARRAY);
    }
    if (c == '"') {
        value_done(p);
        return read_string(p, JSON_KIND_STRING);
    }
    if (c == '-' || is_digit(c)) {
        return read_number(p);
    }
    return read_word(p);
}

static enum rc read_after_value(struct parser *p, uint8_t c) {
    bool object =
        p->d->tokens[p->open[p->depth - 1].token].kind == JSON_KIND_OBJECT;

    if (c == (object ? '}' : ']')) {
        return close_level(p);
    }
    if (c != ',') {
        return RC_BAD_INPUT;
    }
    p->at++;
    p->want = object ? WANT_KEY : WANT_VALUE;
    return RC_OK;
}

static enum rc step(struct parser *p, uint8_t c) {
    switch (p->want) {
    case WANT_VALUE:
        return read_value(p, c);
    case WANT_VALUE_OR_END:
        return c == ']' ? close_level(p) : read_value(p, c);
    case WANT_KEY:
        return read_key(p);
    case WANT_KEY_OR_END:
        return c == '}' ? close_level(p) : read_key(p);
    case WANT_COLON:
        p->at++;
        p->want = WANT_VALUE;
        return c == ':' ? RC_OK : RC_BAD_INPUT;
    case WANT_COMMA_OR_END:
        return read_after_value(p, c);
    case WANT_NOTHING:
        break;
    }
    return RC_BAD_INPUT;
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

enum rc json_read(struct json_doc *d, struct slice text) {
    struct parser p = {.d = d, .want = WANT_VALUE};
    enum rc rc = RC_OK;

    d->text = text;
    d->token_count = 0;
    buf_clear(&d->unescaped);
    if (text.n > JSON_TEXT_MAX) {
        return RC_LIMIT;
    }
    while (rc == RC_OK && p.at < text.n) {
        if (is_space(text.p[p.at])) {
            p.at++;
        } else {
            rc = step(&p, text.p[p.at]);
        }
    }
    if (rc == RC_OK && p.want != WANT_NOTHING) {
        rc = RC_BAD_INPUT;
    }
    return rc == RC_OK && p.nul ? RC_DENIED : rc;
}

/* Questions */

static const struct json_token *token(const struct json_doc *d, size_t i) {
    assert(i < d->token_count);
    return &d->tokens[i];
}

enum json_kind json_kind(const struct json_doc *d, size_t i) {
    return (enum json_kind)token(d, i)->kind;
}

struct slice json_raw(const struct json_doc *d, size_t i) {
    const struct json_token *t = token(d, i);

    return slice_of(d->text.p + t->at, t->n);
}

struct slice json_text(const struct json_doc *d, size_t i) {
    const struct json_token *t = token(d, i);

    assert(t->kind == JSON_KIND_STRING || t->kind == JSON_KIND_KEY);
    return text_of(d, t);
}

bool json_u64(const struct json_doc *d, size_t i, uint64_t *out) {
    uint64_t v;

    if (json_kind(d, i) != JSON_KIND_NUMBER ||
        !slice_to_u64(json_raw(d, i), &v) || v > JSON_INT_MAX) {
        return false;
    }
    *out = v;
    return true;
}

bool json_bool(const struct json_doc *d, size_t i, bool *out) {
    if (json_kind(d, i) != JSON_KIND_BOOL) {
        return false;
    }
    *out = json_raw(d, i).p[0] == 't';
    return true;
}

size_t json_member(const struct json_doc *d, size_t object, const char *name) {
    struct slice wanted = slice_str(name);

    if (json_kind(d, object) != JSON_KIND_OBJECT) {
        return 0;
    }
    for (size_t i = json_first(d, object); i != 0; i = d->tokens[i].next) {
        if (slice_eq(text_of(d, &d->tokens[i]), wanted)) {
            return i + 1;
        }
    }
    return 0;
}

size_t json_count(const struct json_doc *d, size_t i) {
    return token(d, i)->count;
}

size_t json_first(const struct json_doc *d, size_t i) {
    return token(d, i)->count == 0 ? 0 : i + 1;
}

size_t json_next(const struct json_doc *d, size_t i) {
    return token(d, i)->next;
}
