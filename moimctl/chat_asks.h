/* The requests of a chat that have not been answered: what an answer is an
 * answer to. */
#ifndef MOIM_MOIMCTL_CHAT_ASKS_H
#define MOIM_MOIMCTL_CHAT_ASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/slice.h"

enum {
    CHAT_ASKS_MAX = 24, /* the server allows 32 */
};

enum chat_ask_kind {
    ASK_CONVS,
    ASK_FRIENDS,
    ASK_WATCH,
    ASK_SYNC,
    ASK_GAP,    /* history that is missing */
    ASK_PAGE,   /* history to look at */
    ASK_FIND,   /* a user by name */
    ASK_DIRECT, /* the conversation with that user */
    ASK_SEND,
    ASK_READ,
    ASK_TYPING,
};

struct chat_ask {
    uint64_t number; /* its id on the wire */
    enum chat_ask_kind kind;
    struct conv_id conv; /* of GAP, PAGE */
};

struct chat_asks {
    struct chat_ask all[CHAT_ASKS_MAX];
    size_t count;
    uint64_t last;
};

/* Remembers one and answers its number; 0: there are too many. */
uint64_t chat_asks_add(struct chat_asks *a, enum chat_ask_kind kind,
                       struct conv_id conv);
/* Forgets the one with this id, written to *out. False: there is none. */
bool chat_asks_take(struct chat_asks *a, struct slice id, struct chat_ask *out);
/* True when one of that kind is on its way. */
bool chat_asks_any(const struct chat_asks *a, enum chat_ask_kind kind);

#endif
