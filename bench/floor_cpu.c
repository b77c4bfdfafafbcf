#include "bench/floor_cpu.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/dial.h"
#include "bench/proc.h"
#include "proto/base/buf.h"
#include "proto/net/address.h"
#include "proto/wire/resp.h"

enum {
    PAYLOAD = 300, /* about what an event of 128 bytes of text becomes */
    DEPTH = 128,
    BATCHES = 400, /* the kernel counts in ticks of 10 ms: take many */
    PAIRS = 100,
    ECHO_BYTES = 128,
    ROUNDS = 500,
    PAGE = 50,
    PAGES_DEPTH = 16,
    PAGES_BATCHES = 500,
};

#define FLOOR_KEY "{floor}log"

/* ---- Redis ---- */

static bool write_all(int fd, struct slice data) {
    while (data.n > 0) {
        ssize_t n = write(fd, data.p, data.n);

        if (n <= 0) {
            return false;
        }
        data = slice_drop(data, (size_t)n);
    }
    return true;
}

/* Each of these replies is one line. */
static bool read_lines(int fd, size_t count) {
    char bytes[4096];

    while (count > 0) {
        ssize_t n = read(fd, bytes, sizeof(bytes));

        if (n <= 0 || bytes[0] == '-') { /* ended, or an error */
            return false;
        }
        for (ssize_t i = 0; i < n; i++) {
            count -= bytes[i] == '\n' && count > 0;
        }
    }
    return true;
}

/* Sends `batch`, which is answered with `lines`, so often. */
static bool run_batches(int fd, const struct buf *batch, size_t lines,
                        int times) {
    bool ok = fd >= 0;

    for (int i = 0; i < times && ok; i++) {
        ok = write_all(fd, buf_slice(batch)) && read_lines(fd, lines);
    }
    return ok;
}

static bool forget(int fd) {
    struct buf b;
    bool ok;

    buf_init(&b);
    resp_command(&b, (struct slice[]){SLICE_LIT("DEL"), SLICE_LIT(FLOOR_KEY)},
                 2);
    ok = run_batches(fd, &b, 1, 1);
    buf_fini(&b);
    return ok;
}

/* CPU of `redis` for one `command` on FLOOR_KEY; negative: it failed. */
static double redis_cost(const struct target *redis, const char *command) {
    char payload[PAYLOAD];
    int fd = dial(redis->address);
    uint64_t before = proc_cpu_us(redis->pid);
    struct buf batch;
    bool ok;

    memset(payload, 'x', sizeof(payload));
    buf_init(&batch);
    for (int i = 0; i < DEPTH; i++) {
        resp_command(&batch,
                     (struct slice[]){slice_str(command), SLICE_LIT(FLOOR_KEY),
                                      slice_of(payload, PAYLOAD)},
                     3);
    }
    ok = run_batches(fd, &batch, DEPTH, BATCHES) && forget(fd);
    buf_fini(&batch);
    close(fd);
    return ok ? (double)(proc_cpu_us(redis->pid) - before) / (DEPTH * BATCHES)
              : -1;
}

static bool fill_page(int fd) {
    char payload[PAYLOAD];
    struct buf b;
    bool ok;

    memset(payload, 'x', sizeof(payload));
    buf_init(&b);
    resp_command(&b,
                 (struct slice[]){SLICE_LIT("RPUSH"), SLICE_LIT(FLOOR_KEY),
                                  slice_of(payload, PAYLOAD)},
                 3);
    ok = run_batches(fd, &b, 1, PAGE);
    buf_fini(&b);
    return ok;
}

enum rc floor_cpu_page(const struct options *o, double *out) {
    const struct target *redis = &o->redises[0];
    int fd = dial(redis->address);
    uint64_t before;
    struct buf batch;
    bool ok;

    buf_init(&batch);
    for (int i = 0; i < PAGES_DEPTH; i++) {
        resp_command(&batch,
                     (struct slice[]){SLICE_LIT("LRANGE"), SLICE_LIT(FLOOR_KEY),
                                      SLICE_LIT("0"), SLICE_LIT("-1")},
                     4);
    }
    ok = fill_page(fd);
    before = proc_cpu_us(redis->pid);
    /* How many there are, and each with its length in a line before it. */
    ok = ok && run_batches(fd, &batch, (size_t)PAGES_DEPTH * (1 + 2 * PAGE),
                           PAGES_BATCHES);
    *out = (double)(proc_cpu_us(redis->pid) - before) /
           (PAGES_DEPTH * PAGES_BATCHES);
    ok = ok && forget(fd);
    buf_fini(&batch);
    close(fd);
    if (!ok) {
        fprintf(stderr, "moim-bench: a floor could not be measured\n");
    }
    return ok ? RC_OK : RC_BACKEND;
}

/* ---- echo ---- */

static int echo_once(const struct epoll_event *events, int count) {
    char bytes[ECHO_BYTES];

    for (int i = 0; i < count; i++) {
        ssize_t n = read(events[i].data.fd, bytes, sizeof(bytes));

        if (n <= 0 || write(events[i].data.fd, bytes, (size_t)n) != n) {
            return 1; /* the other side has ended */
        }
    }
    return 0;
}

static int echo_serve(const int *fds) {
    struct epoll_event events[PAIRS];
    int epoll = epoll_create1(0);

    for (int i = 0; i < PAIRS; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fds[i]};

        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &e) != 0) {
            return 1;
        }
    }
    for (;;) {
        int n = epoll_wait(epoll, events, PAIRS, -1);

        if (n > 0 && echo_once(events, n) != 0) {
            return 0;
        }
    }
}

static bool echo_round(const int *fds) {
    char bytes[ECHO_BYTES] = {0};

    for (int i = 0; i < PAIRS; i++) {
        if (!write_all(fds[i], slice_of(bytes, sizeof(bytes)))) {
            return false;
        }
    }
    for (int i = 0; i < PAIRS; i++) {
        if (recv(fds[i], bytes, sizeof(bytes), MSG_WAITALL) != ECHO_BYTES) {
            return false;
        }
    }
    return true;
}

/* A connection over loopback TCP, as a client's is. */
static bool connect_pair(int listener, const struct sockaddr *address,
                         socklen_t n, int *ours, int *theirs) {
    *ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*ours < 0 || connect(*ours, address, n) != 0) {
        return false;
    }
    *theirs = accept(listener, NULL, NULL);
    return *theirs >= 0;
}

static bool connect_pairs(int ours[PAIRS], int theirs[PAIRS]) {
    struct address a;
    int listener;
    bool ok;

    if (address_parse("127.0.0.1:0", &a) != RC_OK) {
        return false;
    }
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ok = listener >= 0 &&
         bind(listener, (const struct sockaddr *)&a.sa, a.len) == 0 &&
         listen(listener, PAIRS) == 0 &&
         getsockname(listener, (struct sockaddr *)&a.sa, &a.len) == 0;
    for (int i = 0; i < PAIRS && ok; i++) {
        ok = connect_pair(listener, (const struct sockaddr *)&a.sa, a.len,
                          &ours[i], &theirs[i]);
    }
    close(listener);
    return ok;
}

static double echo_cost(void) {
    int ours[PAIRS];
    int theirs[PAIRS];
    uint64_t before;
    double cost;
    bool ok = true;
    pid_t server;

    if (!connect_pairs(ours, theirs)) {
        return -1;
    }
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(echo_serve(theirs));
    }
    before = proc_cpu_us(server);
    for (int i = 0; i < ROUNDS && ok; i++) {
        ok = echo_round(ours);
    }
    cost = (double)(proc_cpu_us(server) - before) / (PAIRS * ROUNDS);
    kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    for (int i = 0; i < PAIRS; i++) {
        close(ours[i]);
        close(theirs[i]);
    }
    return ok ? cost : -1;
}

enum rc floor_cpu_measure(const struct options *o, struct floor_cpu *out) {
    double append = redis_cost(&o->redises[0], "RPUSH");
    double publish = redis_cost(&o->redises[o->redis_count - 1], "SPUBLISH");

    out->redis = append + publish;
    out->echo = echo_cost();
    if (append < 0 || publish < 0 || out->echo < 0) {
        fprintf(stderr, "moim-bench: a floor could not be measured\n");
        return RC_BACKEND;
    }
    return RC_OK;
}
