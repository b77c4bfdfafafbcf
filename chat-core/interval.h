/* Which events of a conversation one user may read: from his first joining on,
 * to his leaving if he has left, and not what was said while he was out. */
#ifndef MOIM_CORE_INTERVAL_H
#define MOIM_CORE_INTERVAL_H

#include <stdbool.h>

#include "chat-core/ports/directory.h"

/* Whether he may read the event at `seq`. */
bool interval_holds(const struct member_row *row, struct msg_seq seq);
/* The first event since he came for the last time; 0: he is there, and it is
 * not known yet since when. */
struct msg_seq interval_since(const struct member_row *row);

#endif
