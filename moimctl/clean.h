/* Text from other people, made safe to print: it may neither speak to the
 * terminal nor pretend to be a line of its own. */
#ifndef MOIM_MOIMCTL_CLEAN_H
#define MOIM_MOIMCTL_CLEAN_H

#include "proto/base/buf.h"
#include "proto/base/slice.h"

/* Adds `text` to `out` as one line. Each byte that is not UTF-8, and each
 * control character (C0, DEL, C1) or sign that reorders text (U+202A to
 * U+202E, U+2066 to U+2069) becomes U+FFFD; a line break becomes U+23CE with
 * a space, a tab a space. */
void clean_line(struct buf *out, struct slice text);
/* Columns that cleaned text takes on a terminal. */
size_t clean_width(struct slice text);
/* The part at the end of cleaned text that takes at most `columns`. */
struct slice clean_tail(struct slice text, size_t columns);

#endif
