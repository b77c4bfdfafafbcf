/* The bus (chat-core/ports/bus.h) on Redis 7, a single server or a cluster:
 * sharded pub/sub, and behind it a capped replay log; in a cluster one per
 * partition.
 *
 * Two connections to each server: one for publishing, one that is subscribed.
 * Twice a second they agree on a position: Redis' clock, read on the first, is
 * known to lie behind everything the second has delivered once a ping sent
 * after it came back. When the second breaks, every topic is subscribed again
 * and the log is read from a little before the last position. A log that was
 * trimmed past it, or is not the log it was (the key {p<n>}epoch changed), is a
 * gap.
 *
 * The same beat compares what all processes say they have published with what
 * was heard (bus_marks.h). A message that did not come, though the connection
 * lives, is read from the log: within two beats and a read. The
 * idle cost of a process is TIME and XRANGE in one write and a PING, for all
 * partitions of a server together, twice a second; a process that publishes
 * adds one XADD of 22 bytes a message and 8 more for each further topic.
 *
 * The bus's Redis should keep an AOF, or no files at all: one that comes back
 * from an older snapshot has a log with a hole at its end. */
#ifndef MOIM_STORAGE_BUS_REDIS_H
#define MOIM_STORAGE_BUS_REDIS_H

#include <stdint.h>

#include "chat-core/ports/bus.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/resp_conn.h"

struct bus_redis_stats {
    uint64_t published;  /* topics, confirmed */
    uint64_t failed;     /* publish calls that did not end in RC_OK */
    uint64_t delivered;  /* messages handed on as they came */
    uint64_t replayed;   /* messages handed on from a log */
    uint64_t strays;     /* messages of topics nobody wants any more */
    uint64_t topics;     /* subscribed now */
    uint64_t reconnects; /* of the subscriber, after a loss */
    uint64_t missed;     /* messages that a live connection did not bring */
    uint64_t repairs;    /* logs read to the end, of a loss each */
    uint64_t gaps;       /* partitions that could not be repaired */
};

/* Starts connecting and goes on trying; `config` as redis_nodes.h has it.
 * `bus->events` and `owner` are set by
 * the caller before the loop runs. Besides the port's codes, publish and
 * subscribe may be answered RC_CLOSED: by bus_redis_close, and subscribe when
 * the topic was unsubscribed first. RC_BAD_INPUT: not an address. */
enum rc bus_redis_open(struct bus **out, struct loop *l,
                       const struct redis_config *config) MUST_CHECK;
/* Answers everything that waits with RC_CLOSED before it returns. Not from
 * within a callback of this bus. Sets *bus to NULL; NULL is fine. */
void bus_redis_close(struct bus **bus);

/* Borrowed as long as it is open. */
const struct bus_redis_stats *bus_redis_stats(const struct bus *bus);

#endif
