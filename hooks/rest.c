#include "hooks/rest.h"

uint64_t rest_draw(uint64_t *ceiling_ms, struct rand *r) {
    uint64_t most_ms = *ceiling_ms;

    *ceiling_ms *= 2;
    if (*ceiling_ms > REST_MOST_MS) {
        *ceiling_ms = REST_MOST_MS;
    }
    return most_ms / 2 + rand_below(r, most_ms / 2 + 1);
}
