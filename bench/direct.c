/* direct: pairs of people talk, each on another gateway. Every message is
 * acked after it is durable, and delivered through the bus. */
#include <stdio.h>

#include "bench/floor_cpu.h"
#include "bench/flow.h"
#include "bench/hist.h"
#include "bench/proc.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "proto/base/mem.h"

enum {
    CONNECT_PATIENCE_S = 120,
};

/* The figures, the floors of the same run, and how far above them we are: a
 * message through Redis to an RPUSH and an SPUBLISH, the gateways' part to an
 * echo. */
static void add_cpu(struct report *r, const struct usage *used, double messages,
                    const struct floor_cpu *floor) {
    scenario_add_cpu(r, used, messages);
    report_add(r, "floor", "redis", floor->redis, "us: RPUSH, SPUBLISH");
    report_add(r, "floor", "echo", floor->echo, "us: epoll, read, write");
    report_add(r, "ratio", "redis", used->redis / messages / floor->redis, "");
    report_add(r, "ratio", "gateway", used->gateway / messages / floor->echo,
               "");
}

static void add_counts(struct report *r, const struct tally *t) {
    report_add(r, NULL, "messages", (double)t->acked, "acked");
    report_add(r, NULL, "delivered", (double)t->delivered, "");
    report_add(r, NULL, "lost", (double)t->lost, "acked, not delivered");
    report_limit(r, 0);
    report_add(r, NULL, "duplicated", (double)t->duplicated, "");
    report_limit(r, 0);
    report_add(r, NULL, "refused", (double)t->refused, "messages");
    report_add(r, NULL, "unanswered", (double)(t->sent - t->acked - t->refused),
               "");
    report_limit(r, 0);
    report_add(r, NULL, "died", (double)t->died, "sessions");
    report_limit(r, 0);
}

/* Sends for the time given. False: a client ended early, or did not drain. */
static bool measure(const struct options *o, struct crew *c,
                    const struct floor_cpu *floor, struct report *r) {
    struct hist *latency;
    struct usage begin;
    struct usage used;
    struct tally t;
    uint64_t before;
    double rate;

    crew_phase(c, CREW_RUN);
    if (!scenario_hold(c, "warming up, seconds", FLOW_WARM_S)) {
        return false;
    }
    crew_sum(c, &t, NULL);
    before = t.delivered;
    begin = scenario_usage(o, c);
    if (!scenario_hold(c, "sending, seconds", (double)o->seconds)) {
        return false;
    }
    used = scenario_usage(o, c);
    used = scenario_used(&begin, &used);
    crew_sum(c, &t, NULL);
    rate = (double)(t.delivered - before) / used.at_s;
    if (!scenario_drain(c)) {
        return false;
    }
    latency = mem_new(sizeof(*latency));
    crew_sum(c, &t, latency);
    add_counts(r, &t);
    report_add(r, NULL, "seconds", used.at_s, "s");
    report_add(r, NULL, "per_s", rate, "delivered");
    report_latency(r, latency);
    add_cpu(r, &used, rate * used.at_s, floor);
    mem_free(latency);
    return true;
}

enum bench_exit direct_run(const struct options *o) {
    struct floor_cpu floor;
    struct crew crew;
    struct report r;
    bool ok;

    if (o->sessions < 2 || o->sessions % 2 != 0) {
        fprintf(stderr, "moim-bench: direct needs an even number of "
                        "sessions\n");
        return BENCH_USAGE;
    }
    report_init(&r, "direct");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    report_add(&r, NULL, "rate", (double)o->rate, "asked for a second");
    scenario_say("floors");
    if (floor_cpu_measure(o, &floor) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    if (crew_start(&crew, o, (size_t)o->sessions, flow_client) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    ok = scenario_connect(&crew, o->sessions, CONNECT_PATIENCE_S) &&
         measure(o, &crew, &floor, &r);
    crew_end(&crew);
    if (!ok) {
        return BENCH_FAILED;
    }
    if (report_publish(&r, o->json) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    return report_ok(&r) ? BENCH_OK : BENCH_FAILED;
}
