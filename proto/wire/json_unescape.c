/* The escapes of RFC 8259, section 7, read. */
#include "proto/wire/json_unescape.h"

#include <string.h>

/* The byte at `i`, or NUL after the end, which is part of no escape. */
static uint8_t byte_at(struct slice s, size_t i) {
    return i < s.n ? s.p[i] : 0;
}

/* Reads four hexadecimal digits at `i`. */
static bool hex4(struct slice in, size_t i, uint32_t *out) {
    uint32_t v = 0;

    for (size_t end = i + 4; i < end; i++) {
        uint8_t c = byte_at(in, i);
        uint8_t lower = c | 0x20;

        if (c >= '0' && c <= '9') {
            v = v << 4 | (uint32_t)(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            v = v << 4 | (uint32_t)(lower - 'a' + 10);
        } else {
            return false;
        }
    }
    *out = v;
    return true;
}

static void add_utf8(struct buf *b, uint32_t c) {
    if (c < 0x80) {
        buf_add_byte(b, (uint8_t)c);
    } else if (c < 0x800) {
        buf_add_byte(b, (uint8_t)(0xc0 | c >> 6));
        buf_add_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_add_byte(b, (uint8_t)(0xe0 | c >> 12));
        buf_add_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_add_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        buf_add_byte(b, (uint8_t)(0xf0 | c >> 18));
        buf_add_byte(b, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        buf_add_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_add_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

/* Reads the `\uXXXX` at the front of `in`, or the two that make one character
 * beyond U+FFFF. Answers the bytes it took; 0: half a pair, or no digits. */
static size_t unescape_u(struct slice in, struct buf *out) {
    uint32_t c;
    uint32_t low;

    if (!hex4(in, 2, &c) || (c >= 0xdc00 && c <= 0xdfff)) {
        return 0;
    }
    if (c < 0xd800 || c > 0xdbff) {
        add_utf8(out, c);
        return 6;
    }
    if (byte_at(in, 6) != '\\' || byte_at(in, 7) != 'u' || !hex4(in, 8, &low) ||
        low < 0xdc00 || low > 0xdfff) {
        return 0;
    }
    add_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
    return 12;
}

/* Reads the escape at the front of `in`; answers the bytes it took, or 0. */
static size_t unescape_one(struct slice in, struct buf *out) {
    static const char names[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    uint8_t c = byte_at(in, 1);
    const char *hit = c == 0 ? NULL : strchr(names, c);

    if (c == 'u') {
        return unescape_u(in, out);
    }
    if (hit == NULL) {
        return 0;
    }
    buf_add_byte(out, (uint8_t)means[hit - names]);
    return 2;
}

bool json_unescape(struct slice in, struct buf *out) {
    while (in.n > 0) {
        size_t plain = slice_find(in, '\\');
        size_t took;

        buf_add(out, slice_take(in, plain));
        in = slice_drop(in, plain);
        if (in.n == 0) {
            break;
        }
        took = unescape_one(in, out);
        if (took == 0) {
            return false;
        }
        in = slice_drop(in, took);
    }
    return true;
}
