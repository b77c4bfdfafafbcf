/* handover: people talk, and meanwhile their gateway is replaced by a successor
 * on the same host, again and again. Nobody may notice; the pause is how long
 * nobody was heard. */
#include <stdio.h>

#include "bench/proc.h"
#include "bench/report.h"
#include "bench/successor.h"
#include "bench/talk.h"
#include "proto/base/mem.h"

enum {
    PAUSE_MS_AIM = 200,
    ROUNDS = 3,
    TAKEOVER_PATIENCE_S = 60,
};

static const char *const names[ROUNDS] = {"first", "second", "third"};

struct rounds {
    struct successor successors[ROUNDS];
    struct takeover how[ROUNDS];
    size_t count;
};

/* Each takes over from the one before. False: said on stderr. */
static bool replace_all(const struct options *o, struct talk *t,
                        struct rounds *all) {
    pid_t pid = o->gateways[0].pid;
    bool ok = true;

    while (ok && all->count < ROUNDS) {
        struct successor *s = &all->successors[all->count];
        enum rc rc = successor_start(s, pid);

        all->count++;
        if (rc == RC_OK) {
            rc = successor_wait(s, TAKEOVER_PATIENCE_S,
                                &all->how[all->count - 1]);
        }
        if (rc != RC_OK) {
            fprintf(stderr, "moim-bench: the gateway was not replaced: %s\n",
                    rc_str(rc));
        }
        pid = s->pid;
        ok = rc == RC_OK && scenario_hold(&t->crew, "replaced, seconds",
                                          (double)o->seconds / ROUNDS);
    }
    return ok;
}

static void end_all(struct rounds *all) {
    while (all->count > 0) {
        successor_end(&all->successors[--all->count]);
    }
}

static void add_figures(struct report *r, const struct options *o,
                        const struct talk *t, const struct rounds *all) {
    report_add(r, NULL, "messages", (double)t->total.acked, "acked");
    report_add(r, NULL, "lost", (double)t->total.lost, "acked, not delivered");
    report_limit(r, 0);
    report_add(r, NULL, "duplicated", (double)t->total.duplicated,
               "told by both; clients drop them");
    report_add(r, NULL, "died", (double)t->total.died, "sessions");
    report_limit(r, 0);
    report_latency(r, "latency_ms", &t->latency);
    for (size_t i = 0; i < ROUNDS; i++) {
        report_add(r, "left_behind", names[i],
                   (double)(o->sessions - all->how[i].sessions), "sessions");
        report_limit(r, 0);
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        report_add(r, "pause_ms", names[i], (double)all->how[i].pause_ms, "ms");
        report_aim(r, PAUSE_MS_AIM);
    }
}

enum bench_exit handover_run(const struct options *o) {
    struct talk *talk = mem_new(sizeof(*talk));
    struct rounds all = {.count = 0};
    struct options one = *o;
    struct report r;
    bool ok;

    one.gateway_count = 1; /* all of them are there */
    report_init(&r, "handover");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "of one gateway");
    report_add(&r, NULL, "rate", (double)o->rate, "messages a second");
    ok = talk_begin(talk, &one) && replace_all(&one, talk, &all) &&
         talk_drain(talk);
    if (ok) {
        add_figures(&r, o, talk, &all);
    }
    talk_end(talk);
    end_all(&all);
    mem_free(talk);
    return scenario_publish(&r, o, ok);
}
