/* group: some members of a group send, and all of them listen. What a delivery
 * takes of the gateways, beside a loop of bare writes: with one message in a
 * turn, and with five. */
#include <stdio.h>

#include "bench/fan.h"
#include "bench/floor_fan.h"
#include "bench/hist.h"
#include "bench/proc.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "proto/base/mem.h"

enum {
    CONNECT_PATIENCE_S = 120,
    DRAIN_PATIENCE_S = 20,
    EVENT_BYTES = 300,   /* about what a text of 128 bytes becomes */
    SENDERS_MOST = 4000, /* all of them are sessions of the first client */
    FLOOR_MOST = 9000,   /* sockets; both ends are one process' descriptors */
};

/* How many messages come at once, and what a delivery then may be. */
static const struct way {
    const char *name;
    uint64_t together;
    double aim; /* of the floor */
} ways[] = {
    {"one", 1, 1.25},
    {"five", 5, 0.35},
};

/* What came of one way. */
struct result {
    struct usage used;
    struct tally tally; /* all of the run, its end too */
    double messages;    /* acked while it was measured */
    double deliveries;
    uint64_t lost;
};

/* Until every member has every message that was acked. */
static bool drain(struct crew *c, uint64_t members, struct result *out) {
    double until = scenario_now_s() + DRAIN_PATIENCE_S;
    struct tally *t = &out->tally;

    crew_phase(c, CREW_DRAIN);
    do {
        scenario_pause_s(0.1);
        crew_sum(c, t, NULL);
    } while ((t->acked + t->refused < t->sent ||
              t->delivered < t->acked * members) &&
             crew_alive(c) && scenario_now_s() < until);
    out->lost = t->delivered < t->acked * members
                    ? t->acked * members - t->delivered
                    : 0;
    return crew_alive(c);
}

/* Sends for the time given. False: a client ended early. */
static bool send_all(const struct options *o, struct crew *c,
                     struct result *out) {
    struct tally before;
    struct tally after;
    struct usage begin;
    struct usage end;

    crew_phase(c, CREW_RUN);
    if (!scenario_hold(c, "warming up, seconds", (double)o->warm_s)) {
        return false;
    }
    crew_sum(c, &before, NULL);
    begin = scenario_usage(o, c);
    if (!scenario_hold(c, "sending, seconds", (double)o->seconds)) {
        return false;
    }
    end = scenario_usage(o, c);
    crew_sum(c, &after, NULL);
    out->used = scenario_used(&begin, &end);
    out->messages = (double)(after.acked - before.acked);
    out->deliveries = (double)(after.delivered - before.delivered);
    return drain(c, o->sessions, out);
}

static bool measure(const struct options *o, const struct way *way,
                    struct hist *latency, struct result *out) {
    struct options one = *o;
    struct crew crew;
    struct tally t;
    bool ok;

    one.together = way->together;
    scenario_say(way->name);
    if (crew_start(&crew, &one, (size_t)o->sessions, fan_client) != RC_OK) {
        return false;
    }
    ok = scenario_connect(&crew, o->sessions, CONNECT_PATIENCE_S) &&
         send_all(&one, &crew, out);
    if (ok) {
        crew_sum(&crew, &t, latency);
    }
    crew_end(&crew);
    return ok;
}

static void add_counts(struct report *r, const struct result *all, size_t n) {
    struct tally t = {0};
    uint64_t lost = 0;

    for (size_t i = 0; i < n; i++) {
        t.acked += all[i].tally.acked;
        t.delivered += all[i].tally.delivered;
        t.duplicated += all[i].tally.duplicated;
        t.refused += all[i].tally.refused;
        t.died += all[i].tally.died;
        lost += all[i].lost;
    }
    report_add(r, NULL, "messages", (double)t.acked, "acked");
    report_add(r, NULL, "delivered", (double)t.delivered, "");
    report_add(r, NULL, "lost", (double)lost, "deliveries");
    report_limit(r, 0);
    report_add(r, NULL, "duplicated", (double)t.duplicated, "");
    report_limit(r, 0);
    report_add(r, NULL, "refused", (double)t.refused, "messages");
    report_add(r, NULL, "died", (double)t.died, "sessions");
    report_limit(r, 0);
}

static void add_figures(struct report *r, const struct result *all,
                        const struct hist *latency, double floor_us) {
    add_counts(r, all, COUNT_OF(ways));
    report_add(r, NULL, "seconds", all[0].used.at_s, "s, each way");
    report_add(r, NULL, "deliveries_per_s",
               all[0].deliveries / all[0].used.at_s, "one in a turn");
    report_latency(r, "latency_ms", latency);
    scenario_add_cpu(r, &all[0].used, all[0].messages);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        report_add(r, "gateway_cpu_us_per_delivery", ways[i].name,
                   all[i].used.gateway / all[i].deliveries, "us");
    }
    report_add(r, "floor", "write", floor_us, "us: write(2) of 300 bytes");
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        report_add(r, "ratio", ways[i].name,
                   all[i].used.gateway / all[i].deliveries / floor_us,
                   "in a turn");
        report_aim(r, ways[i].aim);
    }
}

/* The latency is that of one message in a turn. */
static bool run_ways(const struct options *o, double floor_us,
                     struct report *r) {
    struct result *all = mem_new_array(COUNT_OF(ways), sizeof(*all));
    struct hist *latencies = mem_new_array(COUNT_OF(ways), sizeof(*latencies));
    bool ok = true;

    for (size_t i = 0; i < COUNT_OF(ways) && ok; i++) {
        ok = measure(o, &ways[i], &latencies[i], &all[i]);
    }
    if (ok) {
        add_figures(r, all, &latencies[0], floor_us);
    }
    mem_free(latencies);
    mem_free(all);
    return ok;
}

enum bench_exit group_run(const struct options *o) {
    struct report r;
    size_t sockets = o->sessions < FLOOR_MOST ? o->sessions : FLOOR_MOST;
    double floor_us;

    if (o->senders > o->sessions || o->senders > SENDERS_MOST) {
        fprintf(stderr,
                "moim-bench: group needs as many --members as "
                "--senders, which are at most %d\n",
                SENDERS_MOST);
        return BENCH_USAGE;
    }
    report_init(&r, "group");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "all in one group");
    report_add(&r, NULL, "senders", (double)o->senders, "");
    report_add(&r, NULL, "rate", (double)o->rate, "messages a second");
    scenario_say("floors");
    if (floor_fan_measure(sockets, EVENT_BYTES, &floor_us) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    return scenario_publish(&r, o, run_ways(o, floor_us, &r));
}
