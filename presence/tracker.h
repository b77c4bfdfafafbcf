/* Who is online, of one partition of users: what the gateways report becomes
 * leases, sessions, and transitions with a grace period. Pure logic: time is
 * handed in, what has to be said comes out through callbacks.
 *
 * A gateway's lease is kept by its reports and ends after `lease_ms` without
 * one: all its sessions are gone at once. Reports are numbered; when one is
 * missing, or the gateway is new here, the lease is incomplete until a whole
 * snapshot was heard. What is known stays true meanwhile.
 *
 * A user whose last session went is offline only after `grace_ms`, and only
 * when every gateway has been heard since and no lease is incomplete: a lost
 * report can make somebody offline late, never falsely.
 *
 * The tracker is ready `settle_ms` after the start when no lease is
 * incomplete, or after twice `lease_ms` in any case. Before that nobody is
 * said to be offline, and no transition comes out: what is heard then is the
 * past. A tracker that was not ticked for `asleep_ms` (a stopped process, a
 * bus that was away) doubts what it knows and settles again. */
#ifndef MOIM_PRESENCE_TRACKER_H
#define MOIM_PRESENCE_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/clock.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/wire/bus_msg.h"

struct tracker;

enum {
    TRACKER_GATEWAYS_MAX = 4096, /* leases; reports of more are ignored */
    TRACKER_ASK_MS = 1000,       /* between two asks for one snapshot */
};

struct tracker_config {
    uint64_t lease_ms;
    uint64_t grace_ms;
    uint64_t settle_ms;
    uint64_t asleep_ms;
};

/* Called within tracker_report and tracker_tick; may not call back in, except
 * for the questions. */
struct tracker_events {
    /* A user came or went, or is away or there again. */
    void (*on_transition)(void *owner, struct presence_known known);
    /* Snapshots are wanted from `gateway`; 0: from every gateway. */
    void (*on_ask)(void *owner, struct gateway_id gateway);
};

struct tracker_counts {
    size_t users;      /* online, those in grace too */
    size_t gateways;   /* leases */
    size_t incomplete; /* leases that miss something */
    uint64_t reports;
    uint64_t asks;
    uint64_t transitions;
};

struct tracker *tracker_open(const struct tracker_config *config,
                             const struct tracker_events *events, void *owner,
                             struct clock now) MUST_CHECK;
/* Frees and sets *t to NULL. NULL inside is fine. */
void tracker_close(struct tracker **t);

/* One decoded report, of the tracker's partition. One heard before changes
 * nothing. */
void tracker_report(struct tracker *t, const struct bus_presence_report *report,
                    struct clock now);
/* Ends leases and graces and asks again where an answer is missing. Call it
 * several times a second, while the bus is heard. */
void tracker_tick(struct tracker *t, struct clock now);
/* Whatever was heard may be wrong: settle again, ask everybody. */
void tracker_doubt(struct tracker *t, struct clock now);

/* True when this tracker may speak for the partition. */
bool tracker_ready(const struct tracker *t);
struct presence_known tracker_known(const struct tracker *t,
                                    struct user_id user);
struct tracker_counts tracker_counts(const struct tracker *t);

#endif
