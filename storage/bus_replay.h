/* The bus's short memory, as Redis answers it: which entries of a partition's
 * replay log follow a position, and whether some that did are gone. Pure.
 *
 * The log of partition n is the stream {p<n>}replay; an entry has the fields
 * t (channel) and m (payload), once for each of its messages. Its ids are
 * milliseconds of Redis' own clock. */
#ifndef MOIM_STORAGE_BUS_REPLAY_H
#define MOIM_STORAGE_BUS_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/wire/resp.h"

#define BUS_REPLAY_ENTRIES "10000" /* kept per partition, roughly */

enum {
    BUS_REPLAY_PAGE = 64, /* read at once: 8 MiB at the most */
};

struct replay_id {
    uint64_t ms;
    uint64_t seq; /* within the millisecond */
};

/* Messages that were published together. */
struct replay_entry {
    struct replay_id id;
    const struct resp *fields; /* borrowed from the reply */
    size_t count;              /* of messages, at least one */
};

struct replay_message {
    struct slice channel; /* borrowed from the reply */
    struct slice payload; /* the same */
};

/* False: not "<ms>-<seq>". */
bool replay_id_parse(struct slice text, struct replay_id *out) MUST_CHECK;
/* True when `a` is later than `b`. */
bool replay_id_after(struct replay_id a, struct replay_id b);
/* Reads one element of XRANGE's answer. False: not an entry of ours. */
bool replay_entry_parse(const struct resp *r,
                        struct replay_entry *out) MUST_CHECK;

struct replay_message replay_entry_at(const struct replay_entry *e, size_t i);

enum replay_state {
    REPLAY_WHOLE,  /* everything after the position is still there */
    REPLAY_LOST,   /* something after it may have been trimmed */
    REPLAY_UNREAD, /* not an answer we understand */
};

/* What XINFO STREAM's answer says about the entries after `at`. A log that
 * does not exist never had any. */
enum replay_state replay_state(const struct resp *info, struct replay_id at);

#endif
