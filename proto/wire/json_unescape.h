/* The content of a JSON string with its escapes resolved. */
#ifndef MOIM_WIRE_JSON_UNESCAPE_H
#define MOIM_WIRE_JSON_UNESCAPE_H

#include <stdbool.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"

/* Adds `in`, the bytes between a string's quotes, to `out`, which gets at
 * most in.n bytes. Only escapes are looked at; they become UTF-8.
 *
 * False: an unknown escape, or half of a surrogate pair; `out` then holds
 * what came before it. */
bool json_unescape(struct slice in, struct buf *out) MUST_CHECK;

#endif
