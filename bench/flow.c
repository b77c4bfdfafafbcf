#include "bench/flow.h"

#include <stdio.h>
#include <string.h>

#include "bench/ask.h"
#include "bench/load.h"
#include "bench/people.h"
#include "bench/pump.h"
#include "bench/scenario.h"
#include "proto/base/mem.h"

enum {
    DRAIN_LOOK_MS = 50,
    DRAIN_PATIENCE_MS = 10000,
};

enum {         /* bits of what is known of a command */
    ACKED = 1, /* a message that is safe */
    REFUSED = 2,
    ANSWERED = 4, /* what is no message */
};

/* Of a command that was sent. */
struct known {
    uint8_t bits;
    uint16_t heard; /* by so many others */
};

struct flow {
    struct load load;
    struct pump pump; /* its numbers are those of the commands */
    const struct ask_mix *mix;
    uint64_t run;        /* tells our messages' names from others' */
    char mark[32];       /* before the number in such a name */
    struct known *known; /* of each command sent */
    size_t known_cap;
    struct wheel_timer drain;
    uint64_t drain_until_ms;
};

static struct flow *flow_of(struct load *l) {
    return CONTAINER_OF(l, struct flow, load);
}

/* Of this client's pairs, those who talk. */
static uint64_t pairs_of(const struct flow *f) {
    const struct crew_job *job = f->load.job;
    uint64_t all = f->load.count / 2;
    uint64_t asked = job->options->senders / 2 / job->clients;

    return asked > 0 && asked < all ? asked : all;
}

/* The pairs take turns, and so do the two of a pair unless one only listens.
 * Who does not talk stands between them. */
static size_t sender_of(const struct flow *f, uint64_t n) {
    uint64_t pairs = pairs_of(f);
    uint64_t apart = f->load.count / 2 / pairs;
    uint64_t second = f->load.job->options->one_way ? 0 : n / pairs % 2;

    return f->load.job->from + (size_t)(2 * (n % pairs * apart) + second);
}

/* How many others of this client have to hear message `n`. */
static unsigned ears_of(const struct flow *f, uint64_t n) {
    const struct crew_job *job = f->load.job;
    uint64_t of = job->options->members;
    uint64_t from;
    uint64_t to;

    if (ask_kind(f->mix, n) == ASK_SEND) {
        return 1;
    }
    from = sender_of(f, n) / of * of;
    to = from + of < job->to ? from + of : job->to;
    from = from > job->from ? from : job->from;
    return (unsigned)(to - from - 1);
}

/* Sending. */

static void know(struct flow *f, uint64_t n) {
    if (n >= f->known_cap) {
        f->known_cap = f->known_cap == 0 ? 4096 : f->known_cap * 2;
        f->known = mem_resize(f->known, f->known_cap * sizeof(*f->known));
    }
    f->known[n] = (struct known){0};
}

static void send_one(void *owner, uint64_t n, struct buf *out) {
    struct flow *f = owner;
    const struct options *o = f->load.job->options;
    struct ask_command c = {
        .kind = ask_kind(f->mix, n),
        .n = n,
        .run = f->run,
        .sender = sender_of(f, n),
        .members = o->members,
        .text_bytes = o->text_bytes,
    };

    know(f, n);
    ask_write(&c, out);
    f->load.job->tally->sent++;
    if (load_send(&f->load, (size_t)c.sender, buf_slice(out)) != RC_OK) {
        f->known[n].bits = REFUSED;
        f->load.job->tally->refused++;
    }
    if (n + 1 == o->each * pairs_of(f)) {
        pump_stop(&f->pump);
    }
}

/* Hearing. */

/* The number behind the first `mark`; false: there is none, or no message of
 * ours has it. */
static bool number_after(const struct flow *f, struct slice text,
                         const char *mark, uint64_t *out) {
    uint64_t n = 0;

    text = slice_after(text, mark);
    if (text.p == NULL) {
        return false;
    }
    for (size_t i = 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9';
         i++) {
        n = n * 10 + (uint64_t)(text.p[i] - '0');
    }
    *out = n;
    return n < f->pump.next;
}

/* What was due while all was warming up does not count. */
static void add_latency(const struct flow *f, uint64_t n, struct hist *h) {
    if (n * f->pump.interval_ns >=
        f->load.job->options->warm_s * PUMP_SECOND_NS) {
        hist_add(h, (pump_now_ns() - pump_due_ns(&f->pump, n)) / 1000);
    }
}

static void on_event(struct flow *f, size_t number, struct slice text) {
    struct tally *t = f->load.job->tally;
    uint64_t n;

    if (!number_after(f, text, f->mark, &n) || number == sender_of(f, n)) {
        return; /* another client's, or what the sender hears himself */
    }
    if (f->known[n].heard == ears_of(f, n)) {
        t->duplicated++;
        return;
    }
    f->known[n].heard++;
    t->delivered++;
    add_latency(f, n, &t->latency);
}

static void on_answer(struct flow *f, uint64_t n, struct slice text) {
    struct tally *t = f->load.job->tally;

    if (slice_starts(text, "{\"type\":\"error\"")) {
        f->known[n].bits |= REFUSED;
        t->refused++;
    } else if (ask_is_send(ask_kind(f->mix, n))) {
        f->known[n].bits |= ACKED;
        t->acked++;
    } else {
        f->known[n].bits |= ANSWERED;
        t->answered++;
        add_latency(f, n, &t->answers);
    }
}

static void on_text(struct load *l, size_t number, struct slice text) {
    struct flow *f = flow_of(l);
    uint64_t n;

    if (slice_starts(text, "{\"type\":\"event\"")) {
        on_event(f, number, text);
    } else if (number_after(f, text, "\"id\":\"", &n)) {
        on_answer(f, n, text);
    }
}

/* The phases. */

/* Answered, and delivered if it was acked. */
static uint64_t count_open(const struct flow *f, unsigned *lost) {
    uint64_t open = 0;

    *lost = 0;
    for (uint64_t n = 0; n < f->pump.next; n++) {
        struct known k = f->known[n];

        open += k.bits == 0;
        *lost += (k.bits & ACKED) != 0 ? ears_of(f, n) - k.heard : 0;
    }
    return open;
}

static void on_drain(struct wheel_timer *t) {
    struct flow *f = CONTAINER_OF(t, struct flow, drain);
    struct tally *tally = f->load.job->tally;
    unsigned lost;
    uint64_t open = count_open(f, &lost);

    if ((open > 0 || lost > 0) &&
        f->load.loop.clock.mono_ms < f->drain_until_ms) {
        loop_timer(&f->load.loop, t, DRAIN_LOOK_MS);
        return;
    }
    tally->lost = lost;
    tally->drained = true;
}

static void on_phase(struct load *l, enum crew_phase phase) {
    struct flow *f = flow_of(l);

    if (phase == CREW_RUN) {
        pump_start(&f->pump,
                   PUMP_SECOND_NS * l->job->clients / l->job->options->rate);
    } else if (phase == CREW_DRAIN) {
        pump_stop(&f->pump);
        f->drain_until_ms = l->loop.clock.mono_ms + DRAIN_PATIENCE_MS;
        loop_timer(&l->loop, &f->drain, DRAIN_LOOK_MS);
    }
}

int flow_client(const struct crew_job *job) {
    struct flow f = {.known = NULL};

    if (load_init(&f.load, job) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    f.mix = job->options->mix;
    f.run = rand_u64(&f.load.loop.rand);
    (void)snprintf(f.mark, sizeof(f.mark), "\"msg\":\"%016llx-",
                   (unsigned long long)f.run);
    f.load.returns = job->options->returns;
    f.load.on_text = on_text;
    f.load.on_phase = on_phase;
    wheel_timer_init(&f.drain, on_drain);
    if (pump_open(&f.pump, &f.load.loop, send_one, &f) == RC_OK) {
        load_run(&f.load);
        pump_close(&f.pump);
    }
    wheel_cancel(&f.drain);
    load_fini(&f.load);
    mem_free(f.known);
    return BENCH_OK;
}
