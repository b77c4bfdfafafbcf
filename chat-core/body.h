/* What somebody says: the `body` of a message, made of its parts. */
#ifndef MOIM_CORE_BODY_H
#define MOIM_CORE_BODY_H

#include <stddef.h>

#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "proto/wire/json_write.h"

enum {
    MENTIONS_MAX = 20, /* users named in one message */
};

struct body {
    struct slice text;
    struct msg_seq reply_to;        /* the message it answers; 0: none */
    const struct user_id *mentions; /* in the order given */
    size_t mention_count;
};

/* Writes the parts that are there as members of an open object. */
void body_put(struct json_out *o, const struct body *b);

#endif
