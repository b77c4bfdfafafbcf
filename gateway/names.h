/* User names: which are allowed, and the form in which two are the same. */
#ifndef MOIM_GATEWAY_NAMES_H
#define MOIM_GATEWAY_NAMES_H

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

/* Appends the key of `name` (UTF-8) to `key`: NFKC of its full case folding,
 * by which names are unique (Unicode 3.13, D146; UAX 15).
 *
 * RC_BAD_INPUT: not 1 to 64 bytes, or 1 to 32 characters that are letters,
 * marks or digits of any script, or one of "._-" between them; or of scripts
 * that nobody writes together, as one name passes for another then (UTS 39,
 * 5.2: highly restrictive); or a name that is ours ("admin", "system", ...);
 * nothing is appended. */
enum rc name_key(struct slice name, struct buf *key) MUST_CHECK;

/* The same for what may be the beginning of a name's key: it may also end in
 * one of "._-", or be a name that is ours. One that ends in the middle of a
 * composed character finds nothing. */
enum rc name_prefix_key(struct slice prefix, struct buf *key) MUST_CHECK;

#endif
