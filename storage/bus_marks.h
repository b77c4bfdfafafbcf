/* How the bus notices that a live connection lost a message: every process
 * writes down what it has published, and every process compares that with
 * what it has heard. Pure.
 *
 * A mark stands for one message on one topic. What a process published goes
 * into its tally; twice a second the tally, if there is anything in it, is
 * one entry of the stream {p0}marks. The heard set remembers what came in the
 * last ten to twenty seconds. An entry also has notes about its process, in the
 * form of marks on keys that no topic has. */
#ifndef MOIM_STORAGE_BUS_MARKS_H
#define MOIM_STORAGE_BUS_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    BUS_TALLY_MAX = 48 * 1024, /* bytes: more leaves before its time */
    BUS_HEARD_MAX = 200000,    /* marks of one generation */
    BUS_HEARD_MS = 10000,      /* a generation's time */
};

/* Of a message as it is on the bus; the same everywhere. */
uint64_t bus_mark(struct slice msg);

/* ---- what was heard ---- */

struct bus_heard {
    struct map now;    /* mark and topic -> anything */
    struct map before; /* the generation before */
    uint64_t since_ms; /* of `now`; monotonic */
};

void bus_heard_init(struct bus_heard *h);
void bus_heard_fini(struct bus_heard *h);
/* `key` is the topic's (topic_key). */
void bus_heard_add(struct bus_heard *h, uint64_t key, uint64_t mark,
                   uint64_t now_ms);
bool bus_heard_has(const struct bus_heard *h, uint64_t key, uint64_t mark);

/* ---- what was published ---- */

/* Times are monotonic. */
struct bus_tally {
    struct buf bytes;
    uint64_t first_ms; /* of what is in it */
    bool lost;         /* more was published than the tally knows of, */
    uint64_t lost_ms;  /* since then */
    uint64_t taken_ms; /* the first that was taken last, lost or not */
};

void bus_tally_init(struct bus_tally *t);
void bus_tally_fini(struct bus_tally *t);
/* One message that was given to the bus at `at_ms` (monotonic) for all of
 * these topics. */
void bus_tally_add(struct bus_tally *t, uint64_t mark, uint64_t at_ms,
                   const uint64_t *keys, size_t count);
/* What was published since `since_ms` is known no more. */
void bus_tally_lose(struct bus_tally *t, uint64_t since_ms);
/* Adds what `from` knows, of which no less is known then. */
void bus_tally_join(struct bus_tally *t, const struct bus_tally *from);
/* Writes the tally as an entry of the marks and empties it. False: there was
 * nothing to write. */
bool bus_tally_take(struct bus_tally *t, uint64_t now_ms,
                    struct buf *out) MUST_CHECK;

enum bus_note {
    BUS_NOTE_ALIVE = 7,  /* value: the process, which is at work */
    BUS_NOTE_RESTS = 15, /* the same: it has told everything */
    BUS_NOTE_LOST = 23,  /* `ago_ms`: how long ago something was lost */
};

/* Adds a note to an entry, or begins one with it when `out` is empty. */
void bus_note_add(struct buf *out, enum bus_note note, uint64_t value,
                  uint64_t now_ms);
/* Is it the key of a note, and no topic's? */
bool bus_note_key(uint64_t key);

/* One message on one topic, `ago_ms` before its tally was written; or a note
 * (`key`) and its value (`mark`). */
typedef void (*bus_tally_fn)(void *ctx, uint64_t key, uint64_t mark,
                             uint32_t ago_ms);

/* Reads an entry. `*lost`: something else was published too, anything.
 * RC_BAD_INPUT: not an entry; `each` may have been called. */
enum rc bus_tally_read(struct slice entry, bool *lost, bus_tally_fn each,
                       void *ctx) MUST_CHECK;

/* After a whole page of entries, with more to come: those behind it are
 * `behind_ms` old and are kept for `keep_ms`. Is the reader so late that some
 * may be gone before it comes to them? */
bool bus_marks_late(uint64_t behind_ms, uint64_t keep_ms);

#endif
