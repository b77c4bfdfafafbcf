#include "bench/watchers.h"

#include "bench/load.h"
#include "bench/people.h"
#include "bench/pump.h"
#include "bench/scenario.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"

#define PATIENCE_NS (30 * PUMP_SECOND_NS)

/* What happens to them, in this order. */
enum step {
    COME,
    MEET, /* until all know of all */
    HALF_LEAVES,
    PART, /* until those who stay know of it */
    REST_LEAVES,
    GONE,
};

struct watchers {
    struct load load;
    struct pump pump;
    enum step step;
    size_t left;   /* so many have, from the first on */
    bool *online;  /* by watcher and watched: what he was told last */
    size_t wrong;  /* of those who are there: told what is not true */
    uint64_t from; /* when MEET or PART began */
};

static struct watchers *watchers_of(struct load *l) {
    return CONTAINER_OF(l, struct watchers, load);
}

static bool *told(const struct watchers *w, size_t watcher, size_t watched) {
    return &w->online[watcher * w->load.count + watched];
}

/* How many untruths those believe who are there. */
static size_t count_wrong(const struct watchers *w) {
    size_t n = 0;

    for (size_t i = w->left; i < w->load.count; i++) {
        for (size_t k = 0; k < w->load.count; k++) {
            n += i != k && *told(w, i, k) != (k >= w->left);
        }
    }
    return n;
}

/* The next step begins with the next number that is due. */
static void step_to(struct watchers *w, enum step to) {
    w->step = to;
    w->from = pump_now_ns();
}

/* How long all of them needed to know the truth. */
static void check(struct watchers *w, enum step next) {
    struct tally *t = w->load.job->tally;
    uint64_t spent_ns = pump_now_ns() - w->from;

    if (count_wrong(w) == 0) {
        hist_add(w->step == MEET ? &t->latency : &t->answers, spent_ns / 1000);
        step_to(w, next);
    } else if (spent_ns > PATIENCE_NS) {
        t->lost += count_wrong(w);
        step_to(w, next);
    }
}

static void leave_until(struct watchers *w, size_t end, enum step next) {
    if (w->left < end) {
        load_leave(&w->load, w->load.job->from + w->left++);
    } else {
        step_to(w, next);
    }
}

static void on_due(void *owner, uint64_t n, struct buf *scratch) {
    struct watchers *w = owner;
    struct load *l = &w->load;

    (void)n;
    (void)scratch;
    if (l->phase != CREW_RUN) {
        return;
    }
    switch (w->step) {
    case COME:
        if (!load_open_next(l)) {
            step_to(w, MEET);
        }
        break;
    case MEET:
        check(w, HALF_LEAVES);
        break;
    case HALF_LEAVES:
        leave_until(w, l->count / 2, PART);
        break;
    case PART:
        check(w, REST_LEAVES);
        break;
    case REST_LEAVES:
        leave_until(w, l->count, GONE);
        break;
    case GONE:
        pump_stop(&w->pump);
        l->job->tally->drained = true;
        break;
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

/* {"user":"<id>","state":"<word>", ... of each. Answers how many. */
static uint64_t take_users(struct watchers *w, size_t watcher,
                           struct slice text) {
    uint64_t first = people_user(w->load.job->from).v;
    struct slice rest = slice_after(text, "\"user\":\"");
    uint64_t n = 0;

    for (; rest.p != NULL; rest = slice_after(rest, "\"user\":\"")) {
        struct slice state = slice_after(rest, "\"state\":\"");
        uint64_t id;

        if (id_parse(slice_take(rest, slice_find(rest, '"')), &id) &&
            id - first < w->load.count) {
            *told(w, watcher, (size_t)(id - first)) =
                slice_starts(state, "online");
            n++;
        }
    }
    return n;
}

static void on_text(struct load *l, size_t number, struct slice text) {
    struct watchers *w = watchers_of(l);
    size_t watcher = number - l->job->from;
    struct tally *t = l->job->tally;

    if (slice_starts(text, "{\"type\":\"presence\",\"users\"")) {
        t->delivered++;
        t->answered += take_users(w, watcher, text);
    } else if (slice_starts(text, "{\"type\":\"presence\",\"id\"")) {
        t->acked++;
        take_users(w, watcher, text);
    } else {
        t->refused += slice_starts(text, "{\"type\":\"error\"");
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
    w.online = mem_new_array(w.load.count * w.load.count, sizeof(*w.online));
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
    mem_free(w.online);
    return BENCH_OK;
}
