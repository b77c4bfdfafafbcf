#include "moimctl/clean.h"

#include <unistr.h>
#include <uniwidth.h>

#define REPLACED "\xef\xbf\xbd" /* U+FFFD */
#define RETURN "\xe2\x8f\x8e "  /* U+23CE */

/* Is this a character a terminal would obey, or text be reordered by? The
 * line and paragraph separators (U+2028, U+2029) belong to the former. */
static bool commands_terminal(ucs4_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e ||
           c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* One character at the front of `text`: its bytes, at least 1. */
static size_t take_char(struct slice text, ucs4_t *out) {
    int n = u8_mbtoucr(out, text.p, text.n);

    if (n <= 0) {
        *out = 0; /* a control character, so it is replaced */
        return 1;
    }
    return (size_t)n;
}

void clean_line(struct buf *out, struct slice text) {
    while (text.n > 0) {
        ucs4_t c;
        size_t n = take_char(text, &c);

        if (c == '\n') {
            buf_add_str(out, RETURN);
        } else if (c == '\t') {
            buf_add_byte(out, ' ');
        } else if (commands_terminal(c)) {
            buf_add_str(out, REPLACED);
        } else {
            buf_add(out, slice_take(text, n));
        }
        text = slice_drop(text, n);
    }
}

static size_t char_width(ucs4_t c) {
    int width = uc_width(c, "UTF-8");

    return width < 0 ? 0 : (size_t)width;
}

size_t clean_width(struct slice text) {
    size_t columns = 0;

    while (text.n > 0) {
        ucs4_t c;
        size_t n = take_char(text, &c);

        columns += char_width(c);
        text = slice_drop(text, n);
    }
    return columns;
}

struct slice clean_tail(struct slice text, size_t columns) {
    size_t width = clean_width(text);

    while (width > columns && text.n > 0) {
        ucs4_t c;
        size_t n = take_char(text, &c);

        width -= char_width(c);
        text = slice_drop(text, n);
    }
    return text;
}
