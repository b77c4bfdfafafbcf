/* transports: every second of the people only listens, in turn over each of
 * the four transports and at three rates; the others write to them. What a
 * delivered message costs the listener's gateway and its wire. */
#include <stdio.h>

#include "bench/flow.h"
#include "bench/proc.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/transports_doc.h"
#include "proto/base/mem.h"

enum {
    CONNECT_PATIENCE_S = 120,
    LISTENERS = 1, /* the gateway that they are on */
};

/* Names of the JSON's groups. */
static const char *const groups[TRANSPORTS_WAYS][TRANSPORTS_RATES] = {
    [TRANSPORT_SOCKET] = {"websocket_0.1", "websocket_1", "websocket_10"},
    [TRANSPORT_EVENTS] = {"sse_0.1", "sse_1", "sse_10"},
    [TRANSPORT_LONG] = {"long_poll_0.1", "long_poll_1", "long_poll_10"},
    [TRANSPORT_POLL] = {"plain_poll_0.1", "plain_poll_1", "plain_poll_10"},
};

struct sums {
    struct tally tally;
    double cpu_us;
};

static void take_sums(const struct options *o, struct crew *c,
                      struct sums *out) {
    crew_sum(c, &out->tally, NULL);
    out->cpu_us = (double)proc_cpu_us(o->gateways[LISTENERS].pid);
}

/* What was used between the two. */
static void per_message(const struct sums *a, const struct sums *b,
                        struct transports_cell *out) {
    double messages = (double)(b->tally.delivered - a->tally.delivered);

    messages = messages < 1 ? 1 : messages;
    out->bytes = (double)(b->tally.bytes - a->tally.bytes) / messages;
    out->requests = (double)(b->tally.requests - a->tally.requests) / messages;
    out->cpu_us = (b->cpu_us - a->cpu_us) / messages;
}

/* False: it did not go as it has to; said on stderr. */
static bool measure(const struct options *o, struct crew *c,
                    struct transports_cell *out) {
    struct sums *sums = mem_new_array(3, sizeof(*sums));
    struct hist *latency = mem_new(sizeof(*latency));
    struct tally *end = &sums[2].tally;
    bool ok;

    crew_phase(c, CREW_RUN);
    ok = scenario_hold(c, "warming up, seconds", (double)o->warm_s);
    take_sums(o, c, &sums[0]);
    ok = ok && scenario_hold(c, "sending, seconds", (double)o->seconds);
    take_sums(o, c, &sums[1]);
    ok = ok && scenario_drain(c);
    crew_sum(c, end, latency);
    per_message(&sums[0], &sums[1], out);
    out->p50_ms = (double)hist_at(latency, 0.5) / 1000;
    out->p99_ms = (double)hist_at(latency, 0.99) / 1000;
    if (end->lost > 0 || end->duplicated > 0 || end->died > 0) {
        fprintf(stderr, "moim-bench: %llu lost, %llu doubled, %llu died\n",
                (unsigned long long)end->lost,
                (unsigned long long)end->duplicated,
                (unsigned long long)end->died);
        ok = false;
    }
    mem_free(latency);
    mem_free(sums);
    return ok;
}

static bool run_one(const struct options *o, enum transport way, double rate,
                    struct transports_cell *out) {
    struct options own = *o;
    struct crew crew;
    bool ok;

    own.way = way;
    own.rate = (uint64_t)(rate * (double)o->sessions / 2);
    fprintf(stderr, "  %s, %g messages a second to each\n",
            transports_names[way], rate);
    if (crew_start(&crew, &own, (size_t)o->sessions, flow_client) != RC_OK) {
        return false;
    }
    ok = scenario_connect(&crew, o->sessions, CONNECT_PATIENCE_S) &&
         measure(&own, &crew, out);
    crew_end(&crew);
    return ok;
}

static void add(struct report *r, const char *group,
                const struct transports_cell *c) {
    report_add(r, group, "bytes", c->bytes, "per message");
    report_add(r, group, "requests", c->requests, "per message");
    report_add(r, group, "cpu_us", c->cpu_us, "us per message");
    report_add(r, group, "p50_ms", c->p50_ms, "ms");
    report_add(r, group, "p99_ms", c->p99_ms, "ms");
}

static enum rc write_doc(const char *path,
                         void (*write)(const struct transports_result *r,
                                       struct buf *out),
                         const struct transports_result *r) {
    enum rc rc = RC_OK;
    struct buf b;

    if (path != NULL) {
        buf_init(&b);
        write(r, &b);
        rc = report_write_file(path, buf_slice(&b));
        buf_fini(&b);
    }
    return rc;
}

static bool run_all(const struct options *o, struct transports_result *r) {
    bool ok = true;

    for (size_t way = 0; way < TRANSPORTS_WAYS; way++) {
        for (size_t rate = 0; rate < TRANSPORTS_RATES; rate++) {
            ok = ok && run_one(o, (enum transport)way, transports_rates[rate],
                               &r->cells[way][rate]);
        }
    }
    return ok;
}

static void add_all(struct report *report, const struct transports_result *r) {
    for (size_t way = 0; way < TRANSPORTS_WAYS; way++) {
        for (size_t rate = 0; rate < TRANSPORTS_RATES; rate++) {
            add(report, groups[way][rate], &r->cells[way][rate]);
        }
    }
}

enum bench_exit transports_run(const struct options *o) {
    struct transports_result result;
    struct report report;

    if (o->sessions < 20 || o->sessions % 2 != 0) {
        fprintf(stderr, "moim-bench: transports needs an even number of "
                        "sessions, 20 or more\n");
        return BENCH_USAGE;
    }
    report_init(&report, "transports");
    report_add(&report, NULL, "load_before", proc_load(), "");
    report_add(&report, NULL, "listeners", (double)o->sessions / 2, "");
    if (!run_all(o, &result)) {
        return BENCH_FAILED;
    }
    add_all(&report, &result);
    if (report_publish(&report, o->json) != RC_OK ||
        write_doc(o->table, transports_table, &result) != RC_OK ||
        write_doc(o->picture, transports_picture, &result) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    return BENCH_OK;
}
