#include "bench/watchers.h"

#include "bench/load.h"
#include "bench/people.h"
#include "bench/pump.h"
#include "bench/scenario.h"
#include "proto/wire/json_write.h"

struct watchers {
    struct load load;
    struct pump pump; /* n comes, and count + n is the leaving of n */
};

static struct watchers *watchers_of(struct load *l) {
    return CONTAINER_OF(l, struct watchers, load);
}

static void on_due(void *owner, uint64_t n, struct buf *scratch) {
    struct watchers *w = owner;
    struct load *l = &w->load;

    (void)scratch;
    if (l->phase != CREW_RUN) {
        return;
    }
    if (n < l->count) {
        (void)load_open_next(l);
    } else if (n < 2 * l->count) {
        load_leave(l, l->job->from + (size_t)n - l->count);
    } else {
        pump_stop(&w->pump);
        l->job->tally->drained = true;
    }
}

/* All but oneself. */
static void on_ready(struct load *l, size_t number) {
    const char *comma = "";
    struct buf b;

    buf_init(&b);
    buf_add_str(&b, "{\"type\":\"presence.watch\",\"id\":\"1\",\"users\":[");
    for (size_t i = l->job->from; i < l->job->to; i++) {
        if (i != number) {
            buf_add_str(&b, comma);
            json_put_id(&b, people_user(i).v);
            comma = ",";
        }
    }
    buf_add_str(&b, "]}");
    if (load_send(l, number, buf_slice(&b)) != RC_OK) {
        l->job->tally->refused++;
    }
    buf_fini(&b);
}

static uint64_t count_users(struct slice text) {
    struct slice rest = slice_after(text, "\"user\":");
    uint64_t n = 0;

    for (; rest.p != NULL; rest = slice_after(rest, "\"user\":")) {
        n++;
    }
    return n;
}

static void on_text(struct load *l, size_t number, struct slice text) {
    struct tally *t = l->job->tally;

    (void)number;
    if (slice_starts(text, "{\"type\":\"presence\",\"users\"")) {
        t->delivered++;
        t->answered += count_users(text);
    } else if (slice_starts(text, "{\"type\":\"error\"")) {
        t->refused++;
    } else {
        t->acked += slice_starts(text, "{\"type\":\"presence\",\"id\"");
    }
}

static void on_phase(struct load *l, enum crew_phase phase) {
    if (phase == CREW_RUN) {
        pump_start(&watchers_of(l)->pump,
                   PUMP_SECOND_NS / l->job->options->rate);
    }
}

int watchers_client(const struct crew_job *job) {
    struct watchers w = {.load = {.count = 0}};

    if (load_init(&w.load, job) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    w.load.held = true;
    w.load.on_ready = on_ready;
    w.load.on_text = on_text;
    w.load.on_phase = on_phase;
    if (pump_open(&w.pump, &w.load.loop, on_due, &w) == RC_OK) {
        pump_start(&w.pump, PUMP_SECOND_NS); /* a loop needs a thing to do */
        load_run(&w.load);
        pump_close(&w.pump);
    }
    load_fini(&w.load);
    return BENCH_OK;
}
