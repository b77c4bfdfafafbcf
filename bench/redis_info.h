/* Asks Redis one thing, waiting for the answer. */
#ifndef MOIM_BENCH_REDIS_INFO_H
#define MOIM_BENCH_REDIS_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "bench/options.h"

/* used_memory in bytes of the Redis at `address`, "127.0.0.1:6379" or
 * "unix:/path"; 0 when it does not say. */
uint64_t redis_used_memory(const char *address);
/* The sum over several. */
uint64_t redis_used_memory_all(const struct target *list, size_t count);

#endif
