#include "bench/fan.h"

#include <stdio.h>
#include <string.h>

#include "bench/load.h"
#include "bench/people.h"
#include "bench/pump.h"
#include "bench/scenario.h"
#include "bench/seen.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"

enum {
    TEXT_BYTES = 128,
};

static const char mark[] = "\"text\":\"fan ";

struct fan {
    struct load load;
    struct pump pump;  /* each number is a turn of `together` messages */
    uint64_t run;      /* tells our messages' names from other runs' */
    struct seen *seen; /* of each session */
};

static struct fan *fan_of(struct load *l) {
    return CONTAINER_OF(l, struct fan, load);
}

/* "fan NUMBER DUE ....": which one, and since when. */
static void write_text(uint64_t n, uint64_t due_ns, struct buf *out) {
    char text[TEXT_BYTES + 1];
    int used = snprintf(text, sizeof(text), "fan %llu %llu ",
                        (unsigned long long)n, (unsigned long long)due_ns);

    memset(text + used, '.', (size_t)(TEXT_BYTES - used));
    buf_add(out, slice_of(text, TEXT_BYTES));
}

static void write_send(const struct fan *f, uint64_t n, uint64_t due_ns,
                       struct buf *out) {
    unsigned long long number = n;

    buf_addf(out, "{\"type\":\"send\",\"id\":\"%llu\",\"conv\":", number);
    json_put_id(out, people_group(0).v);
    buf_addf(out, ",\"msg\":\"%016llx-%llu\",\"text\":\"",
             (unsigned long long)f->run, number);
    write_text(n, due_ns, out);
    buf_add_str(out, "\"}");
}

/* All messages of a turn leave in one frame, a line each. */
static void send_turn(void *owner, uint64_t n, struct buf *out) {
    struct fan *f = owner;
    const struct options *o = f->load.job->options;
    struct tally *t = f->load.job->tally;

    for (uint64_t i = 0; i < o->together; i++) {
        write_send(f, n * o->together + i, pump_due_ns(&f->pump, n), out);
        buf_add_byte(out, '\n');
    }
    t->sent += o->together;
    if (load_send(&f->load, o->first + n % o->senders, buf_slice(out)) !=
        RC_OK) {
        t->refused += o->together;
    }
}

/* Reads a number and the space behind it. */
static uint64_t take_number(struct slice *text) {
    uint64_t v = 0;
    size_t i = 0;

    for (; i < text->n && text->p[i] != ' '; i++) {
        v = v * 10 + (uint64_t)(text->p[i] - '0');
    }
    *text = slice_drop(*text, i < text->n ? i + 1 : i);
    return v;
}

static void on_event(struct fan *f, size_t number, struct slice text) {
    struct tally *t = f->load.job->tally;
    struct slice rest = slice_after(text, mark);
    uint64_t due_ns;
    uint64_t n;

    if (rest.p == NULL) {
        return;
    }
    n = take_number(&rest);
    due_ns = take_number(&rest);
    if (seen_before(&f->seen[number - f->load.job->from], n)) {
        t->duplicated++;
        return;
    }
    t->delivered++;
    hist_add(&t->latency, (pump_now_ns() - due_ns) / 1000);
}

static void on_text(struct load *l, size_t number, struct slice text) {
    if (slice_starts(text, "{\"type\":\"event\"")) {
        on_event(fan_of(l), number, text);
    } else if (slice_starts(text, "{\"type\":\"ack\"")) {
        l->job->tally->acked++;
    } else if (slice_starts(text, "{\"type\":\"error\"")) {
        l->job->tally->refused++;
    }
}

/* All senders are sessions of the first client. */
static void on_phase(struct load *l, enum crew_phase phase) {
    struct fan *f = fan_of(l);
    const struct options *o = l->job->options;

    if (phase == CREW_RUN && l->job->from == o->first) {
        pump_start(&f->pump, PUMP_SECOND_NS * o->together / o->rate);
    } else if (phase == CREW_DRAIN) {
        pump_stop(&f->pump);
        l->job->tally->drained = true; /* the parent counts */
    }
}

int fan_client(const struct crew_job *job) {
    struct fan f = {.seen = NULL};

    if (load_init(&f.load, job) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    f.run = rand_u64(&f.load.loop.rand);
    f.seen = mem_new_array(f.load.count, sizeof(*f.seen));
    f.load.on_text = on_text;
    f.load.on_phase = on_phase;
    if (pump_open(&f.pump, &f.load.loop, send_turn, &f) == RC_OK) {
        load_run(&f.load);
        pump_close(&f.pump);
    }
    load_fini(&f.load);
    mem_free(f.seen);
    return BENCH_OK;
}
