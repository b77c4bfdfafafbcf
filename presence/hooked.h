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

struct hooked {
    struct hooks *hooks; /* NULL: nobody is told */
    const struct clock *clock;
    struct outbox waiting;
    size_t in_flight;
    /* What is true of a user now. */
    struct presence_known (*known)(void *owner, struct user_id user);
    void *owner;
};

/* `hooks`, `clock`, `known` and `owner` are set by the caller before. */
void hooked_init(struct hooked *h);
/* The port may not call back any more. */
void hooked_fini(struct hooked *h);
void hooked_put(struct hooked *h, struct presence_known known);
/* Hands over what waits, if the port takes it. */
void hooked_flush(struct hooked *h);
/* True when nothing waits, or is on its way. */
bool hooked_idle(const struct hooked *h);

#endif
