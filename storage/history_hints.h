/* Where conversations ended when they were last looked at: whoever asks for
 * the newest events has to know before he asks, and mostly does. What is told
 * may be old, or nothing; the reply says where the conversation really ends. */
#ifndef MOIM_STORAGE_HISTORY_HINTS_H
#define MOIM_STORAGE_HISTORY_HINTS_H

#include <stddef.h>

#include "proto/base/ids.h"

enum {
    HISTORY_HINTS = 1024, /* conversations remembered, 16 KiB */
};

/* All zero: nothing is known. */
struct history_hints {
    struct history_hint {
        struct conv_id conv;
        struct msg_seq head;
    } of[HISTORY_HINTS];
};

/* The last known head; 0: not known. */
struct msg_seq history_hint(const struct history_hints *h, struct conv_id conv);
/* Another conversation's may be forgotten for it. */
void history_hint_set(struct history_hints *h, struct conv_id conv,
                      struct msg_seq head);

#endif
