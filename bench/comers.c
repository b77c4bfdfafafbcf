#include "bench/comers.h"

#include "bench/load.h"
#include "bench/pump.h"
#include "bench/scenario.h"

struct comers {
    struct load load;
    struct pump pump;  /* number n is the session number n of this client */
    uint64_t again_ns; /* when all come again; 0: not yet */
};

static struct comers *comers_of(struct load *l) {
    return CONTAINER_OF(l, struct comers, load);
}

static void on_due(void *owner, uint64_t n, struct buf *scratch) {
    struct comers *c = owner;

    (void)n;
    (void)scratch;
    if (c->load.phase == CREW_RUN && !load_open_next(&c->load)) {
        pump_stop(&c->pump);
    }
}

static void on_ready(struct load *l, size_t number) {
    struct comers *c = comers_of(l);
    uint64_t due_ns = c->again_ns;

    if (l->held) {
        due_ns = pump_due_ns(&c->pump, number - l->job->from);
    }
    if (due_ns > 0) {
        hist_add(&l->job->tally->latency, (pump_now_ns() - due_ns) / 1000);
    }
}

static void on_left(struct load *l) {
    comers_of(l)->again_ns = pump_now_ns();
}

static void on_phase(struct load *l, enum crew_phase phase) {
    const struct crew_job *job = l->job;

    if (phase == CREW_RUN && l->held) {
        pump_start(&comers_of(l)->pump,
                   PUMP_SECOND_NS * job->clients / job->options->rate);
    } else if (phase == CREW_RUN) {
        load_come_again(l);
    } else if (phase == CREW_DRAIN) {
        job->tally->drained = true;
    }
}

static int run(const struct crew_job *job, bool held) {
    struct comers c = {.again_ns = 0};

    if (load_init(&c.load, job) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    c.load.held = held;
    c.load.retries = !held;
    c.load.on_ready = on_ready;
    c.load.on_left = on_left;
    c.load.on_phase = on_phase;
    if (pump_open(&c.pump, &c.load.loop, on_due, &c) == RC_OK) {
        if (held) { /* the loop ends when it waits for nothing */
            pump_start(&c.pump, PUMP_SECOND_NS);
        }
        load_run(&c.load);
        pump_close(&c.pump);
    }
    load_fini(&c.load);
    return BENCH_OK;
}

int comers_client(const struct crew_job *job) {
    return run(job, true);
}

int comers_again_client(const struct crew_job *job) {
    return run(job, false);
}
