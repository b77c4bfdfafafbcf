/* What the concrete stores of a gateway count and measure, for Prometheus. */
#ifndef MOIM_GATEWAY_STORE_METRICS_H
#define MOIM_GATEWAY_STORE_METRICS_H

#include "chat-core/ports/bus.h"
#include "chat-core/ports/directory.h"
#include "chat-core/ports/history.h"
#include "chat-core/ports/hooks.h"
#include "proto/base/buf.h"

/* All made by storage/; borrowed. */
struct stores {
    struct bus *bus;
    struct history *history;
    struct directory *directory;
    struct hooks *hooks; /* NULL: there are none */
};

/* `stores` is a struct stores; see struct server. */
void store_metrics_put(const void *stores, struct buf *out);

#endif
