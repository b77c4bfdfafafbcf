/* A line being typed: bytes from a terminal in raw mode become text. Only
 * what a chat needs: letters of any script, backspace, ^W and ^U. */
#ifndef MOIM_MOIMCTL_LINE_EDIT_H
#define MOIM_MOIMCTL_LINE_EDIT_H

#include <stdint.h>

#include "proto/base/buf.h"

enum {
    LINE_EDIT_MAX = 16 * 1024, /* bytes of a line; more are not taken */
};

enum line_key {
    KEY_NOTHING, /* nothing to see changed */
    KEY_CHANGED, /* the text changed */
    KEY_ENTER,   /* the text is a line; the caller clears it */
    KEY_END,     /* ^D in an empty line */
    KEY_BREAK,   /* ^C */
    KEY_REDRAW,  /* ^L */
};

struct line_edit {
    struct buf text; /* what was typed, perhaps with half a character last */
    uint8_t escape;  /* inside an escape sequence: which kind; else 0 */
};

void line_edit_init(struct line_edit *e);
void line_edit_fini(struct line_edit *e);
/* The next byte. */
enum line_key line_edit_feed(struct line_edit *e, uint8_t byte);

#endif
