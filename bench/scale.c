/* scale: the same messages over 1, 2, 4, 8 and 16 gateways: a message must not
 * cost more because there are more of them. */
#include <stdio.h>

#include "bench/proc.h"
#include "bench/report.h"
#include "bench/talk.h"
#include "proto/base/mem.h"

static const struct step {
    size_t gateways;
    const char *name;
} steps[] = {{1, "1"}, {2, "2"}, {4, "4"}, {8, "8"}, {16, "16"}};

static const double ratio_aim = 1.15;

/* What came of one of the steps. */
struct result {
    struct tally total;
    struct talk_part part;
};

static double server_us(const struct result *one) {
    return (one->part.used.gateway + one->part.used.redis) / one->part.messages;
}

static void add_total(struct tally *sum, const struct tally *t) {
    sum->sent += t->sent;
    sum->acked += t->acked;
    sum->refused += t->refused;
    sum->delivered += t->delivered;
    sum->duplicated += t->duplicated;
    sum->lost += t->lost;
    sum->died += t->died;
}

/* CPU of one part of the cluster at each step. */
static void add_parts(struct report *r, const struct result *all,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        report_add(r, "gateway_us", steps[i].name,
                   all[i].part.used.gateway / all[i].part.messages, "gateways");
    }
    for (size_t i = 0; i < count; i++) {
        report_add(r, "redis_us", steps[i].name,
                   all[i].part.used.redis / all[i].part.messages, "gateways");
    }
}

/* Compared are the most gateways and two, where a message first crosses. */
static void add_figures(struct report *r, const struct result *all,
                        size_t count, const struct hist *latency) {
    const struct result *last = &all[count - 1];
    struct tally *sum = mem_new(sizeof(*sum));

    for (size_t i = 0; i < count; i++) {
        add_total(sum, &all[i].total);
    }
    talk_add_counts(r, sum);
    report_add(r, NULL, "seconds", last->part.used.at_s, "s, each step");
    report_add(r, NULL, "per_s", last->part.per_s, "at the last step");
    report_latency(r, "latency_ms", latency);
    scenario_add_cpu(r, &last->part.used, last->part.messages);
    add_parts(r, all, count);
    report_add(r, "ratio", "last_to_two", server_us(last) / server_us(&all[1]),
               "of gateways and Redis");
    report_aim(r, ratio_aim);
    mem_free(sum);
}

static bool measure(const struct options *o, struct report *r) {
    struct result *all = mem_new_array(COUNT_OF(steps), sizeof(*all));
    struct talk *talk = mem_new(sizeof(*talk));
    size_t count = 0;
    bool ok = true;

    while (ok && count < COUNT_OF(steps) &&
           steps[count].gateways <= o->gateway_count) {
        struct options one = *o;

        one.gateway_count = steps[count].gateways;
        scenario_say(steps[count].name);
        ok = talk_whole(talk, &one, &all[count].part);
        all[count++].total = talk->total;
    }
    if (ok) {
        add_figures(r, all, count, &talk->latency);
    }
    mem_free(talk);
    mem_free(all);
    return ok;
}

enum bench_exit scale_run(const struct options *o) {
    struct report r;

    report_init(&r, "scale");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    report_add(&r, NULL, "gateways", (double)o->gateway_count, "at most");
    report_add(&r, NULL, "rate", (double)o->rate, "asked for a second");
    return scenario_publish(&r, o, measure(o, &r));
}
