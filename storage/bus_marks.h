/* How the bus notices that a live connection lost a message: every process
 * writes down what it has published, and every process compares that with
 * what it has heard. Pure.
 *
 * A mark stands for one message on one topic. What a process published goes
 * into its tally; twice a second the tally, if there is anything in it, is
 * one entry of the stream {p0}marks. The heard set remembers what came in the
 * last ten to twenty seconds. */
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

struct bus_tally {
    struct buf bytes;
    bool lost; /* more was published than the tally knows of */
};

void bus_tally_init(struct bus_tally *t);
void bus_tally_fini(struct bus_tally *t);
/* One message that was given to the bus at `at_ms` (monotonic) for all of
 * these topics. */
void bus_tally_add(struct bus_tally *t, uint64_t mark, uint64_t at_ms,
                   const uint64_t *keys, size_t count);
/* Adds what `from` knows, of which no less is known then. */
void bus_tally_join(struct bus_tally *t, const struct bus_tally *from);
/* Writes the tally as an entry of the marks and empties it. False: there was
 * nothing to write. */
bool bus_tally_take(struct bus_tally *t, uint64_t now_ms,
                    struct buf *out) MUST_CHECK;

/* One message on one topic, `ago_ms` before its tally was written. */
typedef void (*bus_tally_fn)(void *ctx, uint64_t key, uint64_t mark,
                             uint32_t ago_ms);

/* Reads an entry. `*lost`: something else was published too, anything.
 * RC_BAD_INPUT: not an entry; `each` may have been called. */
enum rc bus_tally_read(struct slice entry, bool *lost, bus_tally_fn each,
                       void *ctx) MUST_CHECK;

#endif
