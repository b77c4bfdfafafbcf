/* Is the history's store as durable as the configured tier says? Each of its
 * addresses is asked at the start and every minute after; while it is weaker
 * the gateway is not ready, since its acks would promise too much. Replicas are
 * wanted once: those that go later make acks fail (storage/copies.h), and
 * promise nothing. */
#ifndef MOIM_GATEWAY_DURABILITY_H
#define MOIM_GATEWAY_DURABILITY_H

#include "proto/base/macros.h"
#include "proto/base/wheel.h"
#include "storage/resp_conn.h"

struct server;

struct durability {
    struct server *server; /* its not_durable is what comes out */
    struct redis_config redis;
    const char *rest; /* of redis.address: who has not been asked yet */
    unsigned answers;
    const char *why; /* the first of them that is too weak */
    struct wheel_timer timer;
    bool warned;
    bool had_copies; /* there were enough replicas once */
};

/* With tier t0 nothing is asked. `server` and what `redis` points to are
 * borrowed until durability_stop. RC_BAD_INPUT: not an address. */
enum rc durability_start(struct durability *d, struct server *server,
                         const struct redis_config *redis) MUST_CHECK;
/* No question is asked any more; one that is open still comes back. */
void durability_stop(struct durability *d);

#endif
