#include "bench/scrape.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/dial.h"
#include "proto/base/buf.h"
#include "proto/base/macros.h"

/* The value of one line, 0 when it is not of `name`. */
static double value_of(struct slice line, const char *name) {
    char number[64] = "";
    size_t at = line.n;
    struct slice rest;

    if (!slice_starts(line, name)) {
        return 0;
    }
    rest = slice_drop(line, strlen(name));
    if (rest.n == 0 || (rest.p[0] != ' ' && rest.p[0] != '{')) {
        return 0; /* a longer name */
    }
    while (at > 0 && line.p[at - 1] != ' ') {
        at--;
    }
    rest = slice_drop(line, at);
    if (rest.n < sizeof(number)) {
        memcpy(number, rest.p, rest.n);
    }
    return strtod(number, NULL);
}

double scrape_sum(struct slice text, const char *name) {
    double sum = 0;

    while (text.n > 0) {
        size_t n = slice_find(text, '\n');

        sum += value_of(slice_take(text, n), name);
        text = slice_drop(text, n < text.n ? n + 1 : n);
    }
    return sum;
}

/* The whole answer, its head too. False: nobody answered. */
static bool read_metrics(const char *address, struct buf *out) {
    static const char ask[] = "GET /metrics HTTP/1.1\r\nHost: bench\r\n"
                              "Connection: close\r\n\r\n";
    int fd = dial(address);
    ssize_t n = -1;

    if (fd < 0) {
        return false;
    }
    if (write(fd, ask, sizeof(ask) - 1) == (ssize_t)(sizeof(ask) - 1)) {
        while ((n = read(fd, buf_room(out, 4096), 4096)) > 0) {
            out->n += (size_t)n;
        }
    }
    close(fd);
    return n == 0 && slice_starts(buf_slice(out), "HTTP/1.1 200 ");
}

/* What gateways ask PostgreSQL by the clock, whoever is there. */
static const char *const by_the_clock[] = {
    "moim_gateway_pg_query_seconds_count{stmt=\"api_keys\",}",
    "moim_gateway_pg_query_seconds_count{stmt=\"revoked_after\",}",
    "moim_gateway_pg_query_seconds_count{stmt=\"store\",}",
};

static double queries(struct slice text, const char *name) {
    double sum = scrape_sum(text, name);

    for (size_t i = 0; i < COUNT_OF(by_the_clock); i++) {
        sum -= scrape_sum(text, by_the_clock[i]);
    }
    return sum;
}

static double scrape_all(const struct target *list, size_t count,
                         double (*sum_of)(struct slice text, const char *name),
                         const char *name) {
    double sum = 0;
    bool ok = count > 0;
    struct buf b;

    buf_init(&b);
    for (size_t i = 0; i < count && ok; i++) {
        buf_clear(&b);
        ok = read_metrics(list[i].address, &b);
        sum += sum_of(buf_slice(&b), name);
    }
    buf_fini(&b);
    return ok ? sum : (double)NAN;
}

double scrape(const struct options *o, const char *name) {
    return scrape_all(o->internals, o->internal_count, scrape_sum, name);
}

double scrape_queries(const struct options *o) {
    return scrape_all(o->internals, o->internal_count, queries,
                      "moim_gateway_pg_query_seconds_count");
}

double scrape_presence(const struct options *o, const char *name) {
    return scrape_all(o->presences, o->presence_count, scrape_sum, name);
}
