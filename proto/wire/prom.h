/* Writes metrics in the Prometheus text format, version 0.0.4: what /metrics
 * answers. Names and help texts are the program's own and are not escaped. */
#ifndef MOIM_WIRE_PROM_H
#define MOIM_WIRE_PROM_H

#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/histogram.h"
#include "proto/base/slice.h"

/* The content type of what is written here. */
#define PROM_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* One metric without labels; a row of a program's table. */
struct prom_metric {
    const char *name; /* without the prefix */
    const char *type; /* "counter" or "gauge" */
    const char *help;
    uint64_t value;
};

/* A histogram; in seconds, and its name says so. */
struct prom_histogram {
    const char *name; /* without the prefix */
    const char *help;
    const struct histogram *h; /* borrowed */
};

/* One of several histograms of one name; `value` tells them apart. */
struct prom_series {
    const char *value; /* of the label */
    const struct histogram *h;
};

/* One of several counts of one name; `value` tells them apart. */
struct prom_part {
    const char *value; /* of the label */
    uint64_t count;
};

/* moim_build_info, the same in every program. */
void prom_build(struct buf *b);
void prom_metric(struct buf *b, const char *prefix,
                 const struct prom_metric *m);
/* A table of them. */
void prom_metrics(struct buf *b, const char *prefix,
                  const struct prom_metric *metrics, size_t n);
/* One metric, whose value is not used, in `n` parts, each with `label`. */
void prom_parts(struct buf *b, const char *prefix, const struct prom_metric *m,
                const char *label, const struct prom_part *parts, size_t n);
void prom_histogram(struct buf *b, const char *prefix,
                    const struct prom_histogram *m);
/* The head of a histogram whose series follow, each with `label`. */
void prom_family(struct buf *b, const char *prefix, const char *name,
                 const char *help);
void prom_series(struct buf *b, const char *prefix, const char *name,
                 const char *label, const struct prom_series *s);

#endif
