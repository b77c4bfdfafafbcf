/* A 64-bit hash for telling contents apart, not for secrets and not for
 * tables keyed by strangers: FNV-1a (Fowler, Noll, Vo; RFC draft
 * eastlake-fnv), the same on every machine and for ever, since it is stored. */
#ifndef MOIM_BASE_HASH_H
#define MOIM_BASE_HASH_H

#include <stdint.h>

#include "proto/base/slice.h"

uint64_t hash_fnv1a(struct slice data);

#endif
