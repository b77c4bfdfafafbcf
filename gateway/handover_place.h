/* Holds the places of users whose clients are still to come from another
 * process: what the bus says to them from now on is kept, since the other may
 * stop hearing it at any moment. What both of them hear comes to the client
 * twice, and is dropped there by its number. */
#ifndef MOIM_GATEWAY_HANDOVER_PLACE_H
#define MOIM_GATEWAY_HANDOVER_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/ids.h"
#include "proto/base/list.h"
#include "proto/net/loop.h"

struct server;

enum {
    PLACE_KEPT_MAX = 256, /* texts of one user; with more he has to sync */
};

struct places {
    struct server *server;
    struct list all;
    size_t joining; /* of them: their topics are being subscribed */
    struct loop_task *settled;
};

/* `settled` is deferred each time one more place is subscribed, or could not
 * be; borrowed. */
void places_init(struct places *p, struct server *server,
                 struct loop_task *settled);
void places_begin(struct places *all, struct user_id user);
/* Gives them all back; before, when `tell`, the users' sessions are told what
 * was kept. */
void places_end(struct places *all, bool tell);

#endif
