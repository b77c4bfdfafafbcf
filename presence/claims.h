/* Which presence service works one partition. Every service claims every
 * partition again and again; among those heard lately and ready, the one with
 * the highest hash of (service, partition) owns it, so all who hear the same
 * agree without talking about it. Pure logic, one struct a partition. */
#ifndef MOIM_PRESENCE_CLAIMS_H
#define MOIM_PRESENCE_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLAIMS_MAX = 16,           /* services; the longest silent one makes room */
    CLAIM_EVERY_MS = 500,      /* how often a service claims */
    CLAIM_LASTS_MS = 2 * 1000, /* how long it is believed */
};

struct claim {
    uint64_t service;
    uint64_t heard_ms;
    bool ready;
};

struct claims {
    uint64_t self;
    uint16_t partition;
    size_t count;
    struct claim all[CLAIMS_MAX]; /* the own one, as heard back, too */
};

void claims_init(struct claims *c, uint64_t self, uint16_t partition);
/* A claim was heard at `now_ms`. */
void claims_hear(struct claims *c, uint64_t service, bool ready,
                 uint64_t now_ms);
/* True when the own claim came back lately: the bus carries both ways. */
bool claims_hearing(const struct claims *c, uint64_t now_ms);
/* True when another service that is ready was heard lately. */
bool claims_others(const struct claims *c, uint64_t now_ms);
/* True when this service owns the partition; `ready` is what it would claim
 * now. */
bool claims_own(const struct claims *c, bool ready, uint64_t now_ms);

#endif
