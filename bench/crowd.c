/* crowd: many users who are there, and come and go now and then, as gateways
 * report them: what that takes of the presence service and of Redis, for
 * nobody, a quarter, half and all of them, and what it will take for a
 * million. */
#include <stdio.h>

#include "bench/leases.h"
#include "bench/proc.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/scrape.h"
#include "proto/base/mem.h"

enum {
    TICK_MS = 100,
    COMERS = 500,         /* in a tick, while they come */
    STAY_S = 1800,        /* of one session; then its user is gone ... */
    AWAY_TICKS = 100,     /* ... for so long, longer than the grace */
    PATIENCE_TICKS = 900, /* until the service knows all who have come */
    CORE_PERCENT_AIM = 10,
};

#define MILLION 1e6
#define CORE_US_PER_S 1e6

/* How many of the users are there, in quarters of all. */
static const struct share {
    const char *group;
    unsigned quarters;
} shares[] = {{"nobody", 0}, {"a_quarter", 1}, {"half", 2}, {"all", 4}};

/* What was measured of one share. */
struct figures {
    double users;
    double bytes; /* of the presence services */
    struct usage used;
    double changes;
    double told;
};

enum step {
    COME,
    SETTLE, /* for the warm time, and until the service knows them */
    HOLD,
};

struct crowd {
    const struct options *options;
    struct loop loop;
    struct leases *leases;
    struct wheel_timer timer;
    size_t share; /* of shares, that is there or comes */
    enum step step;
    uint64_t ticks;  /* in this step */
    size_t come;     /* users who have come, from the first on */
    size_t *leavers; /* a ring of those who left in the last ticks */
    double due;      /* part of somebody who has to leave */
    size_t left;     /* ever */
    size_t returned;
    size_t left_at[AWAY_TICKS]; /* `left` so many ticks ago, by tick */
    uint64_t tick;
    struct rand rand;
    struct usage from;
    uint64_t heard_from;
    size_t changes_from;
    struct figures figures[COUNT_OF(shares)];
    bool ok;
};

static size_t wanted(const struct crowd *c) {
    return (size_t)c->options->sessions * shares[c->share].quarters / 4;
}

/* ---- who comes and goes ---- */

static void let_come(struct crowd *c) {
    for (size_t i = 0; i < COMERS && c->come < wanted(c); i++) {
        leases_set(c->leases, c->come++, true);
    }
}

static size_t *ring_at(const struct crowd *c, size_t n) {
    return &c->leavers[n % (size_t)c->options->sessions];
}

/* Somebody leaves so often that a session lasts STAY_S, and is back after
 * AWAY_TICKS. */
static void churn(struct crowd *c) {
    size_t *then = &c->left_at[c->tick++ % AWAY_TICKS];

    while (c->returned < *then) {
        leases_set(c->leases, *ring_at(c, c->returned++), true);
    }
    c->due += (double)c->come * TICK_MS / 1000 / STAY_S;
    for (; c->due >= 1; c->due--) {
        size_t who = (size_t)rand_below(&c->rand, c->come);

        *ring_at(c, c->left++) = who;
        leases_set(c->leases, who, false);
    }
    *then = c->left;
}

/* ---- what it takes ---- */

static void step_to(struct crowd *c, enum step step) {
    c->step = step;
    c->ticks = 0;
}

static void begin(struct crowd *c) {
    step_to(c, HOLD);
    c->from = scenario_usage(c->options, NULL);
    c->heard_from = leases_heard(c->leases);
    c->changes_from = c->left + c->returned;
}

/* Ends the run when it was the last share. */
static void end(struct crowd *c) {
    const struct options *o = c->options;
    struct figures *f = &c->figures[c->share];
    struct usage now = scenario_usage(o, NULL);

    f->users = (double)c->come;
    f->used = scenario_used(&c->from, &now);
    f->bytes = proc_memory_all(o->presences, o->presence_count).pss;
    f->changes = (double)(c->left + c->returned - c->changes_from);
    f->told = (double)(leases_heard(c->leases) - c->heard_from);
    if (c->share + 1 < COUNT_OF(shares)) {
        c->share++;
        step_to(c, COME);
    } else {
        c->ok = true;
        loop_stop(&c->loop);
    }
}

/* Those who are away just now are not missed. */
static bool all_known(const struct crowd *c) {
    double known = scrape_presence(c->options, "moim_presence_online_users");

    return known >= (double)(c->come - (c->left - c->returned));
}

static void settle(struct crowd *c) {
    if (c->come > 0 && c->ticks < c->options->warm_s * 1000 / TICK_MS) {
        return;
    }
    if (all_known(c)) {
        begin(c);
    } else if (c->ticks > PATIENCE_TICKS) {
        fprintf(stderr, "moim-bench: the service does not know all of %zu\n",
                c->come);
        loop_stop(&c->loop);
    }
}

static void on_tick(struct wheel_timer *timer) {
    struct crowd *c = CONTAINER_OF(timer, struct crowd, timer);

    loop_timer(&c->loop, timer, TICK_MS);
    c->ticks++;
    if (c->step == COME) {
        let_come(c);
        if (c->come == wanted(c)) {
            scenario_show("users", (double)c->come,
                          (double)c->options->sessions);
            step_to(c, SETTLE);
        }
        return;
    }
    churn(c);
    if (c->step == SETTLE) {
        settle(c);
    } else if (c->ticks >= c->options->hold_s * 1000 / TICK_MS) {
        end(c);
    }
}

/* ---- what is told of it ---- */

static double percent(const struct figures *f) {
    return (f->used.presence + f->used.redis) / f->used.at_s / CORE_US_PER_S *
           100;
}

static void add_share(struct report *r, const struct crowd *c, size_t i) {
    const char *group = shares[i].group;
    const struct figures *f = &c->figures[i];

    report_add(r, group, "users", f->users, "");
    report_add(r, group, "changes_per_s", f->changes / f->used.at_s,
               "who came or went");
    report_add(r, group, "told_per_s", f->told / f->used.at_s, "to gateways");
    report_add(r, group, "presence_us_per_s", f->used.presence / f->used.at_s,
               "us a second");
    report_add(r, group, "redis_us_per_s", f->used.redis / f->used.at_s,
               "us a second");
    report_add(r, group, "core_percent", percent(f), "of both");
    if (i > 0) {
        report_add(r, group, "bytes_per_user",
                   (f->bytes - c->figures[0].bytes) / f->users, "bytes");
    }
}

static void add_all(struct report *r, const struct crowd *c) {
    const struct figures *none = &c->figures[0];
    const struct figures *all = &c->figures[COUNT_OF(shares) - 1];
    double each = (percent(all) - percent(none)) / all->users;

    for (size_t i = 0; i < COUNT_OF(shares); i++) {
        add_share(r, c, i);
    }
    report_add(r, "million_users", "core_percent",
               percent(none) + each * MILLION,
               "of the presence service and Redis together");
    report_aim(r, CORE_PERCENT_AIM);
}

static bool measure(struct crowd *c) {
    const struct options *o = c->options;
    struct leases_config config = {.redis =
                                       o->redises[o->redis_count - 1].address,
                                   .gateways = (size_t)o->leases,
                                   .users = (size_t)o->sessions};

    if (loop_init(&c->loop) != RC_OK) {
        return false;
    }
    if (leases_open(&c->leases, &c->loop, &config) == RC_OK) {
        wheel_timer_init(&c->timer, on_tick);
        loop_timer(&c->loop, &c->timer, TICK_MS);
        loop_run(&c->loop);
        wheel_cancel(&c->timer);
    }
    leases_close(&c->leases);
    loop_fini(&c->loop);
    return c->ok;
}

enum bench_exit crowd_run(const struct options *o) {
    struct crowd *c = mem_new(sizeof(*c));
    struct report r;
    enum bench_exit status;

    c->options = o;
    c->leavers = mem_new_array((size_t)o->sessions, sizeof(*c->leavers));
    rand_seed(&c->rand, o->sessions);
    report_init(&r, "crowd");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "a user each");
    report_add(&r, NULL, "gateways", (double)o->leases, "that report them");
    report_add(&r, NULL, "seconds", (double)o->hold_s, "s, of each figure");
    if (measure(c)) {
        add_all(&r, c);
    }
    status = scenario_publish(&r, o, c->ok);
    mem_free(c->leavers);
    mem_free(c);
    return status;
}
