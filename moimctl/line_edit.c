#include "moimctl/line_edit.h"

enum {
    CTRL_C = 3,
    CTRL_D = 4,
    BACKSPACE = 8,
    CTRL_L = 12,
    CTRL_U = 21,
    CTRL_W = 23,
    ESC = 27,
    DEL = 127,
};

void line_edit_init(struct line_edit *e) {
    *e = (struct line_edit){0};
    buf_init(&e->text);
}

void line_edit_fini(struct line_edit *e) {
    buf_fini(&e->text);
}

/* Drops one whole character: its last bytes are 10xxxxxx. */
static void drop_char(struct line_edit *e) {
    while (e->text.n > 0 && (e->text.p[e->text.n - 1] & 0xc0) == 0x80) {
        e->text.n--;
    }
    if (e->text.n > 0) {
        e->text.n--;
    }
}

static void drop_word(struct line_edit *e) {
    while (e->text.n > 0 && e->text.p[e->text.n - 1] == ' ') {
        e->text.n--;
    }
    while (e->text.n > 0 && e->text.p[e->text.n - 1] != ' ') {
        e->text.n--;
    }
}

/* Cursor and function keys come as ESC [ ... letter or ESC O letter: taken
 * whole and forgotten, so that nothing of them gets into a message. */
static void skip_escape(struct line_edit *e, uint8_t byte) {
    if (e->escape == ESC) {
        e->escape = byte == '[' || byte == 'O' ? byte : 0;
    } else if (e->escape == 'O' || (byte >= 0x40 && byte <= 0x7e)) {
        e->escape = 0;
    }
}

static enum line_key add(struct line_edit *e, uint8_t byte) {
    if (byte < ' ' || e->text.n >= LINE_EDIT_MAX) {
        return KEY_NOTHING;
    }
    buf_add_byte(&e->text, byte);
    /* A character is drawn when it is whole; the byte that ends it cannot be
     * told from here, so all but the first are drawn. */
    return byte < 0xc0 ? KEY_CHANGED : KEY_NOTHING;
}

enum line_key line_edit_feed(struct line_edit *e, uint8_t byte) {
    if (e->escape != 0) {
        skip_escape(e, byte);
        return KEY_NOTHING;
    }
    switch (byte) {
    case '\r':
    case '\n':
        return KEY_ENTER;
    case CTRL_C:
        return KEY_BREAK;
    case CTRL_D:
        return e->text.n == 0 ? KEY_END : KEY_NOTHING;
    case BACKSPACE:
    case DEL:
        drop_char(e);
        return KEY_CHANGED;
    case CTRL_W:
        drop_word(e);
        return KEY_CHANGED;
    case CTRL_U:
        buf_clear(&e->text);
        return KEY_CHANGED;
    case CTRL_L:
        return KEY_REDRAW;
    case ESC:
        e->escape = ESC;
        return KEY_NOTHING;
    case '\t':
        return add(e, ' ');
    default:
        return add(e, byte);
    }
}
