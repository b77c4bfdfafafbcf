/* Last-seen times on their way to the directory: gathered, written in
 * batches, one batch at a time, tried again when it fails. The queue is
 * bounded; the oldest are dropped and counted. */
#ifndef MOIM_PRESENCE_LAST_SEEN_H
#define MOIM_PRESENCE_LAST_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/directory.h"
#include "proto/base/ids.h"
#include "proto/base/list.h"
#include "proto/base/map.h"

struct last_seen {
    struct directory *dir;
    struct list waiting; /* the oldest first */
    struct map by_user;  /* user -> its entry in `waiting` */
    size_t limit;
    size_t in_flight;
    struct user_id users[DIRECTORY_BATCH_MAX]; /* in flight */
    uint64_t times_ms[DIRECTORY_BATCH_MAX];
    uint64_t written;
    uint64_t failed; /* batches */
    uint64_t dropped;
};

/* `dir` is borrowed until last_seen_fini; at most `limit` users wait,
 * which is not 0. */
void last_seen_init(struct last_seen *l, struct directory *dir, size_t limit);
/* No batch may be in flight in a directory that still calls back. */
void last_seen_fini(struct last_seen *l);
void last_seen_put(struct last_seen *l, struct user_id user, uint64_t since_ms);
/* What waits or is in flight for `user`; 0: nothing, so the directory knows
 * better. */
uint64_t last_seen_of(const struct last_seen *l, struct user_id user);
/* Starts a batch, unless one is in flight or nothing waits. Full batches
 * follow one another by themselves. Call it every few seconds. */
void last_seen_write(struct last_seen *l);
/* True when nothing waits and nothing is in flight. */
bool last_seen_idle(const struct last_seen *l);

#endif
