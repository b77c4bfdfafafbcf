/* Times as people write them: "90s", "15m", "1h", "30d". */
#ifndef MOIM_MOIMCTL_SPAN_H
#define MOIM_MOIMCTL_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/slice.h"

/* False: not a number with one of the units ms, s, m, h, d, or beyond a
 * hundred years; *out is untouched. */
bool span_parse(struct slice text, uint64_t *out_ms);
/* Adds "7 s", "12 min", "3 h" or "5 days": how long ago, for people. */
void span_print(struct buf *out, uint64_t ms);

#endif
