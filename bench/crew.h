/* The load clients: child processes of the benchmark, each with a part of
 * the sessions, because a process has only so many descriptors. They share
 * one piece of memory with their parent: he writes the phase, each of them
 * its own tally. */
#ifndef MOIM_BENCH_CREW_H
#define MOIM_BENCH_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/hist.h"
#include "bench/options.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

enum {
    CREW_MAX = 128,
    CREW_SESSIONS_MAX = 9500, /* of one client */
};

enum crew_phase {
    CREW_CONNECT, /* open all sessions, and hold them */
    CREW_RUN,     /* send */
    CREW_DRAIN,   /* send no more, wait for what is on its way */
    CREW_END,     /* close all and exit */
};

/* Written by one client, read by the parent. */
struct tally {
    _Atomic uint64_t ready;     /* sessions that were told so */
    _Atomic uint64_t died;      /* that ended though nobody asked for it */
    _Atomic uint64_t returned;  /* that came back at another gateway */
    _Atomic uint64_t retried;   /* connections that ended before `ready` */
    _Atomic uint64_t sent;      /* messages */
    _Atomic uint64_t acked;     /* and by now safe */
    _Atomic uint64_t refused;   /* and answered with an error */
    _Atomic uint64_t delivered; /* the first time */
    _Atomic uint64_t duplicated;
    _Atomic uint64_t bytes;    /* on the wires of those who listen */
    _Atomic uint64_t requests; /* of those over HTTP */
    _Atomic uint64_t answered; /* commands that are no messages */
    _Atomic uint64_t lost; /* acked but not delivered, at the end of a drain */
    _Atomic bool drained;
    struct hist latency; /* of deliveries; read when the client has drained */
    struct hist answers; /* of what was only answered; likewise */
};

/* What a client has to do. */
struct crew_job {
    const struct options *options;
    size_t from; /* the numbers of its sessions: from, to - 1 */
    size_t to;
    size_t clients; /* how many there are */
    struct tally *tally;
    const _Atomic unsigned *phase; /* enum crew_phase */
};

/* Runs in the child; its return is the child's exit status. */
typedef int (*crew_fn)(const struct crew_job *job);

struct crew {
    struct target clients[CREW_MAX]; /* without addresses */
    size_t count;
    struct crew_shared *shared;
};

/* Starts as many clients as `sessions` need, in pairs of sessions, from the
 * number options->first on.
 * RC_LIMIT: more than CREW_MAX. RC_BACKEND: the kernel refused. Complains on
 * stderr. */
enum rc crew_start(struct crew *c, const struct options *options,
                   size_t sessions, crew_fn fn) MUST_CHECK;
void crew_phase(struct crew *c, enum crew_phase phase);
/* Adds up what the clients have counted; the histogram only if `latency` is
 * not NULL. */
void crew_sum(const struct crew *c, struct tally *out, struct hist *latency);
/* Adds the answers' histograms to `out`. */
void crew_answers(const struct crew *c, struct hist *out);
/* False: a client has ended early. */
bool crew_alive(struct crew *c) MUST_CHECK;
/* Lets the clients close everything, and waits for them. */
void crew_end(struct crew *c);

#endif
