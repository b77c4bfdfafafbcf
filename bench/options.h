/* The command line of a scenario: what to do, and which processes do it. */
#ifndef MOIM_BENCH_OPTIONS_H
#define MOIM_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "bench/ask.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

enum {
    OPTIONS_GATEWAYS_MAX = 64,
    OPTIONS_PRESENCES_MAX = 8,
    OPTIONS_REDISES_MAX = 8,
};

/* A process of the cluster that is measured. */
struct target {
    char address[64]; /* "127.0.0.1:8080" or "unix:/path" */
    pid_t pid;
};

/* How those who only listen are told. */
enum transport {
    TRANSPORT_SOCKET,
    TRANSPORT_EVENTS,
    TRANSPORT_LONG,
    TRANSPORT_POLL,
};

struct options {
    uint64_t sessions;
    uint64_t hold_s;         /* time over which idle CPU is measured */
    uint64_t rate;           /* commands a second, of all clients together */
    uint64_t warm_s;         /* talked before that, and not counted */
    uint64_t seconds;        /* time measured */
    uint64_t minutes;        /* soak: time measured, unless in seconds */
    uint64_t members;        /* of each group */
    uint64_t senders;        /* how many of them send; 0: all */
    uint64_t messages;       /* history: in each busy conversation */
    uint64_t leases;         /* crowd: gateways without clients */
    uint64_t gateways_asked; /* run.sh starts so many */
    /* Set by the scenario: */
    const struct ask_mix *mix; /* what is asked */
    uint64_t text_bytes;       /* of a message, 16 or more */
    uint64_t each;      /* commands in each pair, then no more; 0: on and on */
    uint64_t together;  /* group: messages in a turn */
    uint64_t first;     /* number of the first session */
    bool returns;       /* who loses a connection comes back elsewhere */
    bool one_way;       /* every second session only listens */
    enum transport way; /* of those */
    bool secure;        /* the sessions are under TLS */
    bool resume;        /* and with tickets */
    /* From the command line again: */
    const char *table;   /* transports: file for the Markdown, or NULL */
    const char *picture; /* transports: file for the SVG, or NULL */
    const char *json;    /* file for the result, or NULL; borrowed from argv */
    const char *key_file;
    struct target gateways[OPTIONS_GATEWAYS_MAX];
    size_t gateway_count;
    const char *tls_ca; /* who certified the gateways; NULL: nobody */
    struct target tls_gateways[OPTIONS_GATEWAYS_MAX];
    size_t tls_gateway_count;
    struct target internals[OPTIONS_GATEWAYS_MAX]; /* where /metrics are */
    size_t internal_count;
    struct target presences[OPTIONS_PRESENCES_MAX];
    size_t presence_count;
    struct target redises[OPTIONS_REDISES_MAX]; /* the history's first */
    size_t redis_count;
};

/* Reads argv[1..] over what `o` holds already, the scenario's defaults. What
 * is wrong is said on stderr: RC_BAD_INPUT. */
enum rc options_read(struct options *o, int argc, char **argv) MUST_CHECK;
/* A line for each option. */
void options_help(FILE *to);

#endif
