/* Which presence service works one partition: rendezvous hashing over the
 * services heard lately. */
#include "presence/claims.h"

void claims_init(struct claims *c, uint64_t self, uint16_t partition) {
    *c = (struct claims){.self = self, .partition = partition};
}

/* The place for `service`: its own, a free one, or the longest silent. */
static struct claim *place_for(struct claims *c, uint64_t service) {
    struct claim *oldest = &c->all[0];

    for (size_t i = 0; i < c->count; i++) {
        if (c->all[i].service == service) {
            return &c->all[i];
        }
        if (c->all[i].heard_ms < oldest->heard_ms) {
            oldest = &c->all[i];
        }
    }
    return c->count < CLAIMS_MAX ? &c->all[c->count++] : oldest;
}

void claims_hear(struct claims *c, uint64_t service, bool ready,
                 uint64_t now_ms) {
    *place_for(c, service) = (struct claim){service, now_ms, ready};
}

static bool lasts(const struct claim *claim, uint64_t now_ms) {
    return now_ms - claim->heard_ms < CLAIM_LASTS_MS;
}

bool claims_hearing(const struct claims *c, uint64_t now_ms) {
    for (size_t i = 0; i < c->count; i++) {
        if (c->all[i].service == c->self) {
            return lasts(&c->all[i], now_ms);
        }
    }
    return false;
}

/* The finalizer of splitmix64 (Steele, Lea, Flood, 2014). */
static uint64_t weight(uint64_t service, uint16_t partition) {
    uint64_t x = service + (partition + 1U) * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Another service's claim that beats ours. */
static bool beats(const struct claims *c, const struct claim *other) {
    uint64_t ours = weight(c->self, c->partition);
    uint64_t theirs = weight(other->service, c->partition);

    return theirs > ours || (theirs == ours && other->service > c->self);
}

bool claims_others(const struct claims *c, uint64_t now_ms) {
    for (size_t i = 0; i < c->count; i++) {
        const struct claim *other = &c->all[i];

        if (other->service != c->self && other->ready && lasts(other, now_ms)) {
            return true;
        }
    }
    return false;
}

bool claims_own(const struct claims *c, bool ready, uint64_t now_ms) {
    if (!ready || !claims_hearing(c, now_ms)) {
        return false;
    }
    for (size_t i = 0; i < c->count; i++) {
        const struct claim *other = &c->all[i];

        if (other->service != c->self && other->ready && lasts(other, now_ms) &&
            beats(c, other)) {
            return false;
        }
    }
    return true;
}
