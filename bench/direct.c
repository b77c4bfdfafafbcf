/* direct: pairs of people talk, each on another gateway. Every message is
 * acked after it is durable, and delivered through the bus. */
#include <stdio.h>

#include "bench/floor_cpu.h"
#include "bench/floor_disk.h"
#include "bench/proc.h"
#include "bench/report.h"
#include "bench/talk.h"
#include "proto/base/mem.h"

/* The figures, the floors of the same run, and how far above them we are: a
 * message through Redis to an RPUSH and an SPUBLISH, the gateways' part to an
 * echo. */
static void add_figures(struct report *r, const struct talk *t,
                        const struct talk_part *p,
                        const struct floor_cpu *floor) {
    talk_add_counts(r, &t->total);
    report_add(r, NULL, "seconds", p->used.at_s, "s");
    report_add(r, NULL, "per_s", p->per_s, "delivered");
    report_latency(r, "latency_ms", &t->latency);
    scenario_add_cpu(r, &p->used, p->messages);
    report_add(r, "floor", "redis", floor->redis, "us: RPUSH, SPUBLISH");
    report_add(r, "floor", "echo", floor->echo, "us: epoll, read, write");
    report_add(r, "ratio", "redis", p->used.redis / p->messages / floor->redis,
               "");
    report_add(r, "ratio", "gateway",
               p->used.gateway / p->messages / floor->echo, "");
}

enum bench_exit direct_run(const struct options *o) {
    struct floor_cpu floor;
    struct hist *disk;
    struct talk_part part;
    struct talk *talk;
    struct report r;
    bool ok;

    if (o->sessions < 2 || o->sessions % 2 != 0) {
        fprintf(stderr, "moim-bench: direct needs an even number of "
                        "sessions\n");
        return BENCH_USAGE;
    }
    report_init(&r, "direct");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    report_add(&r, NULL, "rate", (double)o->rate, "asked for a second");
    scenario_say("floors");
    if (floor_cpu_measure(o, &floor) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    disk = mem_new(sizeof(*disk));
    talk = mem_new(sizeof(*talk));
    ok = floor_disk_measure(o->seconds, disk) == RC_OK &&
         talk_whole(talk, o, &part);
    if (ok) {
        add_figures(&r, talk, &part, &floor);
        report_add(&r, "floor_fsync_ms", "p50",
                   (double)hist_at(disk, 0.5) / 1000, "ms: append, fdatasync");
        report_add(&r, "floor_fsync_ms", "p99",
                   (double)hist_at(disk, 0.99) / 1000, "ms");
        report_add(&r, "floor_fsync_ms", "max", (double)disk->max_us / 1000,
                   "ms, of the disk alone");
    }
    mem_free(talk);
    mem_free(disk);
    return scenario_publish(&r, o, ok);
}
