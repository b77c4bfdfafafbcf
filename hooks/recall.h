/* A notification may wait long for its receiver. Before it is posted it is
 * asked whether its reason still stands: has the user read it since, or one of
 * his devices got it? What it is about is its name:
 * "<conversation>-<seq of the last message>-<user>". Pure. */
#ifndef MOIM_HOOKS_RECALL_H
#define MOIM_HOOKS_RECALL_H

#include <stdbool.h>
#include <stddef.h>

#include "chat-core/ports/history.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"

struct notice_name {
    char s[2 * ID_TEXT_LEN + 24];
};

struct notice_of {
    struct conv_id conv;
    struct msg_seq last;
    struct user_id user;
};

struct notice_name notice_name(const struct notice_of *of);
/* False: not such a name. */
bool notice_name_parse(struct slice name, struct notice_of *out) MUST_CHECK;
/* True: the user has got all it is about. */
bool notice_is_old(const struct notice_of *of, const struct history_mark *marks,
                   size_t count);

#endif
