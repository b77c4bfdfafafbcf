/* The presence service without its process: hears the gateways' reports over
 * the bus, keeps a tracker for each partition of users, and for those that it
 * owns publishes transitions, answers queries and writes last-seen times.
 *
 * Two services run. Both hear everything, so either can take over at once;
 * presence/claims.h says which one speaks. Time comes from `clock` and
 * `wheel`, so a test can run it without a process. */
#ifndef MOIM_PRESENCE_SERVICE_H
#define MOIM_PRESENCE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/bus.h"
#include "chat-core/ports/directory.h"
#include "chat-core/ports/hooks.h"
#include "presence/tracker.h"
#include "proto/base/clock.h"
#include "proto/base/macros.h"
#include "proto/base/wheel.h"

struct service;

struct service_config {
    uint64_t service; /* this process, not 0; a restarted one has a new id */
    struct tracker_config tracker;
    uint64_t seen_every_ms; /* between two batches of last-seen times */
    size_t seen_limit;      /* last-seen times that may wait */
};

/* What it works with; all borrowed until service_close. It becomes the owner
 * of `bus`. */
struct service_ports {
    struct bus *bus;
    struct directory *dir;
    const struct clock *clock;
    struct wheel *wheel;
    struct hooks *hooks; /* NULL: there are no webhooks */
};

struct service_counts {
    struct tracker_counts tracker; /* of all partitions */
    size_t owned;                  /* partitions */
    size_t ready;                  /* partitions known well enough */
    uint64_t queries;              /* answered */
    uint64_t published;            /* transitions */
    uint64_t bad_messages;
    size_t seen_waiting;
    uint64_t seen_written;
    uint64_t seen_failed;
    uint64_t seen_dropped;
};

struct service *service_open(const struct service_config *config,
                             const struct service_ports *ports) MUST_CHECK;
/* Frees and sets *s to NULL; NULL inside is fine. The bus, the directory and
 * the hooks may not call back any more. */
void service_close(struct service **s);

/* Gives every partition to the others and writes what waits; it goes on
 * hearing. */
void service_leave(struct service *s);
/* True when nothing waits to be written. */
bool service_idle(const struct service *s);
/* True when it hears the bus and may work every partition: the other service
 * can be restarted without anybody noticing. */
bool service_ready(const struct service *s);
struct service_counts service_counts(const struct service *s);

#endif
