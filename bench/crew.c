#include "bench/crew.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct crew_shared {
    _Atomic unsigned phase;
    struct tally tallies[CREW_MAX];
};

/* A client must not outlive a parent that was killed. */
static pid_t fork_client(const struct crew_job *job, crew_fn fn) {
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        _exit(fn(job));
    }
    return pid;
}

enum rc crew_start(struct crew *c, const struct options *options,
                   size_t sessions, crew_fn fn) {
    size_t count = (sessions + CREW_SESSIONS_MAX - 1) / CREW_SESSIONS_MAX;
    struct crew_job job = {.options = options,
                           .clients = count,
                           .from = (size_t)options->first,
                           .to = (size_t)options->first};
    void *memory;

    *c = (struct crew){.count = 0};
    if (count > CREW_MAX) {
        fprintf(stderr, "moim-bench: at most %d sessions\n",
                CREW_MAX * CREW_SESSIONS_MAX);
        return RC_LIMIT;
    }
    memory = mmap(NULL, sizeof(*c->shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("moim-bench: mmap");
        return RC_BACKEND;
    }
    c->shared = memory;
    job.phase = &c->shared->phase;
    for (size_t i = 0; i < count; i++) {
        pid_t pid;

        job.from = job.to;
        job.to =
            (size_t)options->first +
            (i + 1 == count ? sessions : sessions * (i + 1) / count / 2 * 2);
        job.tally = &c->shared->tallies[i];
        pid = fork_client(&job, fn);
        if (pid < 0) {
            perror("moim-bench: fork");
            crew_end(c);
            return RC_BACKEND;
        }
        c->clients[c->count++].pid = pid;
    }
    return RC_OK;
}

void crew_phase(struct crew *c, enum crew_phase phase) {
    atomic_store(&c->shared->phase, phase);
}

void crew_sum(const struct crew *c, struct tally *out, struct hist *latency) {
    memset(out, 0, sizeof(*out));
    out->drained = true;
    for (size_t i = 0; i < c->count; i++) {
        const struct tally *t = &c->shared->tallies[i];

        out->ready += t->ready;
        out->died += t->died;
        out->returned += t->returned;
        out->retried += t->retried;
        out->sent += t->sent;
        out->acked += t->acked;
        out->refused += t->refused;
        out->delivered += t->delivered;
        out->duplicated += t->duplicated;
        out->answered += t->answered;
        out->lost += t->lost;
        out->bytes += t->bytes;
        out->requests += t->requests;
        out->drained = out->drained && t->drained;
        if (latency != NULL) {
            hist_merge(latency, &t->latency);
        }
    }
}

void crew_answers(const struct crew *c, struct hist *out) {
    for (size_t i = 0; i < c->count; i++) {
        hist_merge(out, &c->shared->tallies[i].answers);
    }
}

bool crew_alive(struct crew *c) {
    for (size_t i = 0; i < c->count; i++) {
        siginfo_t info = {0};

        /* Only looks: crew_end waits for good. */
        if (waitid(P_PID, (id_t)c->clients[i].pid, &info,
                   WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid != 0) {
            fprintf(stderr, "moim-bench: a load client has ended early\n");
            return false;
        }
    }
    return true;
}

void crew_end(struct crew *c) {
    crew_phase(c, CREW_END);
    for (size_t i = 0; i < c->count; i++) {
        while (waitpid(c->clients[i].pid, NULL, 0) < 0) {
        }
    }
    munmap(c->shared, sizeof(*c->shared));
    c->shared = NULL;
    c->count = 0;
}
