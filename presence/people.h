/* The people who are online, of one partition of users: through which leases,
 * since when, and who has just lost the last session. Small on purpose: one
 * record of 56 bytes a user, who nearly always is on one gateway. */
#ifndef MOIM_PRESENCE_PEOPLE_H
#define MOIM_PRESENCE_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/wire/bus_msg.h"

/* Sessions of a user under one lease. */
struct place {
    uint16_t lease;    /* slot of the lease */
    uint16_t round;    /* the snapshot, or later, that mentioned it last */
    uint16_t sessions; /* not 0; perhaps with PRESENCE_ALL_AWAY */
};

struct person {
    struct list node; /* in people.leaving while there is no place */
    struct user_id user;
    uint64_t since_ms; /* wall clock of coming online; 0: not known */
    uint64_t gone_ms;  /* monotonic, of the last session's end */
    union {
        struct place one;
        struct place *many;
    } at; /* `many` when count is above 1 */
    uint16_t count;
    bool away; /* so are all places, or were those that ended last */
};

/* `away` of somebody known has changed. May not call back in. */
typedef void (*person_turned_fn)(void *owner, struct person *who);

struct people {
    struct map users;
    struct list leaving; /* persons without a session, the longest first */
    person_turned_fn on_turned; /* or NULL */
    void *owner;
};

/* What people keeps for a lease; embedded in it. */
struct stand {
    uint16_t slot;
    uint16_t round;
    size_t places;  /* persons under this lease */
    size_t current; /* those of them mentioned in this round */
};

void people_init(struct people *p);
void people_fini(struct people *p);

/* Sets what `item` says, under `at`. True: the user was not here before; its
 * since_ms is `since_ms`. */
bool people_set(struct people *p, struct stand *at, struct presence_item item,
                uint64_t now_ms, uint64_t since_ms);
/* Ends the places under `at` that were not mentioned in its round. Walks
 * everybody, unless there is nothing to do. */
void people_sweep(struct people *p, struct stand *at, uint64_t now_ms);

/* NULL: not here. Borrowed until the next change. */
const struct person *people_find(const struct people *p, struct user_id user);
/* Who has been without a session for the longest; NULL: nobody. */
struct person *people_leaving(const struct people *p);
/* Frees a person without a session. */
void people_forget(struct people *p, struct person *who);

#endif
