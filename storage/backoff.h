/* How long to wait before trying again: full jitter, a chance between nothing
 * and a ceiling that doubles with every try, so that many processes that lost
 * the same server do not come back at the same moment. */
#ifndef MOIM_STORAGE_BACKOFF_H
#define MOIM_STORAGE_BACKOFF_H

#include <stdint.h>

#include "proto/base/rand.h"

enum {
    BACKOFF_FLOOR_MS = 10,   /* never at once: that would be a busy loop */
    BACKOFF_FIRST_MS = 100,  /* the ceiling of the first wait */
    BACKOFF_MOST_MS = 5000,  /* the ceiling of every later one */
    BACKOFF_STABLE_MS = 1000 /* a connection this old was a success */
};

struct backoff {
    uint64_t ceiling_ms;
};

/* Also after a success: the next wait is a first one again. */
void backoff_reset(struct backoff *b);
/* The next wait in milliseconds, BACKOFF_FLOOR_MS to BACKOFF_MOST_MS. */
uint64_t backoff_next(struct backoff *b, struct rand *r);

#endif
