/* Where the units of a Redis conversation end: a proxy passes their bytes on
 * as they came, and only looks at the first word. Pure. */
#ifndef MOIM_FAULT_RESP_CUT_H
#define MOIM_FAULT_RESP_CUT_H

#include <stddef.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"

/* One command, or one reply. */
struct resp_unit {
    size_t len;         /* bytes */
    size_t items;       /* of the array that it is; 0 for anything else */
    struct slice first; /* the array's first item if that is a bulk string:
                         * a command's name, "smessage"; borrowed, or empty */
};

/* Reads the unit at the beginning of `in`; *out is written on PARSE_OK. */
enum parse resp_cut(struct slice in, struct resp_unit *out) MUST_CHECK;

#endif
