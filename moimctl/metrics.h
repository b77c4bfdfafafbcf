/* Numbers from a page of metrics (the Prometheus text format). */
#ifndef MOIM_MOIMCTL_METRICS_H
#define MOIM_MOIMCTL_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/slice.h"

/* The value of the metric `name`, the sum when it stands there with several
 * labels; in thousandths, what is smaller is cut off. False: it is not there,
 * or is no number that fits. */
bool metrics_get(struct slice page, const char *name, uint64_t *out_milli);

#endif
