/* How long to wait before trying again. The first wait is short, for a server
 * that is only being restarted; each further one is up to four times as long.
 * A wait is drawn between half its ceiling and the ceiling (the first: from
 * almost nothing), so that processes that lost the same server do not come
 * back at the same moment. While the server stays away that makes four tries
 * in the first four seconds and two in three seconds later; and a server that
 * is back is found within two seconds. */
#ifndef MOIM_STORAGE_BACKOFF_H
#define MOIM_STORAGE_BACKOFF_H

#include <stdint.h>

#include "proto/base/rand.h"

enum {
    BACKOFF_FLOOR_MS = 10,   /* never at once: that would be a busy loop */
    BACKOFF_FIRST_MS = 100,  /* the ceiling of the first wait */
    BACKOFF_GROWTH = 4,      /* of the ceiling, at each try */
    BACKOFF_MOST_MS = 2000,  /* no ceiling is higher */
    BACKOFF_STABLE_MS = 300, /* a connection this old was a success */
};

struct backoff {
    uint64_t ceiling_ms;
};

/* Also after a success: the next wait is a first one again. */
void backoff_reset(struct backoff *b);
/* The next wait in milliseconds, BACKOFF_FLOOR_MS to BACKOFF_MOST_MS. */
uint64_t backoff_next(struct backoff *b, struct rand *r);

#endif
