/* From the bus to the sessions here: whom a message of a topic concerns. What
 * stands on a user's own topic was addressed to him by the sender's gateway;
 * for wide conversations wide.h knows who may see what. */
#ifndef MOIM_CORE_DELIVER_H
#define MOIM_CORE_DELIVER_H

#include <stdbool.h>

#include "chat-core/audience.h"
#include "chat-core/core.h"
#include "chat-core/page.h"
#include "proto/base/macros.h"
#include "proto/wire/bus_msg.h"

/* What the bus tells about user and conversation topics goes here; the owner
 * is the core. */
extern const struct bus_events deliver_bus_events;

/* Hands one text to every session of `u` but those that still wait for their
 * audience_fn: theirs is to sync when it has come. */
void deliver_to_user(struct local_user *u, struct blob *text, bool ephemeral);
/* The same with each event of a page. */
void deliver_page(struct local_user *u, const struct page *page);
/* Tells the sessions of the user that his device was revoked. */
void deliver_revoke(struct core *c, const struct bus_revoke *revoke);
/* What tells a client that it may have missed something: a new blob. */
struct blob *deliver_resync_text(void) MUST_CHECK;
/* Tells every session to sync: anything may be different. */
void deliver_resync_all(struct core *c);

#endif
