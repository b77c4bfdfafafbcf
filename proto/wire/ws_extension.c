#include "proto/wire/ws_extension.h"

#include "proto/wire/http_field.h"

enum {
    WINDOW_BITS_MIN = 8, /* of what may be asked for */
    WINDOW_BITS_MAX = 15,
};

/* A cursor over one item that remembers failing. */
struct scan {
    struct slice rest;
    bool bad;
};

/* One parameter, and of its value, without quotes and backslashes, as much as
 * any value we know has. */
struct param {
    struct slice name;
    bool has_value;
    size_t value_len; /* of all of it */
    uint8_t value[2];
};

static void scan_spaces(struct scan *s) {
    while (s->rest.n > 0 && (s->rest.p[0] == ' ' || s->rest.p[0] == '\t')) {
        s->rest = slice_drop(s->rest, 1);
    }
}

/* Takes `c`, with the spaces around it, if it is next. */
static bool scan_mark(struct scan *s, char c) {
    scan_spaces(s);
    if (s->rest.n == 0 || s->rest.p[0] != (uint8_t)c) {
        return false;
    }
    s->rest = slice_drop(s->rest, 1);
    scan_spaces(s);
    return true;
}

static struct slice scan_token(struct scan *s) {
    size_t n = 0;
    struct slice token;

    while (n < s->rest.n && http_is_token(slice_of(s->rest.p + n, 1))) {
        n++;
    }
    token = slice_take(s->rest, n);
    s->rest = slice_drop(s->rest, n);
    s->bad = s->bad || n == 0;
    return token;
}

static void value_add(struct param *p, uint8_t c) {
    if (p->value_len < sizeof(p->value)) {
        p->value[p->value_len] = c;
    }
    p->value_len++;
}

/* A quoted value must be a token once its quotes and backslashes are off
 * (RFC 6455, 9.1). */
static void scan_quoted(struct scan *s, struct param *p) {
    struct slice in = slice_drop(s->rest, 1);
    size_t i = 0;

    while (i < in.n && in.p[i] != '"' && !s->bad) {
        i += in.p[i] == '\\' ? 1 : 0;
        s->bad = i == in.n || !http_is_token(slice_of(in.p + i, 1));
        if (!s->bad) {
            value_add(p, in.p[i++]);
        }
    }
    s->bad = s->bad || i == 0 || i == in.n;
    s->rest = s->bad ? s->rest : slice_drop(in, i + 1);
}

static void scan_value(struct scan *s, struct param *p) {
    struct slice token;

    p->has_value = true;
    if (s->rest.n > 0 && s->rest.p[0] == '"') {
        scan_quoted(s, p);
        return;
    }
    token = scan_token(s);
    for (size_t i = 0; i < token.n; i++) {
        value_add(p, token.p[i]);
    }
}

/* Takes the next parameter; false when there is none, or no good one. */
static bool scan_param(struct scan *s, struct param *out) {
    *out = (struct param){.value_len = 0};
    if (s->bad || !scan_mark(s, ';')) {
        return false;
    }
    out->name = scan_token(s);
    if (!s->bad && scan_mark(s, '=')) {
        scan_value(s, out);
    }
    return !s->bad;
}

/* token *( ";" token [ "=" ( token | quoted ) ] ). Splitting at commas first
 * was safe: no comma may stand inside quotes. */
bool ws_extension_ok(struct slice item) {
    struct scan s = {item, false};
    struct param p;

    (void)scan_token(&s);
    while (scan_param(&s, &p)) {
    }
    return !s.bad && s.rest.n == 0;
}

/* The window that a parameter asks for; 0: none that exists. */
static unsigned window_bits(const struct param *p) {
    uint64_t bits;

    if (p->value_len > sizeof(p->value) ||
        !slice_to_u64(slice_of(p->value, p->value_len), &bits) ||
        bits < WINDOW_BITS_MIN || bits > WINDOW_BITS_MAX) {
        return 0;
    }
    return (unsigned)bits;
}

static bool no_value(const struct param *p) {
    return !p->has_value;
}

static bool server_window(const struct param *p) {
    return window_bits(p) >= WS_DEFLATE_BITS;
}

/* It is a hint, with or without a value: our inflater takes all windows. */
static bool client_window(const struct param *p) {
    return !p->has_value || window_bits(p) != 0;
}

static const struct known {
    const char *name;
    bool (*ok)(const struct param *p);
    bool asks_bits;
} known[] = {
    {"server_no_context_takeover", no_value, false},
    {"client_no_context_takeover", no_value, false},
    {"server_max_window_bits", server_window, true},
    {"client_max_window_bits", client_window, false},
};

bool ws_extension_deflate(struct slice item, struct ws_deflate_terms *out) {
    struct ws_deflate_terms terms = {.on = true};
    struct scan s = {item, false};
    unsigned seen = 0;
    struct param p;

    if (!slice_is(scan_token(&s), "permessage-deflate")) {
        return false;
    }
    while (scan_param(&s, &p)) {
        size_t i = 0;

        while (i < COUNT_OF(known) && !slice_is(p.name, known[i].name)) {
            i++;
        }
        if (i == COUNT_OF(known) || (seen & BIT(i)) != 0 || !known[i].ok(&p)) {
            return false;
        }
        seen |= BIT(i);
        terms.say_bits = terms.say_bits || known[i].asks_bits;
    }
    *out = terms;
    return true;
}

void ws_extension_write(const struct ws_deflate_terms *terms, struct buf *out) {
    buf_add_str(out, "Sec-WebSocket-Extensions: permessage-deflate; "
                     "server_no_context_takeover; client_no_context_takeover");
    if (terms->say_bits) {
        buf_addf(out, "; server_max_window_bits=%d", WS_DEFLATE_BITS);
    }
    buf_add_str(out, "\r\n");
}
