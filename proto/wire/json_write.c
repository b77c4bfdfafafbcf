/* The JSON writer: escaping, and commas. */
#include "proto/wire/json_write.h"

#include <stddef.h>
#include <string.h>

#include "proto/base/ids.h"
#include "proto/base/utf8.h"

static void put_u_escape(struct buf *b, unsigned c) {
    buf_addf(b, "\\u%04x", c);
}

static void put_ascii(struct buf *b, uint8_t c) {
    static const char short_form[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };

    if (c == '"' || c == '\\') {
        buf_add_byte(b, '\\');
        buf_add_byte(b, c);
    } else if (c >= 0x20) {
        buf_add_byte(b, c);
    } else if (short_form[c] != 0) {
        buf_add_byte(b, '\\');
        buf_add_byte(b, (uint8_t)short_form[c]);
    } else {
        put_u_escape(b, c);
    }
}

/* True at the first byte of U+2028 or U+2029: e2 80 a8 and e2 80 a9. */
static bool at_line_separator(struct slice text) {
    return text.n >= 3 && text.p[0] == 0xe2 && text.p[1] == 0x80 &&
           (text.p[2] | 1) == 0xa9;
}

/* The length of the part at the front that is copied as it is. */
static size_t plain_len(struct slice text, bool valid) {
    size_t i = 0;

    for (; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c < 0x20 || c == '"' || c == '\\' || (c >= 0x80 && !valid) ||
            (c == 0xe2 && at_line_separator(slice_drop(text, i)))) {
            break;
        }
    }
    return i;
}

/* What is left of a string when its plain beginning is written. */
static void put_rest(struct buf *b, struct slice text) {
    bool valid = utf8_valid(text);

    while (text.n > 0) {
        size_t n = plain_len(text, valid);

        buf_add(b, slice_take(text, n));
        text = slice_drop(text, n);
        if (text.n == 0) {
            break;
        }
        n = 1;
        if (text.p[0] < 0x80) {
            put_ascii(b, text.p[0]);
        } else if (!valid) {
            put_u_escape(b, 0xfffd);
        } else {
            put_u_escape(b, 0x2000U | (text.p[2] & 0x3fU));
            n = 3;
        }
        text = slice_drop(text, n);
    }
}

void json_put_string(struct buf *b, struct slice text) {
    size_t plain = utf8_plain_run(text);
    uint8_t *p = buf_room(b, text.n + 2);

    *p++ = '"';
    if (plain > 0) {
        memcpy(p, text.p, plain);
    }
    b->n += 1 + plain;
    if (plain < text.n) {
        put_rest(b, slice_drop(text, plain));
    }
    buf_add_byte(b, '"');
}

void json_put_id(struct buf *b, uint64_t id) {
    uint8_t *room = buf_room(b, ID_TEXT_LEN + 2);

    room[0] = '"';
    id_put(room + 1, id);
    room[1 + ID_TEXT_LEN] = '"';
    b->n += ID_TEXT_LEN + 2;
}

void json_put_bool(struct buf *b, bool v) {
    buf_add_str(b, v ? "true" : "false");
}

struct json_out json_out(struct buf *to) {
    return (struct json_out){.to = to, .comma = false};
}

/* Called before every value: one in an object has its key before it, which
 * took the comma. */
static void separate(struct json_out *o) {
    if (o->comma) {
        buf_add_byte(o->to, ',');
    }
    o->comma = true;
}

static void put_key(struct json_out *o, const char *key) {
    struct slice name = slice_str(key);
    uint8_t *p;

    separate(o);
    p = buf_room(o->to, name.n + 3);
    p[0] = '"';
    memcpy(p + 1, name.p, name.n);
    p[1 + name.n] = '"';
    p[2 + name.n] = ':';
    o->to->n += name.n + 3;
    o->comma = false;
}

static void begin(struct json_out *o, uint8_t bracket) {
    separate(o);
    buf_add_byte(o->to, bracket);
    o->comma = false;
}

static void end(struct json_out *o, uint8_t bracket) {
    buf_add_byte(o->to, bracket);
    o->comma = true;
}

void json_begin_obj(struct json_out *o) {
    begin(o, '{');
}

void json_end_obj(struct json_out *o) {
    end(o, '}');
}

void json_begin_arr(struct json_out *o) {
    begin(o, '[');
}

void json_end_arr(struct json_out *o) {
    end(o, ']');
}

void json_item_str(struct json_out *o, struct slice text) {
    separate(o);
    json_put_string(o->to, text);
}

void json_item_id(struct json_out *o, uint64_t id) {
    separate(o);
    json_put_id(o->to, id);
}

void json_item_u64(struct json_out *o, uint64_t v) {
    separate(o);
    buf_add_u64(o->to, v);
}

void json_item_raw(struct json_out *o, struct slice json) {
    separate(o);
    buf_add(o->to, json);
}

void json_field_obj(struct json_out *o, const char *key) {
    put_key(o, key);
    json_begin_obj(o);
}

void json_field_arr(struct json_out *o, const char *key) {
    put_key(o, key);
    json_begin_arr(o);
}

void json_field_str(struct json_out *o, const char *key, struct slice text) {
    put_key(o, key);
    json_item_str(o, text);
}

void json_field_id(struct json_out *o, const char *key, uint64_t id) {
    put_key(o, key);
    json_item_id(o, id);
}

void json_field_u64(struct json_out *o, const char *key, uint64_t v) {
    put_key(o, key);
    json_item_u64(o, v);
}

void json_field_bool(struct json_out *o, const char *key, bool v) {
    put_key(o, key);
    separate(o);
    json_put_bool(o->to, v);
}

void json_field_raw(struct json_out *o, const char *key, struct slice json) {
    put_key(o, key);
    json_item_raw(o, json);
}
