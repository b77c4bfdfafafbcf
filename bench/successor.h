/* The successor of a gateway: started beside it as it was itself, to take its
 * sockets and sessions over. */
#ifndef MOIM_BENCH_SUCCESSOR_H
#define MOIM_BENCH_SUCCESSOR_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

struct successor {
    pid_t pid;
    FILE *log;
};

/* What it says of the takeover. */
struct takeover {
    uint64_t sessions;
    uint64_t pause_ms; /* in which nobody was heard */
};

/* Runs the program that `pid` runs, with its arguments and its environment;
 * it ends with us at the latest. Both errors are told on stderr.
 * RC_NOT_FOUND: there is no such process. RC_BACKEND: the kernel refused. */
enum rc successor_start(struct successor *out, pid_t pid) MUST_CHECK;
/* Waits until it has taken over. RC_CLOSED: it ended before; its log goes to
 * stderr. RC_TIMEOUT. */
enum rc successor_wait(struct successor *s, double patience_s,
                       struct takeover *out) MUST_CHECK;
/* Ends it, if it still runs. */
void successor_end(struct successor *s);

#endif
