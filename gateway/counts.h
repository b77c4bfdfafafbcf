/* How many members of a large conversation are there: counted for all sessions
 * here that want to know, every presence.count_every, and told when it has
 * changed. Who does not show himself to anybody is not counted, so that nobody
 * is found out by counting. A session's wish ends with COUNT_LEASE_MS unless it
 * is said again, with the session, and when its user is no member any more. */
#ifndef MOIM_GATEWAY_COUNTS_H
#define MOIM_GATEWAY_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/base/rc.h"

struct server;
struct session;

enum {
    COUNT_LEASE_MS = 120 * 1000,
    COUNTS_MAX = 8,    /* conversations of one session */
    COUNTED_MAX = 100, /* of all here; each costs the stores something */
};

struct counts {
    struct map convs; /* conversation -> struct counted */
};

void counts_init(struct counts *c);
/* No store calls back any more. */
void counts_fini(struct counts *c);
/* The session, whose user is a member, is told of this conversation from now
 * on; again: longer. RC_LIMIT: too many of this session. RC_AGAIN: of all. */
enum rc counts_add(struct server *server, struct session *s,
                   struct conv_id conv) MUST_CHECK;
void counts_remove(struct server *server, struct session *s,
                   struct conv_id conv);
/* The session ends. */
void counts_forget(struct server *server, struct session *s);
/* True: it has been counted. */
bool counts_known(const struct server *server, struct conv_id conv,
                  uint64_t *online) MUST_CHECK;

#endif
