/* How often something named by a stranger (an account, an address) may try:
 * one token bucket per name, for as many names as fit. When the table is full
 * the names that have been quiet longest make room; who has all tries back is
 * forgotten as others come. */
#ifndef MOIM_GATEWAY_THROTTLE_H
#define MOIM_GATEWAY_THROTTLE_H

#include <stdint.h>

#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/base/slice.h"

enum {
    THROTTLE_NAMES_MAX = 100000,
};

struct throttle {
    struct map names;
    struct list quiet;  /* least recently used first */
    uint64_t each_us;   /* one try is earned back every so many */
    uint64_t window_us; /* in which all are */
};

void throttle_init(struct throttle *t, uint64_t tries, uint64_t window_ms);
/* `per_s` (at most a million) tries a second, at most `burst` at once. */
void throttle_init_rate(struct throttle *t, uint64_t per_s, uint64_t burst);
void throttle_fini(struct throttle *t);
/* One try of `name`. 0: go on; else the milliseconds to wait. */
uint64_t throttle_take(struct throttle *t, struct slice name,
                       uint64_t now_ms) MUST_CHECK;
/* It went well: the name's tries are forgotten. */
void throttle_clear(struct throttle *t, struct slice name);

#endif
