/* The command that watches the gateways, a table each second. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "moimctl/commands.h"
#include "moimctl/endpoints.h"
#include "moimctl/metrics.h"
#include "moimctl/remote.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"

enum {
    PERIOD_MS = 1000,
    TIMEOUT_MS = 800,
};

/* A column: a number as it is, or how much it grew in a second; how many
 * thousandths of the metric make one. */
static const struct column {
    const char *title;
    const char *metric;
    bool growth;
    uint64_t unit;
} columns[] = {
    {"sessions", "moim_gateway_connections", false, 1000},
    {"users", "moim_gateway_users", false, 1000},
    {"in/s", "moim_gateway_messages_in_total", true, 1000},
    {"out/s", "moim_gateway_messages_out_total", true, 1000},
    {"http/s", "moim_gateway_requests_total", true, 1000},
    {"conn/s", "moim_gateway_connects_total", true, 1000},
    {"slow", "moim_gateway_slow_closes_total", false, 1000},
    {"gaps", "moim_gateway_bus_gaps_total", false, 1000},
    {"busy %", "moim_gateway_loop_lag_seconds_sum", true, 10},
};

struct sample {
    uint64_t at_ms; /* 0: it did not answer */
    uint64_t values[COUNT_OF(columns)];
};

struct watched {
    struct remote remote;
    struct sample now;
    struct sample before;
};

static void look(struct watched *w) {
    struct clock clock;

    w->before = w->now;
    w->now = (struct sample){0};
    if (remote_get(&w->remote, "/metrics", TIMEOUT_MS) != CTL_OK ||
        w->remote.status != 200) {
        return;
    }
    clock_update(&clock);
    w->now.at_ms = clock.mono_ms;
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        (void)metrics_get(buf_slice(&w->remote.body), columns[i].metric,
                          &w->now.values[i]);
    }
}

/* A counter that fell belongs to a new process: it grew from 0. */
static uint64_t growth(const struct watched *w, size_t i) {
    uint64_t from = w->before.values[i];
    uint64_t to = w->now.values[i];
    uint64_t ms = w->now.at_ms - w->before.at_ms;

    if (w->before.at_ms == 0 || ms == 0) {
        return 0;
    }
    return (to >= from ? to - from : to) * 1000 / ms;
}

static void print_row(const char *name, const struct watched *w,
                      uint64_t *sums) {
    printf("%-20s", name);
    if (w->now.at_ms == 0) {
        printf("  does not answer\n");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        uint64_t v = columns[i].growth ? growth(w, i) : w->now.values[i];

        v /= columns[i].unit;
        sums[i] += v;
        printf(" %8llu", (unsigned long long)v);
    }
    printf("\n");
}

static void print_head(void) {
    printf("%-20s", "gateway");
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        printf(" %8s", columns[i].title);
    }
    printf("\n");
}

/* On a terminal from its first line, over what was there before. */
static void print_table(const struct endpoints *e, const struct watched *all,
                        bool redraw) {
    uint64_t sums[COUNT_OF(columns)] = {0};

    if (redraw) {
        printf("\033[H\033[2J");
        print_head();
    }
    for (size_t i = 0; i < e->count; i++) {
        print_row(e->all[i].name, &all[i], sums);
    }
    if (redraw) {
        printf("%-20s", "all");
        for (size_t i = 0; i < COUNT_OF(columns); i++) {
            printf(" %8llu", (unsigned long long)sums[i]);
        }
        printf("\n\nCtrl-C ends it\n");
    }
    (void)fflush(stdout);
}

static void rest(uint64_t began_ms) {
    struct clock clock;
    struct timespec t = {0};
    uint64_t spent;

    clock_update(&clock);
    spent = clock.mono_ms - began_ms;
    if (spent < PERIOD_MS) {
        t.tv_sec = (time_t)((PERIOD_MS - spent) / 1000);
        t.tv_nsec = (long)((PERIOD_MS - spent) % 1000) * 1000000L;
        (void)nanosleep(&t, NULL);
    }
}

/* The first look only tells where the counters stand. */
static void watch(const struct endpoints *e, struct watched *all,
                  uint64_t rounds) {
    bool redraw = isatty(STDOUT_FILENO) == 1;

    if (!redraw) {
        print_head();
    }
    for (uint64_t round = 0; rounds == 0 || round <= rounds; round++) {
        struct clock clock;

        clock_update(&clock);
        for (size_t i = 0; i < e->count; i++) {
            look(&all[i]);
        }
        if (round > 0 || redraw) {
            print_table(e, all, redraw);
        }
        if (rounds == 0 || round < rounds) {
            rest(clock.mono_ms);
        }
    }
}

enum ctl_exit cmd_top(const struct args *a) {
    static struct endpoints e;
    struct watched *all;
    uint64_t rounds = 0;
    size_t opened = 0;
    enum ctl_exit end = CTL_OK;

    if (a->count != NULL &&
        (!slice_to_u64(slice_str(a->count), &rounds) || rounds == 0)) {
        fprintf(stderr, "moimctl: --count: \"%s\" is no number from 1\n",
                a->count);
        return CTL_USAGE;
    }
    if (!endpoints_find(&e, a, ENDPOINTS_GATEWAY_METRICS)) {
        return CTL_USAGE;
    }
    all = mem_new_array(e.count, sizeof(*all));
    while (opened < e.count && end == CTL_OK) {
        end = remote_open(&all[opened].remote, e.all[opened].url, a->ca);
        opened += end == CTL_OK ? 1 : 0;
    }
    if (end == CTL_OK) {
        watch(&e, all, rounds);
    }
    while (opened > 0) {
        remote_close(&all[--opened].remote);
    }
    mem_free(all);
    return end;
}
