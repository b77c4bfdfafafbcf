#include "storage/backoff.h"
#include "proto/base/plant.h"

void backoff_reset(struct backoff *b) {
    b->ceiling_ms = BACKOFF_FIRST_MS;
}

uint64_t backoff_next(struct backoff *b, struct rand *r) {
    uint64_t most_ms = b->ceiling_ms;
    uint64_t least_ms =
        most_ms == BACKOFF_FIRST_MS ? BACKOFF_FLOOR_MS : most_ms / 2;

    b->ceiling_ms *= planted(PLANT_EAGER_RECONNECT) ? 1 : BACKOFF_GROWTH;
    if (b->ceiling_ms > BACKOFF_MOST_MS) {
        b->ceiling_ms = BACKOFF_MOST_MS;
    }
    return least_ms + rand_below(r, most_ms - least_ms + 1);
}
