/* From the bus to the sessions here: whom a message of a topic concerns, and
 * the one rule that keeps it exact in wide conversations. An event checked
 * with member version v is shown only to those who are members at v: when it
 * is newer than what this gateway knows, it waits until the directory has
 * told who of the local users is a member. */
#ifndef MOIM_CORE_DELIVER_H
#define MOIM_CORE_DELIVER_H

#include "chat-core/audience.h"
#include "chat-core/core.h"

enum {
    HELD_MAX = 256,       /* events of one conversation that may wait */
    HELD_RETRY_MS = 1000, /* the directory is asked again */
};

/* What the bus tells about user and conversation topics goes here; the owner
 * is the core. */
extern const struct bus_events deliver_bus_events;

/* Hands one text to every session of `u`. */
void deliver_to_user(struct local_user *u, struct blob *text, bool ephemeral);
/* Hands `u` what stands in the history from `from` on: for a user who became
 * a member before his gateway listened to the conversation. Clients drop what
 * they have. More than a page becomes a resync. */
void deliver_catch_up(struct local_user *u, struct conv_id conv,
                      struct msg_seq from);
/* For audience.c: the parts of struct wide that belong to this file. */
void deliver_wide_init(struct wide *w);
void deliver_forget_held(struct wide *w);

#endif
