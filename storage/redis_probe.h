/* Asks a store, once, what it promises: is it the server we need, and is what
 * it acknowledges on disk? What is weaker than "always durable" comes back as
 * a list of sentences; whether that is good enough is the caller's decision. */
#ifndef MOIM_STORAGE_REDIS_PROBE_H
#define MOIM_STORAGE_REDIS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/resp_conn.h"

enum {
    REDIS_PROBE_WEAK_MAX = 8,
    REDIS_PROBE_MS = 5000, /* to connect and answer */
};

struct redis_probe {
    uint64_t major;       /* of the server's version; 0: it does not say */
    bool replica;         /* of another; else: */
    uint64_t replicas;    /* connected to it */
    bool config_readable; /* false: the durability is unknown */
    size_t weak_count;
    const char *weak[REDIS_PROBE_WEAK_MAX]; /* static English sentences */
};

/* RC_OK       `out` says what was found; borrowed until it returns
 * RC_TIMEOUT  it could not be reached, or did not answer */
typedef void (*redis_probe_fn)(void *ctx, enum rc rc,
                               const struct redis_probe *out);

/* Asks; `done` comes once, from the loop, which is kept running until then.
 * RC_BAD_INPUT: not an address; `done` does not come. */
enum rc redis_probe(struct loop *l, const struct redis_config *config,
                    redis_probe_fn done, void *ctx) MUST_CHECK;

#endif
