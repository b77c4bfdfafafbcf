#include "storage/backoff.h"

void backoff_reset(struct backoff *b) {
    b->ceiling_ms = BACKOFF_FIRST_MS;
}

uint64_t backoff_next(struct backoff *b, struct rand *r) {
    uint64_t span_ms = b->ceiling_ms - BACKOFF_FLOOR_MS + 1;

    b->ceiling_ms *= 2;
    if (b->ceiling_ms > BACKOFF_MOST_MS) {
        b->ceiling_ms = BACKOFF_MOST_MS;
    }
    return BACKOFF_FLOOR_MS + rand_below(r, span_ms);
}
