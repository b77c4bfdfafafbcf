/* history: what stored conversations take of Redis, quiet ones and busy ones,
 * and what a page of 50 costs when somebody scrolls back. */
#include <stdio.h>

#include "bench/floor_cpu.h"
#include "bench/floor_fan.h"
#include "bench/proc.h"
#include "bench/redis_info.h"
#include "bench/report.h"
#include "bench/talk.h"
#include "proto/base/mem.h"

enum {
    QUIET_MESSAGES = 10,
    QUIET_TEXT = 32,
    BUSY_PEOPLE = 20, /* of the sessions; the others are quiet */
    FILL_RATE = 5000,
    SETTLE_S = 1,
    PAGE_BYTES = 15000, /* about what 50 events of 128 bytes of text are */
    PAGE_SOCKETS = 100,
    QUIET_BYTES_AIM = 2048,
    BUSY_BYTES_AIM = 200,
    REDIS_US_AIM = 40,
    GATEWAY_US_AIM = 60,
};

static double redis_bytes(const struct options *o) {
    scenario_pause_s(SETTLE_S);
    return (double)redis_used_memory(o->redises[0].address);
}

/* Has the pairs of `o` say so much, and tells what Redis grew by for each
 * conversation. False: said on stderr. */
static bool fill(const struct options *o, const char *what, double *bytes) {
    double before = redis_bytes(o);

    scenario_say(what);
    if (!talk_fill(o)) {
        return false;
    }
    *bytes = (redis_bytes(o) - before) / ((double)o->sessions / 2);
    return true;
}

static struct options busy_options(const struct options *o) {
    struct options busy = *o;

    busy.sessions = BUSY_PEOPLE;
    busy.rate = FILL_RATE;
    busy.each = o->messages;
    return busy;
}

static struct options quiet_options(const struct options *o) {
    struct options quiet = *o;

    quiet.first = BUSY_PEOPLE;
    quiet.sessions = o->sessions - BUSY_PEOPLE;
    quiet.rate = FILL_RATE;
    quiet.each = QUIET_MESSAGES;
    quiet.text_bytes = QUIET_TEXT;
    return quiet;
}

static bool add_memory(const struct options *o, struct report *r) {
    struct options quiet = quiet_options(o);
    struct options busy = busy_options(o);
    double quiet_bytes;
    double busy_bytes;

    if (!fill(&quiet, "quiet conversations", &quiet_bytes) ||
        !fill(&busy, "busy conversations", &busy_bytes)) {
        return false;
    }
    report_add(r, "redis_bytes", "quiet_conversation", quiet_bytes,
               "of ten messages of 32 bytes");
    report_aim(r, QUIET_BYTES_AIM);
    report_add(r, "redis_bytes", "message", busy_bytes / (double)busy.each,
               "of 128 bytes, in a busy one");
    report_aim(r, BUSY_BYTES_AIM);
    return true;
}

static void add_pages(struct report *r, const struct talk *t,
                      const struct talk_part *p, double redis_us,
                      double write_us) {
    report_add(r, NULL, "pages", (double)t->total.answered, "answered");
    report_add(r, NULL, "refused", (double)t->total.refused, "");
    report_limit(r, 0);
    report_add(r, NULL, "died", (double)t->total.died, "sessions");
    report_limit(r, 0);
    report_add(r, NULL, "seconds", p->used.at_s, "s");
    report_add(r, NULL, "per_s", p->per_s, "pages");
    report_latency(r, "latency_ms", &t->answers);
    report_add(r, "cpu_us_per_page", "gateway", p->used.gateway / p->messages,
               "us");
    report_aim(r, GATEWAY_US_AIM);
    report_add(r, "cpu_us_per_page", "redis", p->used.redis / p->messages,
               "us");
    report_aim(r, REDIS_US_AIM);
    report_add(r, "cpu_us_per_page", "client", p->used.client / p->messages,
               "us");
    report_add(r, "floor", "redis", redis_us, "us: LRANGE of 50");
    report_add(r, "floor", "write", write_us, "us: write(2) of 15 kB");
    report_add(r, "ratio", "redis", p->used.redis / p->messages / redis_us, "");
    report_add(r, "ratio", "gateway", p->used.gateway / p->messages / write_us,
               "");
}

/* Those of the busy conversations ask for their newest pages. */
static bool measure_pages(const struct options *o, struct report *r) {
    struct options pages = *o;
    struct talk *t = mem_new(sizeof(*t));
    struct talk_part part;
    double redis_us;
    double write_us;
    bool ok;

    pages.sessions = BUSY_PEOPLE;
    pages.mix = &ask_pages;
    scenario_say("floors");
    ok = floor_cpu_page(o, &redis_us) == RC_OK &&
         floor_fan_measure(PAGE_SOCKETS, PAGE_BYTES, &write_us) == RC_OK;
    scenario_say("pages");
    ok = ok && talk_whole(t, &pages, &part);
    if (ok) {
        add_pages(r, t, &part, redis_us, write_us);
    }
    mem_free(t);
    return ok;
}

enum bench_exit history_run(const struct options *o) {
    struct report r;

    if (o->sessions <= BUSY_PEOPLE || o->sessions % 2 != 0) {
        fprintf(stderr,
                "moim-bench: history needs an even number of more than %d "
                "sessions\n",
                BUSY_PEOPLE);
        return BENCH_USAGE;
    }
    report_init(&r, "history");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    report_add(&r, NULL, "rate", (double)o->rate, "pages a second");
    return scenario_publish(&r, o, add_memory(o, &r) && measure_pages(o, &r));
}
