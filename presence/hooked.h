/* Transitions that the team's webhooks are to hear of: they wait until the
 * queue has them, however long it is away. What failed is asked for again as
 * it stands then, so that the last word is a true one. */
#ifndef MOIM_PRESENCE_HOOKED_H
#define MOIM_PRESENCE_HOOKED_H

#include <stdbool.h>
#include <stddef.h>

#include "chat-core/ports/hooks.h"
#include "presence/outbox.h"
#include "proto/base/clock.h"
#include "proto/base/map.h"

struct hooked {
    struct hooks *hooks; /* NULL: nobody is told */
    const struct clock *clock;
    struct outbox waiting;
    struct map telling; /* user to what is on its way; one at a time, so that
                           none overtakes another */
    bool sweep;         /* there may be some who went while nobody looked */
    bool sweeping;      /* a part of them is asked for */
    bool sweep_again;   /* from the beginning, when this sweep is over */
    uint64_t sweep_at;  /* the next part */
    /* What is true of a user now; PRESENCE_UNKNOWN too when another service
     * speaks for him. */
    struct presence_known (*known)(void *owner, struct user_id user);
    void *owner;
};

/* `hooks`, `clock`, `known` and `owner` are set by the caller before. */
void hooked_init(struct hooked *h);
/* The port may not call back any more. */
void hooked_fini(struct hooked *h);
void hooked_put(struct hooked *h, struct presence_known known);
/* Some users are ours to tell of now: of those who were told to be online, and
 * are not, it will be told. */
void hooked_sweep(struct hooked *h);
/* Hands over what waits, if the port takes it. */
void hooked_flush(struct hooked *h);
/* True when nothing waits, or is on its way. */
bool hooked_idle(const struct hooked *h);

#endif
