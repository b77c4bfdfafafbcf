/* People who talk, for the scenarios that measure it: their clients from the
 * first connection to the last message, and what it took. */
#ifndef MOIM_BENCH_TALK_H
#define MOIM_BENCH_TALK_H

#include <stdbool.h>

#include "bench/crew.h"
#include "bench/hist.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "proto/base/macros.h"

/* All of options->sessions, that ask for options->mix at options->rate. */
struct talk {
    const struct options *options; /* borrowed */
    struct crew crew;
    struct tally total;  /* when it has ended */
    struct hist latency; /* of deliveries, likewise */
    struct hist answers; /* of what is no message, likewise */
};

/* A stretch of it. */
struct talk_part {
    struct usage used;
    double messages; /* delivered, or answered when they are none */
    double per_s;
};

/* Only starts their clients, which connect. False: as below. */
bool talk_start(struct talk *t, const struct options *o) MUST_CHECK;
/* Connects all, lets them talk, and warms up. False: it could not, said on
 * stderr; talk_end all the same. `t` is of mem_new: it is large. */
bool talk_begin(struct talk *t, const struct options *o) MUST_CHECK;
/* Goes on for `seconds`. False: a client ended early. */
bool talk_measure(struct talk *t, double seconds,
                  struct talk_part *out) MUST_CHECK;
/* Waits for what is on its way, and fills in the rest of `t`. False: it did
 * not come; said on stderr. */
bool talk_drain(struct talk *t) MUST_CHECK;
/* The clients are gone after it. */
void talk_end(struct talk *t);

/* All of these one after the other, one stretch of options->seconds. */
bool talk_whole(struct talk *t, const struct options *o,
                struct talk_part *out) MUST_CHECK;
/* Until each pair has said options->each messages, and all of them are safe. */
bool talk_fill(const struct options *o) MUST_CHECK;

/* Counts of messages, with the limits that nothing may be over. */
void talk_add_counts(struct report *r, const struct tally *t);

#endif
