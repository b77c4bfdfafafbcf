/* The envelope of a command and the kinds of its fields. */
#include "proto/wire/client_msg.h"

#include <assert.h>
#include <string.h>

#include "proto/base/ids.h"
#include "proto/base/utf8.h"

const char *client_error_str(enum client_error e) {
    static const char *const words[] = {
#define CLIENT_ERROR_WORD(name, text) [CLIENT_##name] = (text),
        CLIENT_ERROR_MAP(CLIENT_ERROR_WORD)
#undef CLIENT_ERROR_WORD
    };

    assert((size_t)e < COUNT_OF(words));
    return words[e];
}

bool client_msg_next(struct slice frame, size_t *at, struct slice *command) {
    struct slice rest;

    if (*at != 0 && *at >= frame.n) {
        return false;
    }
    rest = slice_drop(frame, *at);
    *command = slice_take(rest, slice_find(rest, '\n'));
    *at += command->n + 1;
    return true;
}

/* The envelope */

/* The string `name` of the root, or an empty slice. */
static struct slice root_string(const struct json_doc *doc, const char *name) {
    size_t i = json_member(doc, 0, name);

    if (i == 0 || json_kind(doc, i) != JSON_KIND_STRING) {
        return (struct slice){NULL, 0};
    }
    return json_text(doc, i);
}

static bool all_printable(struct slice s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

enum client_error client_msg_read(struct json_doc *doc, struct slice command,
                                  struct client_msg *out) {
    struct client_msg m = {.doc = doc};
    enum rc rc;

    if (command.n == 0) {
        return CLIENT_BAD_ENVELOPE;
    }
    rc = json_read(doc, command);
    if (rc != RC_OK && rc != RC_DENIED) {
        return CLIENT_BAD_JSON;
    }
    m.id = root_string(doc, "id");
    m.type = root_string(doc, "type");
    if (m.type.n == 0 || m.id.n == 0 || m.id.n > CLIENT_REQUEST_ID_MAX ||
        !all_printable(m.id)) {
        return CLIENT_BAD_ENVELOPE;
    }
    *out = m;
    return rc == RC_OK ? CLIENT_OK : CLIENT_BAD_VALUE;
}

/* The fields */

void client_fields_init(struct client_fields *f, const struct client_msg *msg) {
    *f = (struct client_fields){.msg = msg, .error = CLIENT_OK};
}

void client_fields_fail(struct client_fields *f, const char *name,
                        enum client_error e) {
    if (f->error == CLIENT_OK) {
        f->error = e;
        f->bad = name;
    }
}

/* The token of the field `name` when it is of this kind; 0 and a failure when
 * it is of another. 0 without a failure: the field is missing. */
static size_t find_opt(struct client_fields *f, const char *name,
                       enum json_kind kind) {
    size_t i = json_member(f->msg->doc, 0, name);

    if (i != 0 && json_kind(f->msg->doc, i) != kind) {
        client_fields_fail(f, name, CLIENT_BAD_VALUE);
        return 0;
    }
    return i;
}

/* The same, with a failure when the field is missing. */
static size_t find(struct client_fields *f, const char *name,
                   enum json_kind kind) {
    size_t i = find_opt(f, name, kind);

    if (i == 0) {
        client_fields_fail(f, name, CLIENT_BAD_VALUE);
    }
    return i;
}

static bool missing(const struct client_fields *f, const char *name) {
    return json_member(f->msg->doc, 0, name) == 0;
}

uint64_t client_field_id(struct client_fields *f, const char *name) {
    size_t i = find(f, name, JSON_KIND_STRING);
    uint64_t v = 0;

    if (i != 0 && !id_parse(json_text(f->msg->doc, i), &v)) {
        client_fields_fail(f, name, CLIENT_BAD_VALUE);
    }
    return v;
}

uint64_t client_field_id_opt(struct client_fields *f, const char *name) {
    return missing(f, name) ? 0 : client_field_id(f, name);
}

uint64_t client_field_u64(struct client_fields *f, const char *name,
                          uint64_t min, uint64_t max) {
    size_t i = find(f, name, JSON_KIND_NUMBER);
    uint64_t v = 0;

    if (i != 0 && (!json_u64(f->msg->doc, i, &v) || v < min || v > max)) {
        client_fields_fail(f, name, CLIENT_BAD_VALUE);
        return 0;
    }
    return v;
}

uint64_t client_field_u64_opt(struct client_fields *f, const char *name,
                              uint64_t min, uint64_t max, uint64_t fallback) {
    return missing(f, name) ? fallback : client_field_u64(f, name, min, max);
}

bool client_field_bool(struct client_fields *f, const char *name) {
    size_t i = find(f, name, JSON_KIND_BOOL);
    bool v = false;

    return i != 0 && json_bool(f->msg->doc, i, &v) && v;
}

bool client_field_bool_opt(struct client_fields *f, const char *name,
                           bool fallback) {
    return missing(f, name) ? fallback : client_field_bool(f, name);
}

struct slice client_field_text_opt(struct client_fields *f, const char *name,
                                   size_t max) {
    size_t i = find_opt(f, name, JSON_KIND_STRING);
    struct slice none = {NULL, 0};
    struct slice text;

    if (i == 0) {
        return none;
    }
    text = json_text(f->msg->doc, i);
    if (text.n > max) {
        client_fields_fail(f, name, CLIENT_TOO_LARGE);
        return none;
    }
    return text;
}

struct slice client_field_text(struct client_fields *f, const char *name,
                               size_t max) {
    struct slice text = client_field_text_opt(f, name, max);

    if (text.n == 0) {
        client_fields_fail(f, name, CLIENT_BAD_VALUE);
    }
    return text;
}

size_t client_field_ids(struct client_fields *f, const char *name,
                        uint64_t *out, size_t max) {
    const struct json_doc *doc = f->msg->doc;
    size_t array = find(f, name, JSON_KIND_ARRAY);
    size_t n = 0;

    if (array == 0) {
        return 0;
    }
    if (json_count(doc, array) > max) {
        client_fields_fail(f, name, CLIENT_TOO_MANY);
        return 0;
    }
    for (size_t i = json_first(doc, array); i != 0; i = json_next(doc, i)) {
        if (json_kind(doc, i) != JSON_KIND_STRING ||
            !id_parse(json_text(doc, i), &out[n++])) {
            client_fields_fail(f, name, CLIENT_BAD_VALUE);
            return 0;
        }
    }
    return n;
}

size_t client_field_ids_opt(struct client_fields *f, const char *name,
                            uint64_t *out, size_t max) {
    return missing(f, name) ? 0 : client_field_ids(f, name, out, max);
}

static bool msg_id_char(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

static bool msg_id_ok(struct slice id) {
    if (id.n < CLIENT_MSG_ID_MIN || id.n > CLIENT_MSG_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.n; i++) {
        if (!msg_id_char(id.p[i])) {
            return false;
        }
    }
    return true;
}

struct slice client_field_msg_id(struct client_fields *f, const char *name) {
    size_t i = find(f, name, JSON_KIND_STRING);

    if (i == 0 || !msg_id_ok(json_text(f->msg->doc, i))) {
        client_fields_fail(f, name, CLIENT_BAD_VALUE);
        return (struct slice){NULL, 0};
    }
    return json_text(f->msg->doc, i);
}

/* The body */

/* Code points, the ends included. */
struct range {
    uint32_t first;
    uint32_t last;
};

/* The ranges stand in order. */
static bool in_ranges(const struct range *ranges, size_t count, uint32_t c) {
    for (size_t i = 0; i < count && c >= ranges[i].first; i++) {
        if (c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* Code points that show nothing: Unicode's White_Space, its
 * Default_Ignorable_Code_Point and the empty Braille pattern, in order. */
static const struct range blanks[] = {
    {0x0009, 0x000d},   {0x0020, 0x0020},   {0x0085, 0x0085},
    {0x00a0, 0x00a0},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
    {0x061c, 0x061c},   {0x115f, 0x1160},   {0x1680, 0x1680},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x2000, 0x200f},
    {0x2028, 0x202f},   {0x205f, 0x206f},   {0x2800, 0x2800},
    {0x3000, 0x3000},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfff8},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool is_blank(uint32_t c) {
    return in_ranges(blanks, COUNT_OF(blanks), c);
}

/* Takes the first code point off `text`, which is UTF-8 and not empty. */
static uint32_t take_char(struct slice *text) {
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint8_t lead = text->p[0];
    size_t n = (size_t)1 + (lead >= 0xc0) + (lead >= 0xe0) + (lead >= 0xf0);
    uint32_t c = lead & lead_bits[n];

    for (size_t i = 1; i < n; i++) {
        c = c << 6 | (text->p[i] & 0x3fU);
    }
    *text = slice_drop(*text, n);
    return c;
}

static bool has_control(struct slice text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 && text.p[i] != '\n' && text.p[i] != '\t') {
            return true;
        }
    }
    return false;
}

static bool shows_something(struct slice text) {
    while (text.n > 0) {
        if (!is_blank(take_char(&text))) {
            return true;
        }
    }
    return false;
}

enum client_error client_body_check(struct slice text) {
    struct slice rest;
    size_t plain;

    if (text.n > CLIENT_BODY_MAX) {
        return CLIENT_TOO_LARGE;
    }
    plain = utf8_plain_run(text);
    rest = slice_drop(text, plain);
    if (plain + utf8_count(rest) > CLIENT_BODY_CHARS_MAX || has_control(rest) ||
        !shows_something(text)) {
        return CLIENT_BAD_VALUE;
    }
    return CLIENT_OK;
}

struct slice client_field_body(struct client_fields *f, const char *name) {
    size_t i = find(f, name, JSON_KIND_STRING);
    struct slice none = {NULL, 0};
    enum client_error e;

    if (i == 0) {
        return none;
    }
    e = client_body_check(json_text(f->msg->doc, i));
    if (e != CLIENT_OK) {
        client_fields_fail(f, name, e);
        return none;
    }
    return json_text(f->msg->doc, i);
}

/* Reactions */

/* The blocks of Unicode that hold emoji (Emoji=Yes but the digits), and what
 * joins or colours them. */
static const struct range emoji[] = {
    {0x00a9, 0x00a9},   {0x00ae, 0x00ae}, {0x203c, 0x203c}, {0x2049, 0x2049},
    {0x2122, 0x2122},   {0x2139, 0x2139}, {0x2190, 0x21ff}, {0x2300, 0x23ff},
    {0x24c2, 0x24c2},   {0x25a0, 0x27bf}, {0x2900, 0x297f}, {0x2b00, 0x2bff},
    {0x3030, 0x3030},   {0x303d, 0x303d}, {0x3297, 0x3297}, {0x3299, 0x3299},
    {0x1f000, 0x1faff},
};
static const struct range joiners[] = {
    {0x200d, 0x200d},   /* zero width joiner */
    {0x20e3, 0x20e3},   /* keycap */
    {0xfe0f, 0xfe0f},   /* shown as emoji */
    {0xe0020, 0xe007f}, /* tags, of flags */
};

static bool is_keycap_base(uint32_t c) {
    return (c >= '0' && c <= '9') || c == '#' || c == '*';
}

/* The first one is a picture, or a key with its cap last. */
static bool emoji_ok(struct slice text) {
    struct slice rest = text;
    uint32_t first = take_char(&rest);
    uint32_t last = first;

    while (rest.n > 0) {
        last = take_char(&rest);
        if (!in_ranges(emoji, COUNT_OF(emoji), last) &&
            !in_ranges(joiners, COUNT_OF(joiners), last)) {
            return false;
        }
    }
    return in_ranges(emoji, COUNT_OF(emoji), first) ||
           (is_keycap_base(first) && last == 0x20e3);
}

struct slice client_field_emoji(struct client_fields *f, const char *name) {
    struct slice text = client_field_text(f, name, CLIENT_EMOJI_MAX);

    if (text.n > 0 && !emoji_ok(text)) {
        client_fields_fail(f, name, CLIENT_BAD_VALUE);
        return (struct slice){NULL, 0};
    }
    return text;
}
