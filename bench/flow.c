#include "bench/flow.h"

#include <string.h>

#include "bench/load.h"
#include "bench/people.h"
#include "bench/pump.h"
#include "bench/scenario.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"

enum {
    TEXT_BYTES = 128,
    DIGITS = 12, /* of a message's number in its text */
    DRAIN_LOOK_MS = 50,
    DRAIN_PATIENCE_MS = 10000,
};

enum { /* bits of what is known of a message */
    ACKED = 1,
    REFUSED = 2,
    DELIVERED = 4,
};

struct flow {
    struct load load;
    struct pump pump; /* its numbers are those of the messages */
    uint64_t run;     /* tells our messages' names from other runs' */
    uint8_t *known;   /* a byte for each message sent */
    size_t known_cap;
    struct wheel_timer drain;
    uint64_t drain_until_ms;
};

static struct flow *flow_of(struct load *l) {
    return CONTAINER_OF(l, struct flow, load);
}

/* The pairs take turns, and so do the two of a pair unless one only listens. */
static size_t sender_of(const struct flow *f, uint64_t n) {
    uint64_t pairs = f->load.count / 2;
    uint64_t second = f->load.job->options->one_way ? 0 : n / pairs % 2;

    return f->load.job->from + (size_t)(2 * (n % pairs) + second);
}

/* Sending. */

static void write_text(struct buf *out, uint64_t n) {
    char text[TEXT_BYTES + 1];

    memset(text, '.', TEXT_BYTES);
    (void)snprintf(text, sizeof(text), "m%0*llu", DIGITS,
                   (unsigned long long)n);
    text[1 + DIGITS] = '.';
    text[TEXT_BYTES] = '\0';
    buf_add_str(out, text);
}

static void write_send(const struct flow *f, uint64_t n, struct buf *out) {
    unsigned long long number = n;

    buf_addf(out, "{\"type\":\"send\",\"id\":\"%llu\",\"conv\":", number);
    json_put_id(out, people_conv(sender_of(f, n)).v);
    buf_addf(out, ",\"msg\":\"%016llx-%llu\",\"text\":\"",
             (unsigned long long)f->run, number);
    write_text(out, n);
    buf_add_str(out, "\"}");
}

static void know(struct flow *f, uint64_t n) {
    if (n >= f->known_cap) {
        f->known_cap = f->known_cap == 0 ? 4096 : f->known_cap * 2;
        f->known = mem_resize(f->known, f->known_cap);
    }
    f->known[n] = 0;
}

static void send_one(void *owner, uint64_t n, struct buf *out) {
    struct flow *f = owner;

    know(f, n);
    write_send(f, n, out);
    f->load.job->tally->sent++;
    if (load_send(&f->load, sender_of(f, n), buf_slice(out)) != RC_OK) {
        f->known[n] = REFUSED;
        f->load.job->tally->refused++;
    }
}

/* Hearing. */

/* The number behind the first `mark`, which begins with a quote; false: there
 * is none, or no message of ours has it. */
static bool number_after(const struct flow *f, struct slice text,
                         const char *mark, uint64_t *out) {
    uint64_t n = 0;

    while (text.n > 0 && !slice_starts(text, mark)) {
        text = slice_drop(text, 1);
        text = slice_drop(text, slice_find(text, '"'));
    }
    if (text.n == 0) {
        return false;
    }
    text = slice_drop(text, strlen(mark));
    for (size_t i = 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9';
         i++) {
        n = n * 10 + (uint64_t)(text.p[i] - '0');
    }
    *out = n;
    return n < f->pump.next;
}

static void on_event(struct flow *f, size_t number, struct slice text) {
    struct tally *t = f->load.job->tally;
    uint64_t late_ns;
    uint64_t n;

    if (!number_after(f, text, "\"text\":\"m", &n) ||
        number == sender_of(f, n)) {
        return; /* the sender's other devices would want it */
    }
    if ((f->known[n] & DELIVERED) != 0) {
        t->duplicated++;
        return;
    }
    f->known[n] |= DELIVERED;
    t->delivered++;
    late_ns = pump_now_ns() - pump_due_ns(&f->pump, n);
    if (n * f->pump.interval_ns >= FLOW_WARM_S * PUMP_SECOND_NS) {
        hist_add(&t->latency, late_ns / 1000);
    }
}

static void on_text(struct load *l, size_t number, struct slice text) {
    struct flow *f = flow_of(l);
    uint64_t n;

    if (slice_starts(text, "{\"type\":\"event\"")) {
        on_event(f, number, text);
    } else if (number_after(f, text, "\"id\":\"", &n)) {
        bool acked = slice_starts(text, "{\"type\":\"ack\"");

        f->known[n] |= acked ? ACKED : REFUSED;
        l->job->tally->acked += acked;
        l->job->tally->refused += !acked;
    }
}

/* The phases. */

/* Answered, and delivered if it was acked. */
static uint64_t count_open(const struct flow *f, unsigned *lost) {
    uint64_t open = 0;

    *lost = 0;
    for (uint64_t n = 0; n < f->pump.next; n++) {
        unsigned k = f->known[n];

        open += (k & (ACKED | REFUSED)) == 0;
        *lost += (k & (ACKED | DELIVERED)) == ACKED;
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
    f.run = rand_u64(&f.load.loop.rand);
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
