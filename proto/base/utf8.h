/* Is this text UTF-8? Answered byte by byte as the text arrives, so that the
 * first wrong byte is known at once and nothing is ever read twice. Overlong
 * forms, surrogates and everything above U+10FFFF are wrong; noncharacters,
 * NUL and a byte order mark are not. */
#ifndef MOIM_BASE_UTF8_H
#define MOIM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"

/* A text that may still be arriving. */
struct utf8 {
    uint8_t state;
};

void utf8_init(struct utf8 *u);
/* Checks the next bytes. False: some byte up to here can be part of no UTF-8
 * text; every later call says false too. */
bool utf8_feed(struct utf8 *u, struct slice in) MUST_CHECK;
/* True when the bytes fed so far end between two characters. */
bool utf8_complete(const struct utf8 *u);

/* True when all of `text` is UTF-8. */
bool utf8_valid(struct slice text);
/* The length of the run at the front that is ASCII and stands in a JSON
 * string as it is: no control character, quote or backslash. */
size_t utf8_plain_run(struct slice text);
/* The number of code points in `text`, which must be valid. */
size_t utf8_count(struct slice text);
/* The longest part of `text`, which must be valid, that is at most `max`
 * bytes and does not end inside a character. Borrowed as `text` is. */
struct slice utf8_cut(struct slice text, size_t max);

#endif
