#include "bench/report.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "bench/plot.h"
#include "proto/wire/json_write.h"

void report_init(struct report *r, const char *scenario) {
    *r = (struct report){.scenario = scenario};
}

void report_add(struct report *r, const char *group, const char *key,
                double value, const char *unit) {
    assert(r->count < REPORT_FIGURES_MAX);
    r->figures[r->count++] =
        (struct figure){group, key, unit, value, (double)NAN, false};
}

void report_limit(struct report *r, double limit) {
    assert(r->count > 0);
    r->figures[r->count - 1].limit = limit;
}

void report_aim(struct report *r, double limit) {
    report_limit(r, limit);
    r->figures[r->count - 1].aim = true;
}

void report_latency(struct report *r, const char *group, const struct hist *h) {
    static const struct {
        const char *key;
        double share;
    } marks[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};

    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        double ms = h->count == 0 ? (double)NAN
                                  : (double)hist_at(h, marks[i].share) / 1000;

        report_add(r, group, marks[i].key, ms, "ms");
    }
}

/* NAN is over no limit: nothing was measured. */
static bool over(const struct figure *f) {
    return f->value > f->limit;
}

bool report_ok(const struct report *r) {
    for (size_t i = 0; i < r->count; i++) {
        if (over(&r->figures[i]) && !r->figures[i].aim) {
            return false;
        }
    }
    return true;
}

static void put_number(struct buf *out, double v) {
    if (isnan(v)) {
        buf_add_str(out, "null");
    } else if (v == floor(v) && fabs(v) < 1e15) {
        buf_addf(out, "%.0f", v);
    } else {
        buf_addf(out, "%.3f", v);
    }
}

/* The figures from here on stand in `group`; NULL: in none. */
static void enter_group(struct json_out *o, const char **open,
                        const char *group) {
    if (*open == group ||
        (*open != NULL && group != NULL && strcmp(*open, group) == 0)) {
        return;
    }
    if (*open != NULL) {
        json_end_obj(o);
    }
    if (group != NULL) {
        json_field_obj(o, group);
    }
    *open = group;
}

void report_json(const struct report *r, struct buf *out) {
    struct json_out o = json_out(out);
    const char *open = NULL;

    json_begin_obj(&o);
    json_field_str(&o, "scenario", slice_str(r->scenario));
    for (size_t i = 0; i < r->count; i++) {
        const struct figure *f = &r->figures[i];
        struct buf value;

        enter_group(&o, &open, f->group);
        buf_init(&value);
        put_number(&value, f->value);
        json_field_raw(&o, f->key, buf_slice(&value));
        buf_fini(&value);
    }
    enter_group(&o, &open, NULL);
    json_end_obj(&o);
    buf_add_byte(out, '\n');
}

static void print_row(const struct figure *f, FILE *to) {
    struct buf value;

    buf_init(&value);
    put_number(&value, f->value);
    buf_add_byte(&value, '\0');
    fprintf(to, "  %-22s %-16s %14s %s", f->group == NULL ? "" : f->group,
            f->key, (const char *)value.p, f->unit);
    if (!isnan(f->limit)) {
        fprintf(to, "  (%s %g: %s)", f->aim ? "aim" : "at most", f->limit,
                over(f) ? "NO" : "yes");
    }
    fputc('\n', to);
    buf_fini(&value);
}

/* What was not measured is left out of the table. */
void report_table(const struct report *r, FILE *to) {
    fprintf(to, "\n%s\n", r->scenario);
    for (size_t i = 0; i < r->count; i++) {
        if (!isnan(r->figures[i].value)) {
            print_row(&r->figures[i], to);
        }
    }
}

enum rc report_write_file(const char *path, struct slice text) {
    FILE *f = fopen(path, "w");
    bool ok = f != NULL && fwrite(text.p, 1, text.n, f) == text.n;

    if (f != NULL) {
        ok = fclose(f) == 0 && ok;
    }
    if (!ok) {
        perror(path);
    }
    return ok ? RC_OK : RC_BACKEND;
}

/* The picture of "x.json" is "x.svg"; of "x" it is "x.svg", too. */
static enum rc write_picture(const struct report *r, const char *json) {
    size_t n = strlen(json);
    enum rc rc;
    struct buf path;
    struct buf svg;

    buf_init(&path);
    buf_init(&svg);
    if (n > 5 && strcmp(json + n - 5, ".json") == 0) {
        n -= 5;
    }
    buf_add(&path, slice_of(json, n));
    buf_add(&path, slice_of(".svg", 5)); /* with its NUL */
    plot_svg(r, &svg);
    rc = report_write_file((const char *)path.p, buf_slice(&svg));
    buf_fini(&svg);
    buf_fini(&path);
    return rc;
}

enum rc report_publish(const struct report *r, const char *json) {
    enum rc rc = RC_OK;
    struct buf b;

    report_table(r, stdout);
    if (json != NULL) {
        buf_init(&b);
        report_json(r, &b);
        rc = report_write_file(json, buf_slice(&b));
        buf_fini(&b);
    }
    if (json != NULL && rc == RC_OK) {
        rc = write_picture(r, json);
    }
    return rc;
}
