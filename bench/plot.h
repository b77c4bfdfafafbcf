/* A picture of a run's result: a bar for each figure of each group. */
#ifndef MOIM_BENCH_PLOT_H
#define MOIM_BENCH_PLOT_H

#include "bench/report.h"
#include "proto/base/buf.h"

/* Adds an SVG to `out`. Bars of a group share a scale, and a limit or an aim
 * is a line across its bar; what was not measured has no bar. */
void plot_svg(const struct report *r, struct buf *out);

#endif
