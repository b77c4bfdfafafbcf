/* What was said in a narrow conversation while somebody's joining was not
 * complete: its sender could not tell whether the joining stands before it. The
 * history can, and shows him what stands behind, and nothing else. */
#ifndef MOIM_CORE_LOOK_H
#define MOIM_CORE_LOOK_H

#include "chat-core/audience.h"
#include "proto/base/ids.h"

/* Gives the sessions of `u` the event at `seq` (1 or more) of `conv`, if it is
 * for him; when that cannot be found out, they are told to sync. One question
 * at a time for a conversation and user, however many events there are. */
void look(struct local_user *u, struct conv_id conv, struct msg_seq seq);

#endif
