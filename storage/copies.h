/* Whether replicas have what was written: tier t2. Whoever was told by a
 * server that something is written, or what stands there, asks here, and is
 * told when replicas have it. All who ask in a turn share one WAIT, which goes
 * behind their writes on the same connection; who asks while it is on its way
 * shares the next. So a server waits for its replicas once at a time, however
 * much is written. */
#ifndef MOIM_STORAGE_COPIES_H
#define MOIM_STORAGE_COPIES_H

#include <stdint.h>

#include "proto/base/list.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/redis_nodes.h"

enum {
    COPIES_WAIT_PART = 4, /* of the deadline that replicas may take */
};

/* Of all servers of a store. */
struct copies {
    struct loop *loop;
    uint64_t want;    /* replicas that must have it; 0: nobody asks */
    uint64_t wait_ms; /* how long a server may wait for them */
    struct list servers;
};

/* Who is to be told; embedded in his record.
 *
 * RC_OK       replicas have it
 * RC_TIMEOUT  too few have it: it is written, and may be lost by a failover
 * RC_BACKEND  the connection broke, or the server does not say: the same
 * RC_CLOSED   copies_fini, or the connection's end, came first */
struct copies_waiter {
    struct list node;
    void (*done)(struct copies_waiter *w, enum rc rc);
};

/* An answer may take `deadline_ms` in all. */
void copies_init(struct copies *c, struct loop *l, uint64_t deadline_ms);
/* Tells who still waits RC_CLOSED. All connections are closed already. */
void copies_fini(struct copies *c);
/* In the turn in which the node's server has answered the write. `w->done` is
 * set, and called once, from the loop, never before this returns. */
void copies_await(struct copies *c, struct redis_node *node,
                  struct copies_waiter *w);
/* The node's connection is about to be closed for ever. */
void copies_gone(struct redis_node *node);

#endif
