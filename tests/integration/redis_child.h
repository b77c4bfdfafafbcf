/* For the integration tests: a loop that runs until something has happened, a
 * private Redis that may be killed, and commands for it. */
#ifndef MOIM_TESTS_REDIS_CHILD_H
#define MOIM_TESTS_REDIS_CHILD_H

#include "tests/unit/assert_row.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/macros.h"
#include "proto/net/loop.h"
#include "storage/resp_conn.h"

enum {
    IT_PATIENCE_MS = 30000,
    IT_TICK_MS = 2,
};

/* The loop. */

struct it_wait {
    struct loop *loop;
    uv_timer_t timer; /* also what keeps the loop running */
    bool (*done)(void *ctx);
    void *ctx;
    unsigned ticks;
    bool happened;
};

static inline void it_on_tick(uv_timer_t *timer) {
    struct it_wait *w = timer->data;

    loop_wake(w->loop);
    w->happened = w->done != NULL && w->done(w->ctx);
    if (w->happened || w->ticks-- == 0) {
        uv_close((uv_handle_t *)timer, NULL);
        loop_stop(w->loop);
    }
}

/* Runs the loop until `done` says so. False: it never did. */
static inline bool it_until(struct loop *l, bool (*done)(void *ctx), void *ctx,
                            unsigned ms) {
    struct it_wait w = {
        .loop = l, .done = done, .ctx = ctx, .ticks = ms / IT_TICK_MS};

    uv_timer_init(&l->uv, &w.timer);
    w.timer.data = &w;
    uv_timer_start(&w.timer, it_on_tick, 0, IT_TICK_MS);
    loop_run(l);
    uv_run(&l->uv, UV_RUN_NOWAIT); /* the timer has closed */
    return w.happened;
}

static inline void it_run_for(struct loop *l, unsigned ms) {
    it_until(l, NULL, NULL, ms);
}

static inline bool it_is_set(void *flag) {
    return *(bool *)flag;
}

static inline bool it_conn_ready(void *conn) {
    return resp_conn_ready(conn);
}

/* The server everybody shares: only what hurts nobody else. */
static inline struct redis_config it_shared_redis(void) {
    const char *address = getenv("MOIM_TEST_REDIS");

    if (address == NULL || *address == '\0') {
        fprintf(stderr, "MOIM_TEST_REDIS is not set: give it the address of a "
                        "Redis 7, as host:port or unix:/path\n");
        exit(EXIT_FAILURE);
    }
    return (struct redis_config){.address = address};
}

/* A server of our own. */

struct it_redis {
    uint16_t port;    /* on loopback; 0: none */
    uint16_t follows; /* the port of its primary; 0: it is one */
    char dir[64];
    char address[96];
    pid_t pid;
};

static inline void it_redis_start(struct it_redis *r) {
    pid_t parent = getpid();
    char sock[96];
    char port[8];
    char primary[8];

    snprintf(sock, sizeof(sock), "%s/sock", r->dir);
    unlink(sock);
    snprintf(port, sizeof(port), "%u", r->port);
    snprintf(primary, sizeof(primary), "%u", r->follows);
    r->pid = fork();
    assert_true(r->pid >= 0);
    if (r->pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        execl("/usr/bin/redis-server", "redis-server", "--port", port, "--bind",
              "127.0.0.1", "--replicaof", r->follows == 0 ? "no" : "127.0.0.1",
              r->follows == 0 ? "one" : primary, "--repl-diskless-sync-delay",
              "0", "--unixsocket", sock, "--dir", r->dir, "--appendonly", "yes",
              "--appendfsync", "always", "--save", "", "--maxmemory-policy",
              "noeviction", "--loglevel", "warning", "--logfile", "redis.log",
              (char *)NULL);
        _exit(127);
    }
}

static inline void it_redis_open(struct it_redis *r) {
    snprintf(r->dir, sizeof(r->dir), "/tmp/moim-it-%d-%u", (int)getpid(),
             r->follows);
    assert_int_equal(mkdir(r->dir, 0700), 0);
    snprintf(r->address, sizeof(r->address), "unix:%s/sock", r->dir);
    it_redis_start(r);
}

/* With its children, who may be writing. */
static inline void it_redis_kill(struct it_redis *r) {
    setpgid(r->pid, r->pid); /* if it has not come to that */
    kill(-r->pid, SIGKILL);
    waitpid(r->pid, NULL, 0);
}

static inline void it_redis_close(struct it_redis *r) {
    char command[128];
    int ignored;

    it_redis_kill(r);
    snprintf(command, sizeof(command), "rm -rf '%s'", r->dir);
    ignored = system(command);
    (void)ignored;
}

/* A connection for saying things to a server by hand. */

struct it_said {
    struct resp_call call;
    bool answered;
    enum rc rc;
    enum resp_type type;
    int64_t number;
    char text[64];
};

static inline void it_on_said(struct resp_call *call, enum rc rc,
                              const struct resp *replies) {
    struct it_said *s = CONTAINER_OF(call, struct it_said, call);

    s->answered = true;
    s->rc = rc;
    if (rc != RC_OK) {
        return;
    }
    s->type = replies->type;
    if (replies->type == RESP_INTEGER) {
        s->number = replies->number;
    } else if (replies->type != RESP_ARRAY && replies->type != RESP_NIL) {
        snprintf(s->text, sizeof(s->text), "%.*s", (int)replies->str.n,
                 (const char *)replies->str.p);
    }
}

static const struct resp_conn_events it_no_events = {0};

static inline struct resp_conn *it_connect(struct loop *l,
                                           struct redis_config redis) {
    struct resp_conn_config config = {
        .redis = redis, .name = "test", .events = &it_no_events};
    struct resp_conn *c = NULL;

    assert_int_equal(resp_conn_open(&c, l, &config), RC_OK);
    assert_true(it_until(l, it_conn_ready, c, IT_PATIENCE_MS));
    return c;
}

/* Says one command; a reply, even an error, is OK. */
static inline struct it_said it_command(struct loop *l, struct resp_conn *c,
                                        const struct slice *args, size_t n) {
    struct it_said s = {.answered = false};

    resp_conn_send(c, &s.call, it_on_said, args, n);
    assert_true(it_until(l, it_is_set, &s.answered, IT_PATIENCE_MS));
    assert_int_equal(s.rc, RC_OK);
    return s;
}

/* The same with the words of `line`, apart by single spaces. */
static inline struct it_said it_say(struct loop *l, struct resp_conn *c,
                                    const char *line) {
    struct slice args[16];
    struct slice rest = slice_str(line);
    size_t n = 0;

    while (rest.n > 0) {
        size_t end = slice_find(rest, ' ');

        assert_true(n < COUNT_OF(args));
        args[n++] = slice_take(rest, end);
        rest = slice_drop(rest, end < rest.n ? end + 1 : end);
    }
    return it_command(l, c, args, n);
}

#endif
