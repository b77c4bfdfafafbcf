/* Transitions that wait to be published. At most one a user: a later one
 * takes the place of an earlier. Those of a partition that another service
 * works stay for a while, so that a takeover tells what the dead one did
 * not. */
#ifndef MOIM_PRESENCE_OUTBOX_H
#define MOIM_PRESENCE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/wire/bus_msg.h"

struct outbox {
    struct list waiting; /* the oldest first */
    struct map by_user;
};

/* True: `known` was dealt with and leaves the outbox. May not touch it. */
typedef bool (*outbox_fn)(void *ctx, const struct presence_known *known);

void outbox_init(struct outbox *o);
void outbox_fini(struct outbox *o);
void outbox_put(struct outbox *o, struct presence_known known, uint64_t now_ms);
/* Offers all, the oldest first. */
void outbox_flush(struct outbox *o, outbox_fn fn, void *ctx);
/* Drops what was put before `before_ms`. */
void outbox_trim(struct outbox *o, uint64_t before_ms);
size_t outbox_count(const struct outbox *o);

#endif
