/* What a push says to the page's service worker: one JSON object,
 *
 *     {"conv":"…","seq":57,"count":6,"name":"Alice","title":"Trip",
 *      "text":"See you at"}
 *
 * without a title of a direct conversation, and without a text when there is
 * none or it is not to be told. Pure. */
#ifndef MOIM_HOOKS_PUSH_TEXT_H
#define MOIM_HOOKS_PUSH_TEXT_H

#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"

enum {
    /* Bytes of the text that are told; however it is escaped, the object is
     * no longer than what one push may hold. */
    PUSH_TEXT_MAX = 400,
};

struct push_words {
    struct conv_id conv;
    struct msg_seq last;
    uint64_t count;
    struct slice name;  /* of who wrote, at most NAME_MAX_BYTES */
    struct slice title; /* at most TITLE_MAX_BYTES */
    struct slice text;  /* UTF-8, as long as it likes */
};

void push_text_put(struct buf *out, const struct push_words *w);

#endif
