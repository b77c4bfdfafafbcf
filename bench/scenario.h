/* What the scenarios share: the command of each, and the steps that a run is
 * made of, as the parent of the load clients sees them. */
#ifndef MOIM_BENCH_SCENARIO_H
#define MOIM_BENCH_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/crew.h"
#include "bench/options.h"
#include "bench/report.h"
#include "proto/base/macros.h"

/* How a run ends. */
enum bench_exit {
    BENCH_OK = 0,
    BENCH_FAILED =
        1, /* a session died, a message was lost, or a limit passed */
    BENCH_USAGE = 2,
    BENCH_UNAVAILABLE = 69,
};

enum bench_exit idle_run(const struct options *o);
enum bench_exit tls_run(const struct options *o);
enum bench_exit direct_run(const struct options *o);
enum bench_exit transports_run(const struct options *o);
enum bench_exit connect_run(const struct options *o);
enum bench_exit reconnect_run(const struct options *o);
enum bench_exit group_run(const struct options *o);
enum bench_exit history_run(const struct options *o);
enum bench_exit scale_run(const struct options *o);
enum bench_exit mixed_run(const struct options *o);
enum bench_exit soak_run(const struct options *o);
enum bench_exit presence_run(const struct options *o);
enum bench_exit crowd_run(const struct options *o);
enum bench_exit million_run(const struct options *o);
enum bench_exit handover_run(const struct options *o);

/* CPU microseconds used by each part of the cluster so far. */
struct usage {
    double at_s; /* monotonic */
    double gateway;
    double redis;
    double presence;
    double client;
};

double scenario_now_s(void);
void scenario_pause_s(double seconds);
/* Now; `crew` may be NULL. */
struct usage scenario_usage(const struct options *o, const struct crew *crew);
/* What was used between the two. */
struct usage scenario_used(const struct usage *from, const struct usage *to);
/* Waits until `sessions` are ready, showing how far it is. False: a session
 * died, a client ended, or it took more than `patience_s`; said on stderr. */
bool scenario_connect(struct crew *c, uint64_t sessions,
                      double patience_s) MUST_CHECK;
/* Nothing more is sent; waits until what is on its way has arrived. False: it
 * did not in time. */
bool scenario_drain(struct crew *c) MUST_CHECK;
/* Waits `seconds`, showing the rest. False: a client ended early. */
bool scenario_hold(struct crew *c, const char *what, double seconds) MUST_CHECK;
/* Adds what was used, divided by `messages`, as group `cpu_us_per_message`. */
void scenario_add_cpu(struct report *r, const struct usage *used,
                      double messages);
/* The end of a run that was `ok`: what comes out of it, told. */
enum bench_exit scenario_publish(const struct report *r,
                                 const struct options *o, bool ok);
/* How far something is, in one line that is written over and over. */
void scenario_show(const char *what, double done, double all);
/* A step that begins, for whoever watches. */
void scenario_say(const char *what);

#endif
