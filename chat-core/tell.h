/* Telling sessions what is not in any log. */
#ifndef MOIM_CORE_TELL_H
#define MOIM_CORE_TELL_H

#include "chat-core/conv_table.h"

/* To the members' sessions, now or never; not to those of `from`. A text is
 * one client message, copied. */
void tell_members(struct core *c, const struct place *place,
                  struct user_id from, struct slice text);
/* To the user's own sessions; repaired after a loss. */
void tell_user(struct core *c, struct user_id user, struct slice text);

#endif
