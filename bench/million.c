/* million: as many sessions as this machine takes, both ends on it, over many
 * gateways. When they are there, pairs talk, and groups with a member on every
 * gateway; then a gateway is killed and its people come back at others. */
#include <signal.h>
#include <stdio.h>

#include "bench/proc.h"
#include "bench/redis_info.h"
#include "bench/report.h"
#include "bench/talk.h"
#include "proto/base/mem.h"

enum {
    IDLE_PATIENCE_S = 60, /* without one more session */
    RETURN_PATIENCE_S = 120,
    P99_MS_AIM = 50,
};

static const double look_s = 0.25;
static const double spare_bytes = 1.0 * (1 << 30); /* what has to be left */

/* Why there are no more; NULL: they may still come. */
static const char *stopped_by(struct crew *c, const struct tally *t,
                              double idle_s) {
    if (t->died > 0) {
        return "a session died; see above";
    }
    if (proc_available() < spare_bytes) {
        return "memory: less than 1 GiB is left";
    }
    if (!crew_alive(c)) {
        return "a load client ended; see above";
    }
    return idle_s > IDLE_PATIENCE_S ? "nobody came for 60 s" : NULL;
}

/* Until all have come, or something stops it, which is said on stderr. `*t`
 * tells how many there are. */
static void wait_all(struct crew *c, uint64_t sessions, struct tally *t) {
    double since = scenario_now_s();
    const char *why = NULL;
    uint64_t ready = 0;

    while (ready < sessions && why == NULL) {
        scenario_pause_s(look_s);
        crew_sum(c, t, NULL);
        if (t->ready > ready) {
            since = scenario_now_s();
        }
        ready = t->ready;
        scenario_show("sessions", (double)ready, (double)sessions);
        why = ready < sessions ? stopped_by(c, t, scenario_now_s() - since)
                               : NULL;
    }
    if (why != NULL) {
        fprintf(stderr, "moim-bench: stopped at %llu of %llu sessions: %s\n",
                (unsigned long long)ready, (unsigned long long)sessions, why);
    }
}

/* What everything that grows was before. */
struct before {
    double gateway;
    double kernel;
    double redis;
    double at_s;
};

static struct before before_now(const struct options *o) {
    return (struct before){
        .gateway = proc_memory_all(o->gateways, o->gateway_count).pss,
        .kernel = proc_socket_bytes(),
        .redis = (double)redis_used_memory_all(o->redises, o->redis_count),
        .at_s = scenario_now_s(),
    };
}

static void add_there(struct report *r, const struct options *o,
                      const struct before *b, const struct tally *t) {
    struct before now = before_now(o);
    double ready = (double)t->ready;

    report_add(r, NULL, "ready", ready, "sessions at once");
    report_add(r, NULL, "retried", (double)t->retried, "connections");
    report_add(r, NULL, "absent", (double)o->sessions - ready,
               "sessions that did not come");
    report_limit(r, 0);
    report_add(r, NULL, "dropped", (double)t->returned,
               "sessions that had to come again");
    report_limit(r, 0);
    report_add(r, NULL, "connects_per_s", ready / (now.at_s - b->at_s), "");
    report_add(r, "bytes_per_session", "gateway",
               (now.gateway - b->gateway) / ready, "bytes");
    report_add(r, "bytes_per_session", "gateway_with_base", now.gateway / ready,
               "bytes");
    report_add(r, "bytes_per_session", "kernel",
               (now.kernel - b->kernel) / 2 / ready, "bytes, the server's end");
    report_add(r, "bytes_per_session", "redis", (now.redis - b->redis) / ready,
               "bytes");
    report_add(r, "memory", "available", proc_available(), "bytes are left");
}

static bool talk_a_while(const struct options *o, struct talk *t,
                         struct report *r) {
    struct talk_part part;

    crew_phase(&t->crew, CREW_RUN);
    if (!scenario_hold(&t->crew, "warming up, seconds", (double)o->warm_s) ||
        !talk_measure(t, (double)o->seconds, &part) || !talk_drain(t)) {
        return false;
    }
    talk_add_counts(r, &t->total);
    report_add(r, NULL, "seconds", part.used.at_s, "s");
    report_add(r, NULL, "per_s", part.per_s, "delivered");
    report_latency(r, "latency_ms", &t->latency);
    report_add(r, "aim_ms", "p99", (double)hist_at(&t->latency, 0.99) / 1000,
               "ms");
    report_aim(r, P99_MS_AIM);
    scenario_add_cpu(r, &part.used, part.messages);
    return true;
}

/* The last gateway dies; all of its people have to be back. */
static void kill_one(const struct options *o, struct talk *t,
                     struct report *r) {
    double from = scenario_now_s();
    struct tally now;

    if (o->gateway_count < 2) {
        return;
    }
    scenario_say("a gateway is killed");
    (void)kill(o->gateways[o->gateway_count - 1].pid, SIGKILL);
    do {
        scenario_pause_s(look_s / 10);
        crew_sum(&t->crew, &now, NULL);
    } while ((now.returned == 0 || now.ready < o->sessions) && now.died == 0 &&
             scenario_now_s() < from + RETURN_PATIENCE_S);
    report_add(r, "gateway_killed", "returned", (double)now.returned,
               "sessions, elsewhere");
    report_add(r, "gateway_killed", "missing",
               (double)(o->sessions - now.ready), "sessions");
    report_limit(r, 0);
    report_add(r, "gateway_killed", "seconds", scenario_now_s() - from,
               "s until all were ready again");
}

enum bench_exit million_run(const struct options *o) {
    struct talk *talk = mem_new(sizeof(*talk));
    struct options crowd = *o;
    struct before before;
    struct report r;
    struct tally there = {.ready = 0};
    bool ok;

    crowd.mix = &ask_crowd;
    crowd.returns = true;
    report_init(&r, "million");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "asked for");
    report_add(&r, NULL, "gateways", (double)o->gateway_count, "");
    before = before_now(o);
    ok = talk_start(talk, &crowd);
    if (ok) {
        wait_all(&talk->crew, o->sessions, &there);
        add_there(&r, o, &before, &there);
    }
    if (ok && there.ready == o->sessions) {
        ok = talk_a_while(&crowd, talk, &r);
        kill_one(&crowd, talk, &r);
    }
    talk_end(talk);
    mem_free(talk);
    return scenario_publish(&r, o, ok);
}
