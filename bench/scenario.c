#include "bench/scenario.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench/proc.h"

static const double look_s = 0.05; /* between two looks at the tallies */
static const double drain_patience_s = 20;

double scenario_now_s(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void scenario_pause_s(double seconds) {
    struct timespec t = {.tv_sec = (time_t)seconds};

    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    while (nanosleep(&t, &t) != 0) {
    }
}

struct usage scenario_usage(const struct options *o, const struct crew *crew) {
    struct usage u = {.at_s = scenario_now_s()};

    u.gateway = (double)proc_cpu_us_all(o->gateways, o->gateway_count);
    u.redis = (double)proc_cpu_us_all(o->redises, o->redis_count);
    u.presence = (double)proc_cpu_us_all(o->presences, o->presence_count);
    if (crew != NULL) {
        u.client = (double)proc_cpu_us_all(crew->clients, crew->count);
    }
    return u;
}

struct usage scenario_used(const struct usage *from, const struct usage *to) {
    return (struct usage){
        .at_s = to->at_s - from->at_s,
        .gateway = to->gateway - from->gateway,
        .redis = to->redis - from->redis,
        .presence = to->presence - from->presence,
        .client = to->client - from->client,
    };
}

void scenario_add_cpu(struct report *r, const struct usage *used,
                      double messages) {
    static const char group[] = "cpu_us_per_message";

    report_add(r, group, "gateway", used->gateway / messages, "us");
    report_add(r, group, "redis", used->redis / messages, "us");
    report_add(r, group, "presence", used->presence / messages, "us");
    report_add(r, group, "client", used->client / messages, "us");
}

enum bench_exit scenario_publish(const struct report *r,
                                 const struct options *o, bool ok) {
    if (!ok) {
        return BENCH_FAILED;
    }
    if (report_publish(r, o->json) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    return report_ok(r) ? BENCH_OK : BENCH_FAILED;
}

void scenario_say(const char *what) {
    fprintf(stderr, "  %s\n", what);
}

/* Only where somebody watches. */
void scenario_show(const char *what, double done, double all) {
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r  %-20s %8.0f / %.0f ", what, done, all);
        if (done >= all) {
            fputc('\n', stderr);
        }
    }
}

bool scenario_connect(struct crew *c, uint64_t sessions, double patience_s) {
    double until = scenario_now_s() + patience_s;
    struct tally t;

    do {
        scenario_pause_s(look_s);
        crew_sum(c, &t, NULL);
        scenario_show("sessions", (double)t.ready, (double)sessions);
    } while (t.ready < sessions && t.died == 0 && crew_alive(c) &&
             scenario_now_s() < until);
    if (t.ready < sessions || t.died > 0) {
        fprintf(stderr, "moim-bench: %llu of %llu sessions ready, %llu died\n",
                (unsigned long long)t.ready, (unsigned long long)sessions,
                (unsigned long long)t.died);
        return false;
    }
    return true;
}

bool scenario_hold(struct crew *c, const char *what, double seconds) {
    double from = scenario_now_s();
    double gone = 0;

    while (gone < seconds) {
        if (!crew_alive(c)) {
            return false;
        }
        scenario_show(what, gone, seconds);
        scenario_pause_s(seconds - gone < 1 ? seconds - gone : 1);
        gone = scenario_now_s() - from;
    }
    scenario_show(what, seconds, seconds);
    return true;
}

bool scenario_drain(struct crew *c) {
    double until = scenario_now_s() + drain_patience_s;
    struct tally t;

    crew_phase(c, CREW_DRAIN);
    do {
        scenario_pause_s(look_s);
        crew_sum(c, &t, NULL);
    } while (!t.drained && crew_alive(c) && scenario_now_s() < until);
    if (!t.drained) {
        fprintf(stderr, "moim-bench: the clients did not drain\n");
    }
    return t.drained;
}
