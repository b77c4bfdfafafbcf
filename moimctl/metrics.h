/* Numbers from a page of metrics (the Prometheus text format). */
#ifndef MOIM_MOIMCTL_METRICS_H
#define MOIM_MOIMCTL_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/slice.h"

/* The value of the metric `name`, the sum when it stands there with several
 * labels; fractions are cut off. False: it is not there. */
bool metrics_get(struct slice page, const char *name, uint64_t *out);

#endif
