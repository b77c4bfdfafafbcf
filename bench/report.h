/* The result of one run: a table for people, JSON with stable keys for
 * programs. What a scenario does not measure is NAN, and null in the JSON. */
#ifndef MOIM_BENCH_REPORT_H
#define MOIM_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/hist.h"
#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

enum {
    REPORT_FIGURES_MAX = 96,
};

/* One measured figure. */
struct figure {
    const char *group; /* the JSON object it stands in, or NULL */
    const char *key;
    const char *unit; /* for the table, or "" */
    double value;
    double limit; /* what it may be at most; NAN: no limit */
    bool aim;     /* the limit is for people to see, and nothing fails */
};

struct report {
    const char *scenario;
    struct figure figures[REPORT_FIGURES_MAX];
    size_t count;
};

void report_init(struct report *r, const char *scenario);
/* Adds a figure; those of a group stand together. The texts are borrowed. */
void report_add(struct report *r, const char *group, const char *key,
                double value, const char *unit);
/* The figure added last may be at most `limit`. */
void report_limit(struct report *r, double limit);
/* The figure added last should be at most `limit` on a quiet machine: the
 * table says whether it is. */
void report_aim(struct report *r, double limit);
/* Adds p50, p99, p999 and max in milliseconds as `group`. */
void report_latency(struct report *r, const char *group, const struct hist *h);
/* True when no figure is over its limit. */
bool report_ok(const struct report *r);
void report_json(const struct report *r, struct buf *out);
void report_table(const struct report *r, FILE *to);
/* RC_BACKEND: it could not be written; said on stderr. */
enum rc report_write_file(const char *path, struct slice text) MUST_CHECK;
/* Prints the table to stdout, and unless `json` is NULL the JSON to that file
 * and a picture to the one beside it: "x.svg" for "x.json".
 * RC_BACKEND: a file could not be written; said on stderr. */
enum rc report_publish(const struct report *r, const char *json) MUST_CHECK;

#endif
