/* moim-bench: puts load on a running cluster and measures it. run.sh starts
 * the cluster; this program only needs to know where it is. */
#include <stdio.h>
#include <string.h>

#include "bench/deflate.h"
#include "bench/options.h"
#include "bench/people.h"
#include "bench/scenario.h"
#include "proto/base/log.h"

enum {
    TEXT_BYTES = 128, /* of a message, unless the scenario wants others */
    WARM_S = 2,
};

static const struct scenario {
    const char *name;
    const char *summary;
    enum bench_exit (*run)(const struct options *o);
    bool pairs;         /* people have direct conversations */
    bool groups;        /* and groups */
    size_t gateways;    /* it needs at least */
    struct options def; /* what is not on the command line */
} scenarios[] = {
    {"idle",
     "memory and CPU of sessions that only are there",
     idle_run,
     false,
     false,
     1,
     {.sessions = 20000, .hold_s = 60, .gateways_asked = 2}},
    {"tls",
     "memory and handshakes of sessions under TLS",
     tls_run,
     false,
     false,
     1,
     {.sessions = 5000, .gateways_asked = 2}},
    {"direct",
     "1:1 messages between two gateways, durable and acked",
     direct_run,
     true,
     false,
     2,
     {.sessions = 2000, .rate = 10000, .seconds = 20, .gateways_asked = 2}},
    {"transports",
     "what a message costs over WebSocket, SSE, long and plain polls",
     transports_run,
     true,
     false,
     2,
     {.sessions = 400, .seconds = 10, .one_way = true, .gateways_asked = 2}},
    {"connect",
     "sessions that come by the clock",
     connect_run,
     false,
     false,
     1,
     {.sessions = 19000, .rate = 2000, .gateways_asked = 2}},
    {"reconnect",
     "a storm: all sessions of a gateway come again at once",
     reconnect_run,
     true,
     false,
     2,
     {.sessions = 19200, .rate = 500, .seconds = 5, .gateways_asked = 2}},
    {"history",
     "bytes of stored conversations, and pages of 50",
     history_run,
     true,
     false,
     1,
     {.sessions = 4020,
      .rate = 1000,
      .seconds = 10,
      .messages = 2000,
      .gateways_asked = 1}},
    {"scale",
     "the cost of a message at 1 to 16 gateways",
     scale_run,
     true,
     false,
     2,
     {.sessions = 2000, .rate = 5000, .seconds = 10, .gateways_asked = 16}},
    {"mixed",
     "what people do all day",
     mixed_run,
     true,
     true,
     1,
     {.sessions = 4000,
      .members = 10,
      .rate = 5000,
      .seconds = 20,
      .gateways_asked = 2}},
    {"presence",
     "members who watch one another, and come and leave",
     presence_run,
     false,
     false,
     1,
     {.members = 200, .rate = 50, .gateways_asked = 2}},
    {"crowd",
     "many who come and go, as gateways report them",
     crowd_run,
     false,
     false,
     0,
     {.sessions = 100000,
      .leases = 54, /* what a million needs */
      .warm_s = 15, /* over the time that somebody is away */
      .hold_s = 30,
      .gateways_asked = 1}},
    {"million",
     "as many sessions as this machine takes",
     million_run,
     true,
     true,
     1,
     {.sessions = 1000000,
      .members = 100,
      .senders = 20000,
      .warm_s = 30, /* each of them has said something */
      .rate = 2000,
      .seconds = 20,
      .gateways_asked = 54}},
    {"soak",
     "memory, descriptors and cost of a message over a long time",
     soak_run,
     true,
     false,
     1,
     {.sessions = 2000, .rate = 1000, .minutes = 30, .gateways_asked = 2}},
    {"handover",
     "people talk while their gateway is replaced",
     handover_run,
     true,
     false,
     1,
     {.sessions = 10000, .rate = 500, .seconds = 6, .gateways_asked = 1}},
    {"group",
     "messages to a group, beside a loop of bare writes",
     group_run,
     false,
     true,
     1,
     {.members = 10000,
      .senders = 1,
      .rate = 3,
      .seconds = 20,
      .gateways_asked = 1}},
};

static void usage(FILE *to) {
    fprintf(to, "usage: ./run bench SCENARIO [--json FILE] [OPTION VALUE ...]\n"
                "       moim-bench SCENARIO OPTION VALUE ...\n"
                "       moim-bench sql|gateways SCENARIO [OPTION VALUE ...]\n"
                "       moim-bench deflate\n"
                "       ./run bench login [--help]\n\n"
                "scenarios:\n");
    for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
        fprintf(to, "  %-12s %s\n", scenarios[i].name, scenarios[i].summary);
    }
    fprintf(to, "\noptions; ./run bench gives those that say where the "
                "cluster is:\n");
    options_help(to);
    fprintf(
        to,
        "\nsql prints what makes the scenario's people, gateways how many it "
        "wants.\n"
        "deflate prints what permessage-deflate takes.\n");
}

static const struct scenario *find(const char *name) {
    for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            return &scenarios[i];
        }
    }
    return NULL;
}

static enum bench_exit run(const struct scenario *s, const struct options *o) {
    if (o->gateway_count < s->gateways || o->key_file == NULL ||
        o->redis_count == 0) {
        fprintf(stderr,
                "moim-bench: %s needs --key-file, --redis and --gateway "
                "(%zu or more)\n",
                s->name, s->gateways);
        return BENCH_USAGE;
    }
    return s->run(o);
}

/* What run.sh asks before it starts a cluster for the scenario. */
static void prepare(const char *what, const struct scenario *s,
                    const struct options *o) {
    if (strcmp(what, "sql") == 0) {
        people_sql(o->sessions, s->pairs, s->groups ? o->members : 0, stdout);
    } else {
        printf("%llu\n", (unsigned long long)o->gateways_asked);
    }
}

int main(int argc, char **argv) {
    bool asks = argc > 1 && (strcmp(argv[1], "sql") == 0 ||
                             strcmp(argv[1], "gateways") == 0);
    int skip = asks ? 2 : 1;
    const struct scenario *s = argc > skip ? find(argv[skip]) : NULL;
    struct options o;

    if (argc > 1 && (strcmp(argv[1], "help") == 0 ||
                     strcmp(argv[argc - 1], "--help") == 0)) {
        usage(stdout);
        return BENCH_OK;
    }
    if (argc == 2 && strcmp(argv[1], "deflate") == 0) {
        deflate_figures();
        return BENCH_OK;
    }
    if (s == NULL) {
        usage(stderr);
        return BENCH_USAGE;
    }
    log_setup(LOG_WARN, LOG_LOGFMT, "bench");
    o = s->def;
    o.warm_s = o.warm_s == 0 ? WARM_S : o.warm_s;
    if (options_read(&o, argc - skip, argv + skip) != RC_OK) {
        return BENCH_USAGE;
    }
    o.mix = &ask_sends;
    o.text_bytes = TEXT_BYTES;
    if (o.sessions == 0) {
        o.sessions = o.members; /* one group of them all */
    }
    if (asks) {
        prepare(argv[1], s, &o);
        return BENCH_OK;
    }
    return (int)run(s, &o);
}
