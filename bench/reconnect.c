/* reconnect: a storm. All sessions of one gateway leave and come again at once,
 * as when their gateway has died, while others go on talking: how long it
 * takes, what it asks of password hashes and PostgreSQL, and how much longer
 * the others wait. */
#include <stdio.h>

#include "bench/comers.h"
#include "bench/hist.h"
#include "bench/proc.h"
#include "bench/report.h"
#include "bench/scrape.h"
#include "bench/talk.h"
#include "proto/base/mem.h"

enum {
    TALKERS = 200, /* at most, of the sessions */
    PATIENCE_S = 120,
    PLAIN_S_AIM = 2,
    TLS_S_AIM = 10,
    GROWTH_MS_AIM = 100,
};

static const char hashes[] = "moim_gateway_password_hashes_total";

/* What a storm was. */
struct storm {
    double seconds; /* until the last was ready */
    double sessions;
    double retried; /* were not let in the first time */
    double hashes;  /* of passwords, in all */
    double queries;
    struct usage used;
    struct hist latency; /* from its beginning to each that was ready */
    struct hist others;  /* messages of the talkers while it went on */
};

static double share_ms(const struct hist *h) {
    return (double)hist_at(h, 0.99) / 1000;
}

/* What the talkers have waited for so far. */
static void others_now(const struct talk *talk, struct hist *out) {
    struct tally t;

    *out = (struct hist){.count = 0};
    crew_sum(&talk->crew, &t, out);
}

/* Until all have come a second time. False: said on stderr. */
static bool wait_again(struct crew *c, uint64_t sessions, struct storm *out) {
    double until = scenario_now_s() + PATIENCE_S;
    struct hist *latency = &out->latency;
    struct tally t;

    do {
        scenario_pause_s(0.05);
        *latency = (struct hist){.count = 0};
        crew_sum(c, &t, latency);
    } while (latency->count < sessions && t.died == 0 && crew_alive(c) &&
             scenario_now_s() < until);
    if (latency->count < sessions) {
        fprintf(stderr, "moim-bench: %llu of %llu sessions came again\n",
                (unsigned long long)latency->count,
                (unsigned long long)sessions);
    }
    out->retried = (double)t.retried;
    return latency->count >= sessions && t.died == 0;
}

static bool blow(const struct options *o, struct crew *crew,
                 const struct talk *talk, struct storm *out) {
    struct hist *before = mem_new(sizeof(*before));
    double asked = scrape_queries(o);
    double hashed = scrape(o, hashes);
    struct usage begin = scenario_usage(o, crew);
    bool ok;

    others_now(talk, before);
    crew_phase(crew, CREW_RUN);
    ok = wait_again(crew, o->sessions, out);
    out->used = scenario_usage(o, crew);
    out->used = scenario_used(&begin, &out->used);
    others_now(talk, &out->others);
    hist_subtract(&out->others, before);
    out->hashes = scrape(o, hashes) - hashed;
    out->queries = scrape_queries(o) - asked;
    out->seconds = (double)out->latency.max_us / 1e6;
    out->sessions = (double)o->sessions;
    mem_free(before);
    return ok;
}

/* All of them at the first gateway. */
static struct options storm_options(const struct options *o, bool tls) {
    struct options storm = *o;

    storm.first = TALKERS;
    storm.sessions = o->sessions - TALKERS;
    if (tls) {
        storm.gateways[0] = o->tls_gateways[0];
    }
    storm.secure = tls;
    storm.resume = tls;
    storm.gateway_count = 1;
    return storm;
}

static bool run_storm(const struct options *o, bool tls,
                      const struct talk *talk, struct storm *out) {
    struct options storm = storm_options(o, tls);
    struct crew crew;
    bool ok;

    scenario_say(tls ? "a storm under TLS" : "a storm");
    if (crew_start(&crew, &storm, (size_t)storm.sessions,
                   comers_again_client) != RC_OK) {
        return false;
    }
    ok = scenario_connect(&crew, storm.sessions, PATIENCE_S) &&
         blow(&storm, &crew, talk, out);
    crew_end(&crew);
    return ok;
}

static void add_storm(struct report *r, const char *group,
                      const struct storm *s, double calm_ms, double aim_s) {
    report_add(r, group, "seconds", s->seconds, "s until the last was ready");
    report_aim(r, aim_s);
    report_add(r, group, "p50_ms", (double)hist_at(&s->latency, 0.5) / 1000,
               "until half were");
    report_add(r, group, "retried", s->retried, "connections, were full");
    report_add(r, group, "password_hashes", s->hashes, "");
    report_limit(r, 0);
    report_add(r, group, "pg_queries_per_session", s->queries / s->sessions,
               "");
    report_aim(r, 0);
    report_add(r, group, "gateway_cpu_us", s->used.gateway / s->sessions,
               "a session");
    report_add(r, group, "redis_cpu_us", s->used.redis / s->sessions,
               "a session");
    report_add(r, group, "others_p99_ms", share_ms(&s->others), "ms");
    report_add(r, group, "others_growth_ms", share_ms(&s->others) - calm_ms,
               "ms of p99");
    report_aim(r, GROWTH_MS_AIM);
}

/* The talkers talk in calm, and then through both storms. */
static bool measure(const struct options *o, struct talk *talk,
                    struct storm *storms, struct report *r) {
    bool tls = o->tls_gateway_count > 0 && o->tls_ca != NULL;
    struct options talkers = *o;
    struct talk_part part;
    struct hist *calm = mem_new(sizeof(*calm));
    bool ok;

    talkers.sessions = TALKERS;
    scenario_say("the others in calm");
    ok = talk_begin(talk, &talkers) &&
         talk_measure(talk, (double)o->seconds, &part);
    if (ok) {
        others_now(talk, calm);
    }
    ok = ok && run_storm(o, false, talk, &storms[0]) &&
         (!tls || run_storm(o, true, talk, &storms[1])) && talk_drain(talk);
    talk_end(talk);
    if (ok) {
        talk_add_counts(r, &talk->total);
        report_add(r, NULL, "seconds", part.used.at_s, "s in calm");
        report_latency(r, "latency_ms", calm);
        scenario_add_cpu(r, &part.used, part.messages);
        add_storm(r, "storm", &storms[0], share_ms(calm), PLAIN_S_AIM);
    }
    if (ok && tls) {
        add_storm(r, "storm_tls", &storms[1], share_ms(calm), TLS_S_AIM);
    }
    mem_free(calm);
    return ok;
}

enum bench_exit reconnect_run(const struct options *o) {
    struct storm *storms;
    struct talk *talk;
    struct report r;
    bool ok;

    if (o->sessions <= TALKERS) {
        fprintf(stderr,
                "moim-bench: reconnect needs more than %d sessions, who "
                "talk\n",
                TALKERS);
        return BENCH_USAGE;
    }
    report_init(&r, "reconnect");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)(o->sessions - TALKERS),
               "that come again");
    talk = mem_new(sizeof(*talk));
    storms = mem_new_array(2, sizeof(*storms));
    ok = measure(o, talk, storms, &r);
    mem_free(storms);
    mem_free(talk);
    return scenario_publish(&r, o, ok);
}
