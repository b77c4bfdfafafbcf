/* The presence service's internal listener: /healthz, /readyz, /metrics,
 * /ops/errors. */
#ifndef MOIM_PRESENCE_HEALTH_H
#define MOIM_PRESENCE_HEALTH_H

#include "chat-core/ports/bus.h"
#include "chat-core/ports/directory.h"
#include "presence/service.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/bus_redis.h"

struct presence_health;

/* What it asks; all borrowed until presence_health_close. */
struct presence_health_parts {
    struct loop *loop;
    const struct service *service;
    struct bus *bus;
    struct directory *dir;
    const struct bus_redis_stats *bus_stats;
};

/* Listens on `address`, borrowed until presence_health_free. RC_BAD_INPUT,
 * RC_CONFLICT, RC_BACKEND: see listener_open. */
enum rc presence_health_open(struct presence_health **out,
                             const struct presence_health_parts *parts,
                             const char *address) MUST_CHECK;
/* Stops listening and ends its connections; asks nobody any more. They close
 * on the next turns of the loop. */
void presence_health_close(struct presence_health *h);
/* After the loop has run dry: frees, sets *h to NULL; NULL is fine. */
void presence_health_free(struct presence_health **h);

#endif
