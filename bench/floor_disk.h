/* What an ack waits for at the least where it is durable: a small append, and
 * fdatasync(2), one after the other on an idle disk. */
#ifndef MOIM_BENCH_FLOOR_DISK_H
#define MOIM_BENCH_FLOOR_DISK_H

#include "bench/hist.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

/* For so many seconds, five at most, in a file of the folder for temporary
 * ones, where the stores of a bench are too. RC_BACKEND: there is none; said
 * on stderr. */
enum rc floor_disk_measure(uint64_t seconds, struct hist *out) MUST_CHECK;

#endif
