/* Presence as the logic sees it: say how many sessions a user has here, ask
 * who is online anywhere.
 *
 * Asynchronous as every port: a callback comes once, from the loop, never
 * before the call that started it has returned. */
#ifndef MOIM_PORTS_PRESENCE_H
#define MOIM_PORTS_PRESENCE_H

#include <stddef.h>

#include "proto/base/ids.h"
#include "proto/wire/bus_msg.h"

struct presence;

enum {
    PRESENCE_QUERY_MAX = BUS_MSG_USERS_MAX, /* users in one query */
};

/* What is known of each asked user, in the order asked; PRESENCE_UNKNOWN for
 * those nobody answered for. Borrowed until it returns. */
typedef void (*presence_known_fn)(void *ctx, const struct presence_known *known,
                                  size_t count);

struct presence_ops {
    /* `user` has `sessions` on this gateway now; 0: the last one ended; with
     * PRESENCE_ALL_AWAY when all of them say so. Cheap: changes are gathered,
     * and those that cancel out are not told. */
    void (*report)(struct presence *p, struct user_id user, unsigned sessions);
    /* `users` (copied, up to PRESENCE_QUERY_MAX). The callback comes within a
     * bounded time whatever happens. */
    void (*query)(struct presence *p, const struct user_id *users, size_t count,
                  presence_known_fn done, void *ctx);
};

/* Embedded first in every implementation. */
struct presence {
    const struct presence_ops *ops;
};

#endif
