/* How often something named by a stranger (an account, an address) may try:
 * one token bucket per name, for as many names as fit. When the table is full
 * the names that have been quiet longest make room. */
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
    struct list quiet; /* least recently used first */
    uint64_t tries;    /* in `window_ms` */
    uint64_t window_ms;
};

void throttle_init(struct throttle *t, uint64_t tries, uint64_t window_ms);
void throttle_fini(struct throttle *t);
/* One try of `name`. 0: go on; else the milliseconds to wait. */
uint64_t throttle_take(struct throttle *t, struct slice name,
                       uint64_t now_ms) MUST_CHECK;
/* It went well: the name's tries are forgotten. */
void throttle_clear(struct throttle *t, struct slice name);

#endif
