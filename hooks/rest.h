/* How long to let somebody rest who failed: each time up to twice as long.
 * Pure. Another one than storage/backoff.h, which is for a server of our own
 * that is restarted; who is told of things may be away for days. */
#ifndef MOIM_HOOKS_REST_H
#define MOIM_HOOKS_REST_H

#include <stdint.h>

#include "proto/base/rand.h"

enum {
    REST_MOST_MS = 60000, /* no ceiling is higher */
};

/* Drawn between half of `*ceiling_ms` and all of it, so that those who failed
 * together do not come back together; the ceiling doubles. */
uint64_t rest_draw(uint64_t *ceiling_ms, struct rand *r);

#endif
