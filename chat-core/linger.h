/* Who has just gone. When a gateway loses its network for a moment, or its
 * clients do, thousands come back to it within seconds. So what is known of a
 * user whose last seat went stays for a while, subscribed and kept current by
 * the bus as if he had a seat, and he who returns is ready at once: neither
 * the directory nor the bus is asked.
 *
 *   seated --> lingers --> forgotten     lingers: ready, and without a seat
 *     ^           |
 *     +-----------+                                                       */
#ifndef MOIM_CORE_LINGER_H
#define MOIM_CORE_LINGER_H

#include <stdbool.h>

#include "chat-core/audience.h"
#include "chat-core/core.h"

enum {
    LINGER_S = 60,
    LINGER_USERS_MAX = 32768, /* some 250 bytes each, and 100 for each wide
                                 conversation he is in */
    LINGER_FORGET_MAX = 1000, /* forgotten in a second, for being over */
};

void linger_init(struct core *c);
/* The last seat of `u` has gone: keeps what is known of him. With core's
 * linger_max users kept, who went first is forgotten for him. False: nobody
 * is to be kept, or not all about him is certain. */
bool linger_begin(struct local_user *u);
/* Somebody is here for him again, or he is being forgotten. Without a seat;
 * harmless when he does not linger. */
void linger_end(struct local_user *u);
/* Something was lost on the bus, it is not known what: forgets them all. Who
 * returns is looked up anew. */
void linger_doubt(struct core *c);
/* Forgets them all, and keeps nobody from now on. */
void linger_stop(struct core *c);

#endif
