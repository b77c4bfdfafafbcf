/* The bus as the logic sees it: publish to topics, hear from topics.
 *
 * Asynchronous as every port: a callback comes once, from the loop, never
 * before the call that started it has returned. */
#ifndef MOIM_PORTS_BUS_H
#define MOIM_PORTS_BUS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/topic.h"

struct bus;

/* RC_OK        the bus has it (publish) or delivers from now on (subscribe)
 * RC_AGAIN     not connected, nothing was sent
 * RC_TIMEOUT   no answer within the deadline; it may have happened
 * RC_BACKEND   the connection broke or the bus refused; it may have happened */
typedef void (*bus_done_fn)(void *ctx, enum rc rc);

/* What the owner of the bus hears. All called from the loop. */
struct bus_events {
    /* One message of a subscribed topic; `msg` borrowed until it returns. May
     * repeat what was heard before (after a repair), never out of the order
     * of one publisher on one topic. */
    void (*on_message)(void *owner, struct topic topic, struct slice msg);
    /* Messages of this partition's topics were lost and could not be
     * repaired: every client concerned has to sync. */
    void (*on_gap)(void *owner, unsigned partition);
    /* The bus was not heard and is again: what is not durable was perhaps
     * missed. May be NULL. */
    void (*on_back)(void *owner);
};

struct bus_ops {
    /* Publishes `msg` (copied) to each of `topics` (copied), in order after
     * everything published before by this process. `durable` messages also
     * enter the partition's replay log and are repaired after a loss. `done`
     * comes when all topics are confirmed; NULL: nobody asks. */
    void (*publish)(struct bus *bus, const struct topic *topics, size_t count,
                    struct slice msg, bool durable, bus_done_fn done,
                    void *ctx);
    /* Subscribing is remembered and renewed after every reconnect until
     * unsubscribe. `done` (may be NULL) comes at the first confirmation.
     * Subscribing twice is an error of the caller: it counts references. */
    void (*subscribe)(struct bus *bus, struct topic topic, bus_done_fn done,
                      void *ctx);
    void (*unsubscribe)(struct bus *bus, struct topic topic);
    /* False: publishing now would answer RC_AGAIN. */
    bool (*ready)(struct bus *bus);
};

/* Embedded first in every implementation. */
struct bus {
    const struct bus_ops *ops;
    const struct bus_events *events; /* set by the owner before the first use */
    void *owner;
};

#endif
