/* presence: what the members of a conversation are told when all of them come
 * and leave again. */
#include <stdio.h>

#include "bench/proc.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/watchers.h"

enum {
    CONNECT_PATIENCE_S = 600,
    EVENTS_AIM = 1000,
    MEMBERS_MOST = 500, /* that one session may watch */
};

#define US_PER_MS 1e3

static bool wait_gone(struct crew *c, double patience_s, struct tally *out) {
    double until = scenario_now_s() + patience_s;

    do {
        scenario_pause_s(0.1);
        crew_sum(c, out, NULL);
    } while (!out->drained && crew_alive(c) && scenario_now_s() < until);
    if (!out->drained) {
        fprintf(stderr, "moim-bench: not all have come and gone\n");
    }
    return out->drained;
}

static void add_conversation(struct report *r, const struct options *o,
                             const struct crew *crew) {
    struct hist come = {.count = 0};
    struct hist gone = {.count = 0};
    struct tally sum;
    const struct tally *t = &sum;

    crew_sum(crew, &sum, &come);
    crew_answers(crew, &gone);
    report_add(r, "conversation", "members", (double)o->members,
               "each watches the others");
    report_add(r, "conversation", "watches", (double)t->acked, "answered");
    report_add(r, "conversation", "refused", (double)t->refused, "");
    report_limit(r, 0);
    report_add(r, "conversation", "events", (double)t->delivered,
               "texts that told of presence");
    report_aim(r, EVENTS_AIM);
    report_add(r, "conversation", "users_told", (double)t->answered, "in them");
    report_add(r, "conversation", "come_ms", (double)come.max_us / US_PER_MS,
               "until all knew that all had come");
    report_add(r, "conversation", "gone_ms", (double)gone.max_us / US_PER_MS,
               "until all knew that half had left, with their grace");
    report_add(r, "conversation", "wrong", (double)t->lost,
               "told what is not true, in the end");
    report_limit(r, 0);
    report_add(r, "conversation", "died", (double)t->died, "sessions");
    report_limit(r, 0);
}

static bool measure_conversation(const struct options *o, struct report *r) {
    double each_s = (double)o->members / (double)o->rate;
    struct options one = *o;
    struct crew crew;
    struct tally t;
    bool ok;

    one.sessions = o->members;
    one.first = o->sessions - o->members;
    scenario_say("members come and leave");
    if (crew_start(&crew, &one, (size_t)one.sessions, watchers_client) !=
        RC_OK) {
        return false;
    }
    crew_phase(&crew, CREW_RUN);
    ok = wait_gone(&crew, 3 * each_s + CONNECT_PATIENCE_S, &t);
    if (ok) {
        add_conversation(r, o, &crew);
    }
    crew_end(&crew);
    return ok;
}

enum bench_exit presence_run(const struct options *o) {
    struct report r;

    if (o->members > MEMBERS_MOST || o->members > o->sessions) {
        fprintf(stderr,
                "moim-bench: presence needs at most %d --members, and as many "
                "--sessions\n",
                MEMBERS_MOST);
        return BENCH_USAGE;
    }
    report_init(&r, "presence");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions,
               "users; the last of them are the members");
    return scenario_publish(&r, o, measure_conversation(o, &r));
}
