/* The chat logic of one gateway: what it was handed (ports, clock, wheel) and
 * what is awake here (users, wide conversations, cached memberships). No I/O.
 *
 * Requests go in through say.h, page.h, sync.h, members.h and audience.h;
 * what the bus hears goes in through deliver.h; what sessions must be told
 * comes out through struct core_events. */
#ifndef MOIM_CORE_CORE_H
#define MOIM_CORE_CORE_H

#include <stdint.h>

#include "chat-core/ports/bus.h"
#include "chat-core/ports/directory.h"
#include "chat-core/ports/history.h"
#include "chat-core/ports/hooks.h"
#include "proto/base/blob.h"
#include "proto/base/buf.h"
#include "proto/base/clock.h"
#include "proto/base/histogram.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/base/rand.h"
#include "proto/base/wheel.h"

struct seat;

struct core_events {
    /* One text message for one session; take a reference to keep it. A seat
     * must not leave before this returns. */
    void (*on_text)(void *owner, struct seat *seat, struct blob *text,
                    bool ephemeral);
    /* The user's device was revoked (0: all of them). The same rule. */
    void (*on_revoked)(void *owner, struct seat *seat, struct device_id device);
    /* The user and `other` may not see each other. The same rule. */
    void (*on_blocked)(void *owner, struct seat *seat, struct user_id other);
};

struct core_stats {
    uint64_t said;         /* messages acked */
    uint64_t repeats;      /* of them, repeats of an earlier attempt */
    uint64_t delivered;    /* texts handed to sessions */
    uint64_t reloads;      /* memberships read again because they were stale */
    uint64_t held;         /* events that waited for a membership */
    uint64_t gaps;         /* partitions lost on the bus */
    uint64_t bus_errors;   /* bus messages that were not understood */
    struct histogram acks; /* of said: from asking to the ack */
    /* Of events, for each topic on which one came: from when it was said, by
     * the clock of the gateway where, to now, by ours. */
    struct histogram deliveries;
};

/* See linger.h; the kernel has a `struct linger`. */
struct core_linger {
    struct list users; /* local_user.joins; who went first is first */
    uint32_t count;
    struct wheel_timer timer;
};

struct core {
    struct history *history;
    struct bus *bus;
    struct directory *directory;
    struct hooks *hooks; /* NULL: nobody is told */
    const struct clock *clock;
    struct wheel *wheel;
    struct rand *rand;
    uint64_t keep_ms; /* of conversations without a setting; 0: for ever */
    const struct core_events *events;
    void *owner;
    uint64_t edit_ms;    /* a message may be edited so long; 0: always */
    uint32_t linger_max; /* users kept when their last seat went; 0: none */
    struct map users;    /* user id -> struct local_user (audience.c) */
    struct core_linger linger; /* those of them without a seat */
    struct map wides;          /* conv id -> struct wide (wide.c) */
    struct map convs;          /* conv id -> struct conv (conv_table.c) */
    struct list convs_lru;     /* least recently used first */
    struct map receipts;       /* conv id -> what receipts.c has gathered */
    struct list looks;         /* under way (look.c) */
    struct core_stats stats;
    struct buf text; /* scratch of say.c: memory for what it writes at once */
    struct buf msg;  /* the same */
};

/* The ports, clock, wheel, rand, keep_ms, linger_max, events and owner are set
 * by the caller before; this makes the tables. What the bus tells of user and
 * conversation topics has to be passed on to deliver_bus_events with `c` as the
 * owner. */
void core_init(struct core *c);
/* Frees the tables; every seat has left and every call has been answered. */
void core_fini(struct core *c);

#endif
