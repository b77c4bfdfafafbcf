/* Keeps the gateway from writing into a store that is not the one that was
 * known (chat-core/ports/store.h): the directory says which that is, and the
 * very first one found is it. While another is in its place, or an empty one,
 * the gateway is not ready and says in the directory what it has found; it
 * goes on when the right one is back, or when an operator has accepted the
 * other (moimctl store accept), and then tells everybody to sync. */
#ifndef MOIM_GATEWAY_STORE_GUARD_H
#define MOIM_GATEWAY_STORE_GUARD_H

#include <stdbool.h>

#include "chat-core/ports/store.h"
#include "proto/base/wheel.h"

struct server;

struct store_guard {
    struct server *server; /* its store_lost is what comes out */
    struct store *store;
    struct store_id known;    /* what the directory said last; "": nothing */
    struct store_id expected; /* what the history was told; the same */
    struct store_found found; /* in its place; the same */
    struct wheel_timer timer;
    unsigned ticks;
    bool stopped; /* an answer on its way is the last */
};

/* `server` and `store` are borrowed until store_guard_stop, and the answers to
 * what is on its way. */
void store_guard_start(struct store_guard *g, struct server *server,
                       struct store *store);
void store_guard_stop(struct store_guard *g);

#endif
