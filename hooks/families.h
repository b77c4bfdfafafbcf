/* The types of events, and the families of them that an operator asks for:
 *
 *   message       message, message.edited, message.deleted, ...
 *   member        member.added, member.removed, group.title, ...
 *   presence      presence.online, presence.offline
 *   friend        friend.asked, friend.accepted, friend.blocked, ...
 *   device        device.added, device.revoked
 *   notification  the one of that name
 *
 * A type that no family knows is told with none. */
#ifndef MOIM_HOOKS_FAMILIES_H
#define MOIM_HOOKS_FAMILIES_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

/* A bit of each family in `list`, words separated by spaces. RC_BAD_INPUT: a
 * word that is none, or no word; *word is that word then. */
enum rc families_read(const char *list, unsigned *out,
                      struct slice *word) MUST_CHECK;
/* The bit of the family of `type`; 0: none. */
unsigned families_of(struct slice type);
/* Does one of them need PostgreSQL? */
bool families_in_directory(unsigned asked);
/* Are notifications among them? */
bool families_notify(unsigned asked);

#endif
