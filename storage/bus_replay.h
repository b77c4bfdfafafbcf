/* The bus's short memory, as Redis answers it: which entries of a replay log
 * follow a position, and whether some that did are gone. Pure.
 *
 * On a single server there is one log, the stream {p0}replay; in a cluster
 * partition n has its own, {p<n>}replay. The one field d of an entry holds
 * messages that were published together. Its ids are milliseconds of Redis'
 * own clock. */
#ifndef MOIM_STORAGE_BUS_REPLAY_H
#define MOIM_STORAGE_BUS_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/resp.h"
#include "proto/wire/topic.h"

enum {
    BUS_REPLAY_PAGE = 64,       /* read at once: 8 MiB at the most */
    BUS_REPLAY_ENTRIES = 10000, /* kept of a log at the least, roughly */
    BUS_REPLAY_BYTES = 256 * 1024 * 1024, /* of small entries more, up to so
                                             much on a single server */
    REPLAY_TOPICS_MAX = 16,               /* of one message */
};

struct replay_id {
    uint64_t ms;
    uint64_t seq; /* within the millisecond */
};

/* Messages that were published together. */
struct replay_entry {
    struct replay_id id;
    struct slice messages; /* borrowed from the reply; see replay_read */
};

/* A message for one of its topics; the payload is borrowed from the entry. */
typedef void (*replay_fn)(void *ctx, struct topic topic, struct slice payload);

/* False: not "<ms>-<seq>". */
bool replay_id_parse(struct slice text, struct replay_id *out) MUST_CHECK;
/* True when `a` is later than `b`. */
bool replay_id_after(struct replay_id a, struct replay_id b);
/* Reads one element of XRANGE's answer. False: not an entry of ours. */
bool replay_entry_parse(const struct resp *r,
                        struct replay_entry *out) MUST_CHECK;
/* Appends one message for `count` topics, 1 to REPLAY_TOPICS_MAX; copied. */
void replay_put(struct buf *messages, const struct topic *topics, size_t count,
                struct slice payload);
/* Hands on each message of each topic, in order. RC_BAD_INPUT: what follows
 * the last that was handed on is not of ours. */
enum rc replay_read(struct slice messages, replay_fn each,
                    void *ctx) MUST_CHECK;

enum replay_state {
    REPLAY_WHOLE,  /* everything after the position is still there */
    REPLAY_LOST,   /* something after it may have been trimmed */
    REPLAY_UNREAD, /* not an answer we understand */
};

/* What XINFO STREAM's answer says about the entries after `at`. A log that
 * does not exist never had any. */
enum replay_state replay_state(const struct resp *info, struct replay_id at);

#endif
