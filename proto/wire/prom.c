#include "proto/wire/prom.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    LABEL_MAX = 96, /* label="value", with its comma */
};

void prom_build(struct buf *b) {
    buf_add_str(b, "# HELP moim_build_info The program that runs.\n"
                   "# TYPE moim_build_info gauge\n"
                   "moim_build_info{version=\"" MOIM_VERSION "\"} 1\n");
}

static void head(struct buf *b, const char *prefix, const char *name,
                 const char *type, const char *help) {
    buf_addf(b, "# HELP %s_%s %s\n", prefix, name, help);
    buf_addf(b, "# TYPE %s_%s %s\n", prefix, name, type);
}

void prom_metric(struct buf *b, const char *prefix,
                 const struct prom_metric *m) {
    head(b, prefix, m->name, m->type, m->help);
    buf_addf(b, "%s_%s %" PRIu64 "\n", prefix, m->name, m->value);
}

void prom_metrics(struct buf *b, const char *prefix,
                  const struct prom_metric *metrics, size_t n) {
    for (size_t i = 0; i < n; i++) {
        prom_metric(b, prefix, &metrics[i]);
    }
}

/* NOLINTNEXTLINE(readability-function-size): a metric, a label, its parts. */
void prom_parts(struct buf *b, const char *prefix, const struct prom_metric *m,
                const char *label, const struct prom_part *parts, size_t n) {
    head(b, prefix, m->name, m->type, m->help);
    for (size_t i = 0; i < n; i++) {
        buf_addf(b, "%s_%s{%s=\"%s\"} %" PRIu64 "\n", prefix, m->name, label,
                 parts[i].value, parts[i].count);
    }
}

/* Microseconds as seconds, exactly: a double would print 0.1 as it is, and
 * sums of years with an error. */
static void add_seconds(struct buf *b, uint64_t us) {
    buf_addf(b, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

/* Buckets are cumulative. `label` is empty or ends with a comma. */
static void add_series(struct buf *b, const char *prefix, const char *name,
                       const char *label, const struct histogram *h) {
    uint64_t count = 0;
    char braced[LABEL_MAX + 2] = "";

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += h->counts[i];
        buf_addf(b, "%s_%s_bucket{%sle=\"", prefix, name, label);
        add_seconds(b, histogram_bounds_us[i]);
        buf_addf(b, "\"} %" PRIu64 "\n", count);
    }
    count += h->counts[HISTOGRAM_BUCKETS];
    buf_addf(b, "%s_%s_bucket{%sle=\"+Inf\"} %" PRIu64 "\n", prefix, name,
             label, count);
    if (label[0] != '\0') {
        snprintf(braced, sizeof(braced), "{%s}", label);
    }
    buf_addf(b, "%s_%s_sum%s ", prefix, name, braced);
    add_seconds(b, h->sum_us);
    buf_addf(b, "\n%s_%s_count%s %" PRIu64 "\n", prefix, name, braced, count);
}

void prom_histogram(struct buf *b, const char *prefix,
                    const struct prom_histogram *m) {
    prom_family(b, prefix, m->name, m->help);
    add_series(b, prefix, m->name, "", m->h);
}

void prom_family(struct buf *b, const char *prefix, const char *name,
                 const char *help) {
    head(b, prefix, name, "histogram", help);
}

void prom_series(struct buf *b, const char *prefix, const char *name,
                 const char *label, const struct prom_series *s) {
    char text[LABEL_MAX];

    snprintf(text, sizeof(text), "%s=\"%s\",", label, s->value);
    add_series(b, prefix, name, text, s->h);
}
