/* The port of presence in memory for tests: what a service would know is set
 * by the test, and a query waits until the test lets it be answered. */
#ifndef MOIM_TESTS_FAKE_PRESENCE_H
#define MOIM_TESTS_FAKE_PRESENCE_H

#include <stddef.h>

#include "chat-core/ports/presence.h"
#include "proto/base/map.h"

struct fake_presence {
    struct presence presence; /* first */
    struct map known;         /* user id -> what is known of him */
    struct map sessions;      /* user id -> the last report, if not 0 */
    struct fake_query *first; /* waiting, oldest first */
    struct fake_query **end;
};

void fake_presence_init(struct fake_presence *p);
/* Frees everything; queries that wait are never answered. */
void fake_presence_fini(struct fake_presence *p);
/* From now on this is known; PRESENCE_UNKNOWN is what nobody was told of. */
void fake_presence_set(struct fake_presence *p,
                       const struct presence_known *known);
/* How many sessions of the user the gateway has reported. */
unsigned fake_presence_sessions(const struct fake_presence *p,
                                struct user_id user);
/* Answers what waited before this call; answers how many. */
size_t fake_presence_turn(struct fake_presence *p);

#endif
