/* tls: what sessions under TLS cost that only are there, and what their
 * handshakes do: with new keys, with a ticket, and beside them none at all. */
#include "bench/load.h"
#include "bench/proc.h"
#include "bench/report.h"
#include "bench/scenario.h"

enum {
    GATEWAY_BYTES_MOST = 16 * 1024, /* per session */
    WARM_SESSIONS = 200,
    CONNECT_PATIENCE_S = 300,
    SETTLE_S = 5,
};

/* How the sessions of one run connect. */
struct way {
    const char *name;
    bool tls;
    bool resume;
};

static const struct way full = {"full", true, false};
static const struct way resumed = {"resumed", true, true};
static const struct way plain = {"plain", false, false};

/* The command line with one way to connect. */
static struct options options_for(const struct options *o,
                                  const struct way *way) {
    struct options one = *o;

    one.resume = way->resume;
    one.secure = way->tls;
    if (way->tls) {
        for (size_t i = 0; i < o->tls_gateway_count; i++) {
            one.gateways[i] = o->tls_gateways[i];
        }
        one.gateway_count = o->tls_gateway_count;
    }
    return one;
}

/* Connects all in this way, and tells what that took of the gateways' CPU and,
 * when they have settled, what they are in memory. False: said on stderr. */
static bool measure(const struct options *o, const struct way *way,
                    uint64_t sessions, double *cpu_us, double *bytes) {
    struct options one = options_for(o, way);
    struct memory before = proc_memory_all(o->gateways, o->gateway_count);
    struct usage from = scenario_usage(&one, NULL);
    struct crew crew = {.count = 0};
    struct usage to;
    bool ok;

    scenario_say(way->name);
    ok = crew_start(&crew, &one, sessions, load_client) == RC_OK &&
         scenario_connect(&crew, sessions, CONNECT_PATIENCE_S);
    to = scenario_usage(&one, NULL);
    *cpu_us = scenario_used(&from, &to).gateway / (double)sessions;
    ok = ok && scenario_hold(&crew, "settling", SETTLE_S);
    *bytes = (proc_memory_all(o->gateways, o->gateway_count).pss - before.pss) /
             (double)sessions;
    if (crew.count > 0) {
        crew_end(&crew);
    }
    scenario_pause_s(1);
    return ok;
}

enum bench_exit tls_run(const struct options *o) {
    static const struct way *const ways[] = {&full, &resumed, &plain};
    double cpu_us[COUNT_OF(ways)];
    double bytes[COUNT_OF(ways)];
    struct report r;
    bool ok;

    if (o->tls_ca == NULL || o->tls_gateway_count == 0) {
        fprintf(stderr, "moim-bench: tls needs --tls-ca and --tls-gateway\n");
        return BENCH_USAGE;
    }
    report_init(&r, "tls");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    scenario_say("warming the gateways");
    ok = measure(o, &full, WARM_SESSIONS, &cpu_us[0], &bytes[0]);
    for (size_t i = 0; ok && i < COUNT_OF(ways); i++) {
        ok = measure(o, ways[i], o->sessions, &cpu_us[i], &bytes[i]);
    }
    if (!ok) {
        return BENCH_FAILED;
    }
    /* Later runs find the memory that the first has left behind. */
    report_add(&r, "bytes_per_session", "gateway", bytes[0], "bytes");
    report_limit(&r, GATEWAY_BYTES_MOST);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        report_add(&r, "gateway_cpu_us_per_connect", ways[i]->name, cpu_us[i],
                   "us");
    }
    report_add(&r, "handshake_cpu_us", "full", cpu_us[0] - cpu_us[2], "us");
    report_add(&r, "handshake_cpu_us", "resumed", cpu_us[1] - cpu_us[2], "us");
    if (report_publish(&r, o->json) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    return report_ok(&r) ? BENCH_OK : BENCH_FAILED;
}
