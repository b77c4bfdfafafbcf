/* soak: people talk for a long time. Memory and descriptors of the processes
 * stay what they are, and so does what a message costs. */
#include <stdio.h>

#include "bench/proc.h"
#include "bench/redis_info.h"
#include "bench/report.h"
#include "bench/talk.h"
#include "proto/base/mem.h"

enum {
    STRETCHES = 12,       /* the first warms up; the others are compared */
    DESCRIPTORS_MOST = 8, /* more than at first: calls on their way */
    MEMORY_PERCENT_AIM = 5,
    CPU_PERCENT_AIM = 10,
};

/* How things stand at the end of a stretch. */
struct sample {
    double gateway; /* bytes of its own: pages of files come and go */
    double presence;
    double redis;
    double descriptors;
    double cpu_us; /* of gateways and Redis, per message of the stretch */
};

static struct sample sample_now(const struct options *o,
                                const struct talk_part *p) {
    return (struct sample){
        .gateway = proc_memory_all(o->gateways, o->gateway_count).anonymous,
        .presence = proc_memory_all(o->presences, o->presence_count).anonymous,
        .redis = (double)redis_used_memory_all(o->redises, o->redis_count),
        .descriptors =
            (double)(proc_descriptors_all(o->gateways, o->gateway_count) +
                     proc_descriptors_all(o->presences, o->presence_count)),
        .cpu_us = (p->used.gateway + p->used.redis) / p->messages,
    };
}

static double percent(double from, double to) {
    return (to - from) / from * 100;
}

static void add_pair(struct report *r, const char *group, double first,
                     double last, const char *unit) {
    report_add(r, group, "first", first, unit);
    report_add(r, group, "last", last, unit);
}

static void add_samples(struct report *r, const struct sample *first,
                        const struct sample *last) {
    add_pair(r, "gateway_bytes", first->gateway, last->gateway, "bytes");
    add_pair(r, "presence_bytes", first->presence, last->presence, "bytes");
    add_pair(r, "redis_bytes", first->redis, last->redis,
             "bytes: it keeps the messages");
    add_pair(r, "descriptors", first->descriptors, last->descriptors, "");
    report_limit(r, first->descriptors + DESCRIPTORS_MOST);
    add_pair(r, "cpu_us_of_servers", first->cpu_us, last->cpu_us,
             "us a message");
    report_add(r, "growth_percent", "gateway_bytes",
               percent(first->gateway, last->gateway), "%");
    report_aim(r, MEMORY_PERCENT_AIM);
    report_add(r, "growth_percent", "cpu_us",
               percent(first->cpu_us, last->cpu_us), "%");
    report_aim(r, CPU_PERCENT_AIM);
}

static bool measure(const struct options *o, struct talk *talk,
                    struct sample *samples, struct talk_part *part) {
    double each_s = (double)o->minutes * 60 / STRETCHES;
    bool ok = talk_begin(talk, o);

    if (o->seconds > 0) {
        each_s = (double)o->seconds / STRETCHES;
    }
    for (size_t i = 0; i < STRETCHES && ok; i++) {
        ok = talk_measure(talk, each_s, part);
        samples[i] = sample_now(o, part);
    }
    ok = ok && talk_drain(talk);
    talk_end(talk);
    return ok;
}

enum bench_exit soak_run(const struct options *o) {
    struct sample samples[STRETCHES];
    struct talk_part part;
    struct talk *talk;
    struct report r;
    bool ok;

    report_init(&r, "soak");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    report_add(&r, NULL, "rate", (double)o->rate, "asked for a second");
    talk = mem_new(sizeof(*talk));
    ok = measure(o, talk, samples, &part);
    if (ok) {
        talk_add_counts(&r, &talk->total);
        report_add(&r, NULL, "seconds", part.used.at_s * STRETCHES, "s");
        report_latency(&r, "latency_ms", &talk->latency);
        scenario_add_cpu(&r, &part.used, part.messages);
        add_samples(&r, &samples[0], &samples[STRETCHES - 1]);
    }
    mem_free(talk);
    return scenario_publish(&r, o, ok);
}
