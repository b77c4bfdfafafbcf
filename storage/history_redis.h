/* The history (chat-core/ports/history.h) in Redis, a cluster of it, or any
 * store that speaks its protocol and runs its scripts: strings, hashes, lists,
 * EVALSHA and EXPIRE are all it takes. See history_layout.h for the keys. */
#ifndef MOIM_STORAGE_HISTORY_REDIS_H
#define MOIM_STORAGE_HISTORY_REDIS_H

#include <stdint.h>

#include "chat-core/ports/history.h"
#include "chat-core/ports/store.h"
#include "proto/base/histogram.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/resp_conn.h"

struct history_redis_stats {
    uint64_t appends;        /* stored */
    uint64_t repeats;        /* known already */
    uint64_t unconfirmed;    /* of both, on too few replicas: not acked */
    uint64_t unsure;         /* reads of what too few replicas have: not told */
    uint64_t lost;           /* calls that met another store */
    uint64_t reloads;        /* calls that found their script gone */
    uint64_t bad_replies;    /* errors, or not of the shape we expect */
    struct histogram writes; /* an append, from the call to its answer */
};

/* Starts connecting and goes on trying; `config` as redis_nodes.h has it, and
 * `history->ops->ready` tells. Every
 * call also may be answered RC_CLOSED, by history_redis_close.
 * RC_BAD_INPUT: not an address. */
enum rc history_redis_open(struct history **out, struct loop *l,
                           const struct redis_config *config) MUST_CHECK;
/* So many replicas must have an event before its append is answered RC_OK; 0,
 * as it begins: none. To be said before the first append. */
void history_redis_want_copies(struct history *h, uint64_t count);
/* From now on it answers RC_AGAIN until it is told which store to expect, by
 * what is answered here; borrowed as long as it is open. To be said before the
 * first call. */
struct store *history_redis_guard(struct history *h);
/* Answers every waiting call with RC_CLOSED before it returns. Sets *h to
 * NULL; NULL is fine. */
void history_redis_close(struct history **h);

/* Borrowed as long as it is open. */
const struct history_redis_stats *history_redis_stats(const struct history *h);
const struct resp_conn_stats *history_redis_conn_stats(const struct history *h);

#endif
