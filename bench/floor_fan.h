/* What the machine asks for the least that a fan-out can be: one process that
 * writes the same bytes to many connections, one write(2) after the other. */
#ifndef MOIM_BENCH_FLOOR_FAN_H
#define MOIM_BENCH_FLOOR_FAN_H

#include <stddef.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

/* CPU microseconds of one write of `bytes` to one of `count` connections that
 * another process reads. RC_BACKEND: the kernel refused; said on stderr. */
enum rc floor_fan_measure(size_t count, size_t bytes, double *out) MUST_CHECK;

#endif
