/* For the integration tests: a private Redis Cluster on loopback. Its servers
 * know each other from the start, so nothing waits for them to meet. */
#ifndef MOIM_TESTS_CLUSTER_CHILD_H
#define MOIM_TESTS_CLUSTER_CHILD_H

#include "tests/integration/redis_child.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "proto/wire/slots.h"

enum {
    IT_PRIMARIES = 3,
    IT_SERVERS = 4, /* the last is a replica of the first */
    IT_CLUSTER_PATIENCE_MS = 60000,
};

struct it_server {
    char dir[64];
    char address[32];
    char id[41];
    unsigned port;
    unsigned bus_port;
    pid_t pid;
    struct resp_conn *admin;
};

struct it_cluster {
    struct loop *loop;
    char dir[48];
    char seeds[128];
    struct it_server servers[IT_SERVERS];
};

/* Two for each server; all are held until all are chosen. */
static inline void it_free_ports(struct it_cluster *c) {
    int fds[2 * IT_SERVERS];

    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        struct sockaddr_in sa = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(sa);
        struct it_server *s = &c->servers[i / 2];

        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(fds[i], (struct sockaddr *)&sa, n), 0);
        assert_int_equal(getsockname(fds[i], (struct sockaddr *)&sa, &n), 0);
        *(i % 2 == 0 ? &s->port : &s->bus_port) = ntohs(sa.sin_port);
    }
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        close(fds[i]);
    }
}

/* What server `who` keeps of its cluster, as if they had met long ago. */
static inline void it_write_nodes(const struct it_cluster *c, size_t who) {
    char path[96];
    FILE *f;

    snprintf(path, sizeof(path), "%s/nodes.conf", c->servers[who].dir);
    f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < IT_SERVERS; i++) {
        const struct it_server *s = &c->servers[i];
        size_t shard = i % IT_PRIMARIES;

        fprintf(f, "%s %s@%u %s%s %s 0 0 %zu connected", s->id, s->address,
                s->bus_port, i == who ? "myself," : "",
                i < IT_PRIMARIES ? "master" : "slave",
                i < IT_PRIMARIES ? "-" : c->servers[shard].id, shard + 1);
        if (i < IT_PRIMARIES) {
            fprintf(f, " %zu-%zu", shard * SLOTS / IT_PRIMARIES,
                    (shard + 1) * SLOTS / IT_PRIMARIES - 1);
        }
        fprintf(f, "\n");
    }
    fprintf(f, "vars currentEpoch %d lastVoteEpoch 0\n", IT_PRIMARIES);
    fclose(f);
}

static inline void it_server_start(struct it_server *s) {
    pid_t parent = getpid();
    char port[16];
    char bus_port[16];

    snprintf(port, sizeof(port), "%u", s->port);
    snprintf(bus_port, sizeof(bus_port), "%u", s->bus_port);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        execl("/usr/bin/redis-server", "redis-server", "--port", port,
              "--cluster-port", bus_port, "--bind", "127.0.0.1", "--dir",
              s->dir, "--cluster-enabled", "yes", "--cluster-config-file",
              "nodes.conf", "--cluster-node-timeout", "5000",
              "--cluster-require-full-coverage", "no", "--appendonly", "yes",
              "--appendfsync", "always", "--save", "", "--maxmemory-policy",
              "noeviction", "--repl-diskless-sync-delay", "0", "--loglevel",
              "warning", "--logfile", "redis.log", (char *)NULL);
        _exit(127);
    }
}

static inline struct it_said it_tell(struct it_cluster *c, size_t who,
                                     const char *line) {
    return it_say(c->loop, c->servers[who].admin, line);
}

static inline void it_tell_ok(struct it_cluster *c, size_t who,
                              const char *line) {
    assert_row(line, strcmp(it_tell(c, who, line).text, "OK") == 0);
}

/* Says a line until the answer begins with `want`. */
static inline void it_tell_until(struct it_cluster *c, size_t who,
                                 const char *line, const char *want) {
    for (unsigned i = 0; i < IT_CLUSTER_PATIENCE_MS / 20; i++) {
        struct it_said said = it_tell(c, who, line);

        if (said.type != RESP_ARRAY &&
            strncmp(said.text, want, strlen(want)) == 0) {
            return;
        }
        it_run_for(c->loop, 20);
    }
    fail_msg("%s: never %s", line, want);
}

static inline void it_cluster_open(struct it_cluster *c, struct loop *l) {
    int n = 0;

    c->loop = l;
    snprintf(c->dir, sizeof(c->dir), "/tmp/moim-itc-%d", (int)getpid());
    assert_int_equal(mkdir(c->dir, 0700), 0);
    it_free_ports(c);
    for (unsigned i = 0; i < IT_SERVERS; i++) {
        struct it_server *s = &c->servers[i];

        snprintf(s->dir, sizeof(s->dir), "%s/%u", c->dir, i);
        snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", s->port);
        snprintf(s->id, sizeof(s->id), "%040x", i + 1);
        assert_int_equal(mkdir(s->dir, 0700), 0);
        n += snprintf(c->seeds + n, sizeof(c->seeds) - (size_t)n, "%s%s",
                      i == 0 ? "" : ",", s->address);
    }
    for (size_t i = 0; i < IT_SERVERS; i++) {
        it_write_nodes(c, i);
        it_server_start(&c->servers[i]);
    }
    for (size_t i = 0; i < IT_SERVERS; i++) {
        c->servers[i].admin = it_connect(
            l, (struct redis_config){.address = c->servers[i].address});
    }
    for (size_t i = 0; i < IT_SERVERS; i++) {
        it_tell_until(c, i, "CLUSTER INFO", "cluster_state:ok");
    }
}

static inline void it_cluster_close(struct it_cluster *c) {
    char command[128];
    int ignored;

    for (size_t i = 0; i < IT_SERVERS; i++) {
        resp_conn_close(&c->servers[i].admin);
        kill(c->servers[i].pid, SIGKILL);
        waitpid(c->servers[i].pid, NULL, 0);
    }
    snprintf(command, sizeof(command), "rm -rf '%s'", c->dir);
    ignored = system(command);
    (void)ignored;
}

/* A slot begins to move, and stays half way. */
static inline void it_slot_open(struct it_cluster *c, unsigned slot,
                                size_t from, size_t to) {
    char line[96];

    snprintf(line, sizeof(line), "CLUSTER SETSLOT %u IMPORTING %s", slot,
             c->servers[from].id);
    it_tell_ok(c, to, line);
    snprintf(line, sizeof(line), "CLUSTER SETSLOT %u MIGRATING %s", slot,
             c->servers[to].id);
    it_tell_ok(c, from, line);
}

static inline void it_key_move(struct it_cluster *c, const char *key,
                               size_t from, size_t to) {
    char line[160];

    snprintf(line, sizeof(line), "MIGRATE 127.0.0.1 %u %s 0 5000",
             c->servers[to].port, key);
    it_tell_ok(c, from, line);
}

/* All keys have moved: everybody is told. */
static inline void it_slot_close(struct it_cluster *c, unsigned slot,
                                 size_t to) {
    char line[96];

    snprintf(line, sizeof(line), "CLUSTER SETSLOT %u NODE %s", slot,
             c->servers[to].id);
    it_tell_ok(c, to, line);
    for (size_t i = 0; i < IT_PRIMARIES; i++) {
        if (i != to) {
            it_tell_ok(c, i, line);
        }
    }
}

#endif
