/* connect: sessions come by the clock, so many a second: how long each waits
 * until it is ready, and what it takes, beside a server that only accepts. */
#include "bench/comers.h"
#include "bench/floor.h"
#include "bench/hist.h"
#include "bench/proc.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/scrape.h"
#include "proto/base/mem.h"

enum {
    PATIENCE_S = 300,
    FLOOR_CONNECTIONS = 10000, /* the kernel counts in ticks of 10 ms */
};

static void add_cpu(struct report *r, const struct usage *used, double n) {
    report_add(r, "cpu_us_per_connect", "gateway", used->gateway / n, "us");
    report_add(r, "cpu_us_per_connect", "redis", used->redis / n, "us");
    report_add(r, "cpu_us_per_connect", "presence", used->presence / n, "us");
    report_add(r, "cpu_us_per_connect", "client", used->client / n, "us");
}

/* False: said on stderr. */
static bool measure(const struct options *o, struct crew *crew,
                    const struct floor_figures *floor, struct report *r) {
    double n = (double)o->sessions;
    double asked = scrape_queries(o);
    struct usage begin = scenario_usage(o, crew);
    struct hist *latency;
    struct usage used;
    struct tally t;

    crew_phase(crew, CREW_RUN);
    if (!scenario_connect(crew, o->sessions, PATIENCE_S)) {
        return false;
    }
    used = scenario_usage(o, crew);
    used = scenario_used(&begin, &used);
    latency = mem_new(sizeof(*latency));
    crew_sum(crew, &t, latency);
    report_add(r, NULL, "died", (double)t.died, "sessions");
    report_limit(r, 0);
    report_add(r, NULL, "seconds", used.at_s, "s");
    report_add(r, NULL, "connects_per_s", n / used.at_s, "");
    report_add(r, NULL, "pg_queries_per_session",
               (scrape_queries(o) - asked) / n, "");
    report_latency(r, "latency_ms", latency);
    add_cpu(r, &used, n);
    report_add(r, "floor", "accept", floor->cpu_us, "us: a bare server");
    report_add(r, "ratio", "gateway", used.gateway / n / floor->cpu_us, "");
    mem_free(latency);
    return true;
}

enum bench_exit connect_run(const struct options *o) {
    struct floor_figures floor;
    struct crew crew;
    struct report r;
    bool ok;

    report_init(&r, "connect");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    report_add(&r, NULL, "rate", (double)o->rate, "asked for a second");
    scenario_say("measuring the floor");
    if (floor_measure(FLOOR_CONNECTIONS, &floor) != RC_OK ||
        crew_start(&crew, o, (size_t)o->sessions, comers_client) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    ok = measure(o, &crew, &floor, &r);
    crew_end(&crew);
    return scenario_publish(&r, o, ok);
}
