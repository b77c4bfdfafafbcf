#include "bench/floor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/proc.h"

enum {
    WAIT_STEP_MS = 10,
    WAIT_MS = 20000,
};

/* Between the server, the client and us. */
struct shared {
    struct sockaddr_in address;
    _Atomic bool listening;
    _Atomic size_t accepted;
    _Atomic bool connect; /* the client may begin */
};

static void pause_ms(long ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&t, &t) != 0) {
    }
}

static void raise_descriptors(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Never answers -1 without saying so. */
static int checked(int result, const char *what) {
    if (result < 0) {
        perror(what);
    }
    return result;
}

static int listen_somewhere(struct shared *s) {
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof(a);
    int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "floor: socket");

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 ||
        checked(bind(fd, (const struct sockaddr *)&a, n), "floor: bind") < 0 ||
        checked(listen(fd, 4096), "floor: listen") < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) < 0) {
        return -1;
    }
    s->address = a;
    s->listening = true;
    return fd;
}

static int watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return checked(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event),
                   "floor: epoll_ctl");
}

static void accept_one(struct shared *s, int listener, int epoll) {
    int fd = accept(listener, NULL, NULL);

    if (fd >= 0 && watch(epoll, fd) == 0) {
        s->accepted++;
    }
}

/* What the connections say is nothing: only the listener ever has an event. */
static int serve(struct shared *s) {
    int listener = listen_somewhere(s);
    int epoll = checked(epoll_create1(0), "floor: epoll_create1");
    struct epoll_event event;

    if (listener < 0 || epoll < 0 || watch(epoll, listener) < 0) {
        return 1;
    }
    for (;;) {
        if (epoll_wait(epoll, &event, 1, -1) == 1) {
            accept_one(s, listener, epoll);
        }
    }
}

static int dial(struct shared *s, size_t count) {
    while (!s->connect) {
        pause_ms(WAIT_STEP_MS);
    }
    for (size_t i = 0; i < count; i++) {
        int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "floor: socket");

        if (fd < 0 || checked(connect(fd, (const struct sockaddr *)&s->address,
                                      sizeof(s->address)),
                              "floor: connect") < 0) {
            return 1;
        }
    }
    for (;;) {
        pause();
    }
}

static pid_t fork_side(struct shared *s, bool server, size_t count) {
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        raise_descriptors();
        _exit(server ? serve(s) : dial(s, count));
    }
    return checked(pid, "floor: fork");
}

/* Until *flag is at least `want`. */
static bool wait_count(const _Atomic size_t *at, size_t want) {
    for (long ms = 0; ms < WAIT_MS && *at < want; ms += WAIT_STEP_MS) {
        pause_ms(WAIT_STEP_MS);
    }
    return *at >= want;
}

static bool wait_listening(const struct shared *s) {
    for (long ms = 0; ms < WAIT_MS && !s->listening; ms += WAIT_STEP_MS) {
        pause_ms(WAIT_STEP_MS);
    }
    return s->listening;
}

static enum rc measure(struct shared *s, pid_t server, size_t count,
                       struct floor_figures *out) {
    uint64_t cpu_us;
    double pss;
    double kernel;

    if (!wait_listening(s)) {
        return RC_BACKEND;
    }
    pss = proc_memory(server).pss;
    kernel = proc_socket_bytes();
    cpu_us = proc_cpu_us(server);
    s->connect = true;
    if (!wait_count(&s->accepted, count)) {
        fprintf(stderr, "floor: only %zu connections came\n", s->accepted);
        return RC_BACKEND;
    }
    out->cpu_us = (double)(proc_cpu_us(server) - cpu_us) / (double)count;
    out->process_bytes = (proc_memory(server).pss - pss) / (double)count;
    out->kernel_bytes = (proc_socket_bytes() - kernel) / 2 / (double)count;
    return RC_OK;
}

static void end(pid_t pid) {
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

enum rc floor_measure(size_t count, struct floor_figures *out) {
    struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    enum rc rc = RC_BACKEND;
    pid_t server;
    pid_t client;

    if (s == MAP_FAILED) {
        perror("floor: mmap");
        return RC_BACKEND;
    }
    server = fork_side(s, true, count);
    client = fork_side(s, false, count);
    if (server > 0 && client > 0) {
        rc = measure(s, server, count, out);
    }
    end(client);
    end(server);
    munmap(s, sizeof(*s));
    return rc;
}
