#include "bench/talk.h"

#include <stdio.h>

#include "bench/flow.h"
#include "proto/base/mem.h"

enum {
    CONNECT_PATIENCE_S = 120,
    DRAIN_PATIENCE_S = 20,
    FILL_PATIENCE_S = 600,
};

static const double look_s = 0.1;

bool talk_start(struct talk *t, const struct options *o) {
    *t = (struct talk){.options = o};
    return crew_start(&t->crew, o, (size_t)o->sessions, flow_client) == RC_OK;
}

/* Connects all and lets them talk. */
static bool start(struct talk *t, const struct options *o) {
    if (!talk_start(t, o) ||
        !scenario_connect(&t->crew, o->sessions, CONNECT_PATIENCE_S)) {
        return false;
    }
    crew_phase(&t->crew, CREW_RUN);
    return true;
}

bool talk_begin(struct talk *t, const struct options *o) {
    return start(t, o) &&
           scenario_hold(&t->crew, "warming up, seconds", (double)o->warm_s);
}

bool talk_measure(struct talk *t, double seconds, struct talk_part *out) {
    struct usage begin = scenario_usage(t->options, &t->crew);
    struct tally before;
    struct tally after;
    struct usage end;

    crew_sum(&t->crew, &before, NULL);
    if (!scenario_hold(&t->crew, "talking, seconds", seconds)) {
        return false;
    }
    end = scenario_usage(t->options, &t->crew);
    crew_sum(&t->crew, &after, NULL);
    out->used = scenario_used(&begin, &end);
    out->messages = (double)(after.delivered - before.delivered +
                             after.answered - before.answered);
    out->per_s = out->messages / out->used.at_s;
    return true;
}

bool talk_drain(struct talk *t) {
    double until = scenario_now_s() + DRAIN_PATIENCE_S;

    crew_phase(&t->crew, CREW_DRAIN);
    do {
        scenario_pause_s(look_s);
        crew_sum(&t->crew, &t->total, NULL);
    } while (!t->total.drained && crew_alive(&t->crew) &&
             scenario_now_s() < until);
    if (!t->total.drained) {
        fprintf(stderr, "moim-bench: the clients did not drain\n");
        return false;
    }
    crew_sum(&t->crew, &t->total, &t->latency);
    crew_answers(&t->crew, &t->answers);
    return true;
}

void talk_end(struct talk *t) {
    if (t->crew.count > 0) {
        crew_end(&t->crew);
    }
}

bool talk_whole(struct talk *t, const struct options *o,
                struct talk_part *out) {
    bool ok = talk_begin(t, o) && talk_measure(t, (double)o->seconds, out) &&
              talk_drain(t);

    talk_end(t);
    return ok;
}

bool talk_fill(const struct options *o) {
    uint64_t want = o->each * (o->sessions / 2);
    double until = scenario_now_s() + FILL_PATIENCE_S;
    struct talk *t = mem_new(sizeof(*t));
    bool ok = start(t, o);
    struct tally now = {0};

    while (ok && now.sent < want) {
        scenario_pause_s(look_s);
        crew_sum(&t->crew, &now, NULL);
        ok = crew_alive(&t->crew) && scenario_now_s() < until;
    }
    ok = ok && talk_drain(t) && t->total.acked == want;
    if (!ok) {
        fprintf(stderr, "moim-bench: %llu of %llu messages were acked\n",
                (unsigned long long)t->total.acked, (unsigned long long)want);
    }
    talk_end(t);
    mem_free(t);
    return ok;
}

void talk_add_counts(struct report *r, const struct tally *t) {
    report_add(r, NULL, "messages", (double)t->acked, "acked");
    report_add(r, NULL, "delivered", (double)t->delivered, "");
    report_add(r, NULL, "lost", (double)t->lost, "acked, not delivered");
    report_limit(r, 0);
    report_add(r, NULL, "duplicated", (double)t->duplicated, "");
    report_limit(r, 0);
    report_add(r, NULL, "refused", (double)t->refused, "commands");
    report_add(r, NULL, "unanswered",
               (double)(t->sent - t->acked - t->answered - t->refused), "");
    report_limit(r, 0);
    report_add(r, NULL, "died", (double)t->died, "sessions");
    report_limit(r, 0);
}
