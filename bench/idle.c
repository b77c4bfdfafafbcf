/* idle: what sessions cost that only are there. Memory of the gateways, of
 * the kernel and of Redis per session, the CPU they take, and how fast they
 * came, beside a bare epoll server's. */
#include "bench/floor.h"
#include "bench/load.h"
#include "bench/proc.h"
#include "bench/redis_info.h"
#include "bench/report.h"
#include "bench/scenario.h"

enum {
    GATEWAY_BYTES_MOST = 1536, /* per session */
    WARM_SESSIONS = 200,
    FLOOR_CONNECTIONS = 4000,
    CONNECT_PATIENCE_S = 300,
    SETTLE_S = 10,
};

/* Bytes of everything that grows with sessions. */
struct cost {
    struct memory gateway;
    double kernel;
    double redis;
};

static struct cost cost_now(const struct options *o) {
    return (struct cost){
        .gateway = proc_memory_all(o->gateways, o->gateway_count),
        .kernel = proc_socket_bytes(),
        .redis = (double)redis_used_memory_all(o->redises, o->redis_count),
    };
}

/* The first sessions of a process make it allocate what it keeps for good. */
static bool warm(const struct options *o) {
    struct crew crew;
    bool ok;

    if (crew_start(&crew, o, WARM_SESSIONS, load_client) != RC_OK) {
        return false;
    }
    ok = scenario_connect(&crew, WARM_SESSIONS, CONNECT_PATIENCE_S);
    crew_end(&crew);
    scenario_pause_s(2);
    return ok;
}

static void add_memory(struct report *r, const struct options *o,
                       const struct cost *before, const struct cost *after) {
    double n = (double)o->sessions;
    double kernel = (after->kernel - before->kernel) / 2 / n;

    report_add(r, "bytes_per_session", "gateway",
               (after->gateway.pss - before->gateway.pss) / n, "bytes");
    report_limit(r, GATEWAY_BYTES_MOST);
    report_add(r, "bytes_per_session", "gateway_anonymous",
               (after->gateway.anonymous - before->gateway.anonymous) / n,
               "bytes, without pages of files");
    report_add(r, "bytes_per_session", "gateway_with_base",
               after->gateway.pss / n, "bytes");
    report_add(r, "bytes_per_session", "kernel", kernel,
               "bytes, the server's end");
    report_add(r, "bytes_per_session", "redis",
               (after->redis - before->redis) / n, "bytes");
}

static void add_cpu(struct report *r, const struct options *o,
                    const struct usage *used) {
    double all = (double)o->sessions * used->at_s;

    report_add(r, "cpu_us_per_session_s", "gateway", used->gateway / all, "us");
    report_add(r, "cpu_us_per_session_s", "redis", used->redis / all, "us");
    report_add(r, "cpu_us_per_session_s", "presence", used->presence / all,
               "us");
    report_add(r, "cpu_us_per_session_s", "client", used->client / all, "us");
}

static void add_floor(struct report *r, const struct floor_figures *floor,
                      const struct cost *before, const struct cost *after,
                      double sessions) {
    double both = (after->gateway.pss - before->gateway.pss) / sessions +
                  (after->kernel - before->kernel) / 2 / sessions;

    report_add(r, "floor", "process_bytes", floor->process_bytes, "bytes");
    report_add(r, "floor", "kernel_bytes", floor->kernel_bytes, "bytes");
    report_add(r, "ratio", "bytes",
               both / (floor->process_bytes + floor->kernel_bytes), "x");
}

/* Connects all, holds them, and fills the report. False: said on stderr. */
static bool measure(const struct options *o, struct crew *crew,
                    const struct floor_figures *floor, struct report *r) {
    struct cost before = cost_now(o);
    double from = scenario_now_s();
    struct cost after;
    struct usage begin;
    struct usage end;
    struct usage used;
    struct tally t;
    double took;

    if (crew_start(crew, o, o->sessions, load_client) != RC_OK ||
        !scenario_connect(crew, o->sessions, CONNECT_PATIENCE_S)) {
        return false;
    }
    took = scenario_now_s() - from;
    if (!scenario_hold(crew, "settling", SETTLE_S)) {
        return false;
    }
    after = cost_now(o);
    begin = scenario_usage(o, crew);
    if (!scenario_hold(crew, "idle, seconds", (double)o->hold_s)) {
        return false;
    }
    end = scenario_usage(o, crew);
    used = scenario_used(&begin, &end);
    crew_sum(crew, &t, NULL);
    report_add(r, NULL, "died", (double)t.died, "sessions");
    report_limit(r, 0);
    report_add(r, NULL, "seconds", used.at_s, "s");
    report_add(r, NULL, "connects_per_s", (double)o->sessions / took, "");
    add_memory(r, o, &before, &after);
    add_cpu(r, o, &used);
    add_floor(r, floor, &before, &after, (double)o->sessions);
    return true;
}

enum bench_exit idle_run(const struct options *o) {
    struct crew crew = {.count = 0};
    struct floor_figures floor;
    struct report r;
    bool ok;

    report_init(&r, "idle");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    scenario_say("measuring the floor");
    if (floor_measure(FLOOR_CONNECTIONS, &floor) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    scenario_say("warming the gateways");
    ok = warm(o) && measure(o, &crew, &floor, &r);
    if (crew.count > 0) {
        crew_end(&crew);
    }
    return scenario_publish(&r, o, ok);
}
