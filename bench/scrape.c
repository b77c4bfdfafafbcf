#include "bench/scrape.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/dial.h"
#include "proto/base/buf.h"

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

static double scrape_all(const struct target *list, size_t count,
                         const char *name) {
    double sum = 0;
    bool ok = count > 0;
    struct buf b;

    buf_init(&b);
    for (size_t i = 0; i < count && ok; i++) {
        buf_clear(&b);
        ok = read_metrics(list[i].address, &b);
        sum += scrape_sum(buf_slice(&b), name);
    }
    buf_fini(&b);
    return ok ? sum : (double)NAN;
}

double scrape(const struct options *o, const char *name) {
    return scrape_all(o->internals, o->internal_count, name);
}

double scrape_presence(const struct options *o, const char *name) {
    return scrape_all(o->presences, o->presence_count, name);
}
