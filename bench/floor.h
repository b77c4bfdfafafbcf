/* What this machine takes at the least: the same connections held by a bare
 * epoll program that only accepts. */
#ifndef MOIM_BENCH_FLOOR_H
#define MOIM_BENCH_FLOOR_H

#include <stddef.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

struct floor_figures {
    double process_bytes; /* of the server's process, per connection */
    double cpu_us;        /* of it, to accept one */
    double kernel_bytes;  /* of the server's end, per connection; or NAN */
};

/* Holds `count` connections for a moment. RC_BACKEND: the kernel refused;
 * said on stderr. */
enum rc floor_measure(size_t count, struct floor_figures *out) MUST_CHECK;

#endif
