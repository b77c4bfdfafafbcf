/* What the machine asks for the least that a message can be, in the same run
 * as the message itself: bytes through Redis, and an echo over sockets. */
#ifndef MOIM_BENCH_FLOOR_CPU_H
#define MOIM_BENCH_FLOOR_CPU_H

#include "bench/options.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

/* CPU microseconds of the server for one message of 300 bytes, or of 128. */
struct floor_cpu {
    double redis; /* RPUSH to the history, SPUBLISH to the bus, pipelined */
    double echo;  /* epoll, read and write over a hundred connections */
};

/* RC_BACKEND: it could not be measured; said on stderr. */
enum rc floor_cpu_measure(const struct options *o,
                          struct floor_cpu *out) MUST_CHECK;

/* CPU microseconds of the history's Redis for a page of 50 events: an LRANGE
 * of as many payloads. RC_BACKEND: as above. */
enum rc floor_cpu_page(const struct options *o, double *out) MUST_CHECK;

#endif
