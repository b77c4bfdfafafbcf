#include "bench/floor_fan.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/net/address.h"

enum {
    WRITES = 100000, /* measured, after one round that is not */
    ROUNDS_MAX = 500,
    BYTES_MAX = 16384,
    EVENTS = 256,
    BACKLOG = 4096,
    STEP_NS = 1000 * 1000,
    WAIT_STEPS = 20000,
    PATIENCE_S = 120,
};

/* Between the writer, the reader and us. */
struct shared {
    struct address address;
    _Atomic bool listening;
    _Atomic size_t bytes_read;
    _Atomic bool done;
    double us; /* of one write */
};

static void pause_step(void) {
    nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
}

static void raise_descriptors(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static double cpu_us(void) {
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- the reader ---- */

static bool dial_all(struct shared *s, int epoll, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

        if (fd < 0 ||
            connect(fd, (const struct sockaddr *)&s->address.sa,
                    s->address.len) != 0 ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
            perror("floor: connect");
            return false;
        }
    }
    return true;
}

static int read_all(struct shared *s, size_t count) {
    struct epoll_event events[EVENTS];
    char bytes[BYTES_MAX];
    int epoll = epoll_create1(0);

    while (!s->listening) {
        pause_step();
    }
    if (epoll < 0 || !dial_all(s, epoll, count)) {
        return 1;
    }
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            ssize_t got = read(events[i].data.fd, bytes, sizeof(bytes));

            s->bytes_read += got > 0 ? (size_t)got : 0;
        }
    }
}

/* ---- the writer ---- */

static bool accept_all(struct shared *s, int *fds, size_t count) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    bool ok;

    if (address_parse("127.0.0.1:0", &s->address) != RC_OK || listener < 0) {
        return false;
    }
    ok = bind(listener, (const struct sockaddr *)&s->address.sa,
              s->address.len) == 0 &&
         listen(listener, BACKLOG) == 0 &&
         getsockname(listener, (struct sockaddr *)&s->address.sa,
                     &s->address.len) == 0;
    s->listening = ok;
    for (size_t i = 0; i < count && ok; i++) {
        fds[i] = accept(listener, NULL, NULL);
        ok = fds[i] >= 0 &&
             setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
    }
    close(listener);
    return ok;
}

/* One round, and until the reader has it all. False: a write failed. */
static bool write_round(struct shared *s, const int *fds, size_t count,
                        size_t bytes, double *us) {
    static const char zeros[BYTES_MAX];
    size_t want = s->bytes_read + count * bytes;
    double from = cpu_us();

    for (size_t i = 0; i < count; i++) {
        if (write(fds[i], zeros, bytes) != (ssize_t)bytes) {
            return false;
        }
    }
    *us += cpu_us() - from;
    for (int i = 0; i < WAIT_STEPS && s->bytes_read < want; i++) {
        pause_step();
    }
    return s->bytes_read >= want;
}

static int write_all(struct shared *s, size_t count, size_t bytes) {
    int *fds = mem_new_array(count, sizeof(*fds));
    size_t enough = (WRITES + count - 1) / count;
    size_t rounds = enough < ROUNDS_MAX ? enough : ROUNDS_MAX;
    double us = 0;
    bool ok = accept_all(s, fds, count) &&
              write_round(s, fds, count, bytes, &us); /* to warm up */

    us = 0;
    for (size_t i = 0; i < rounds && ok; i++) {
        ok = write_round(s, fds, count, bytes, &us);
    }
    if (!ok) {
        perror("floor: write");
    }
    s->us = us / (double)(rounds * count);
    s->done = ok;
    mem_free(fds);
    return ok ? 0 : 1;
}

/* ---- the two of them ---- */

static pid_t fork_side(struct shared *s, bool writer, size_t count,
                       size_t bytes) {
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        raise_descriptors();
        alarm(PATIENCE_S); /* the other side may have failed */
        _exit(writer ? write_all(s, count, bytes) : read_all(s, count));
    }
    return pid;
}

static void end(pid_t pid) {
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

enum rc floor_fan_measure(size_t count, size_t bytes, double *out) {
    struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    enum rc rc = RC_BACKEND;
    pid_t writer;
    pid_t reader;

    if (s == MAP_FAILED || bytes > BYTES_MAX) {
        fprintf(stderr, "moim-bench: the floor's fan-out cannot begin\n");
        return RC_BACKEND;
    }
    writer = fork_side(s, true, count, bytes);
    reader = fork_side(s, false, count, bytes);
    if (writer > 0 && reader > 0) {
        (void)waitpid(writer, NULL, 0);
        rc = s->done ? RC_OK : RC_BACKEND;
        *out = s->us;
    } else {
        end(writer);
    }
    end(reader);
    if (rc != RC_OK) {
        fprintf(stderr, "moim-bench: a floor could not be measured\n");
    }
    munmap(s, sizeof(*s));
    return rc;
}
