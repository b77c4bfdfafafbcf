/* How an event is told to history_append.lua: its arguments. */
#ifndef MOIM_STORAGE_HISTORY_EVENT_H
#define MOIM_STORAGE_HISTORY_EVENT_H

#include <stddef.h>

#include "chat-core/ports/history.h"
#include "proto/base/buf.h"

enum {
    HISTORY_EVENT_ARGS = 2, /* of one event, its key not counted */
};

/* Appends the event's key to `keys` and the rest to `args`. What it changes
 * is behind that, so it must be the last one; answers how many arguments that
 * takes: 0, when it changes nothing. */
size_t history_event_put(struct buf *keys, struct buf *args,
                         const struct history_append *in);

#endif
