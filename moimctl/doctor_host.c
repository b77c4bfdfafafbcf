/* The doctor's look at the machine it runs on: what the kernel allows. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "moimctl/doctor.h"

enum {
    DESCRIPTORS_POOR = 4096,
    DESCRIPTORS_FAIR = 65536,
    PORTS_FAIR = 28000,
};

/* A file below /proc/sys that holds one number, and what it should be. */
static const struct knob {
    const char *check;
    const char *path;
    uint64_t least;
    const char *remedy;
} knobs[] = {
    {"somaxconn", "/proc/sys/net/core/somaxconn", 4096,
     "sysctl net.core.somaxconn=4096: it cuts gateway.backlog, and a storm of "
     "reconnects is refused"},
    {"syn-backlog", "/proc/sys/net/ipv4/tcp_max_syn_backlog", 4096,
     "sysctl net.ipv4.tcp_max_syn_backlog=4096, for a storm of reconnects"},
    {"overcommit", "/proc/sys/vm/overcommit_memory", 1,
     "where Redis runs, sysctl vm.overcommit_memory=1: else it may not be able "
     "to rewrite its AOF"},
};

/* Reads up to two numbers; answers how many there were. */
static int read_numbers(const char *path, uint64_t out[2]) {
    FILE *f = fopen(path, "re");
    int n = 0;

    if (f != NULL) {
        n = fscanf(f, "%" SCNu64 " %" SCNu64, &out[0], &out[1]);
        (void)fclose(f);
    }
    return n;
}

static void look_at_knob(struct findings *f, const struct knob *k) {
    uint64_t n[2] = {0, 0};
    bool known = read_numbers(k->path, n) >= 1;

    if (!known) {
        findings_add(f, FINDING_WARN, k->check, k->remedy, "cannot read %s",
                     k->path);
        return;
    }
    findings_add(f, n[0] >= k->least ? FINDING_OK : FINDING_WARN, k->check,
                 k->remedy, "%" PRIu64, n[0]);
}

static void look_at_descriptors(struct findings *f) {
    static const char remedy[] =
        "each session takes one, behind a balancer on this machine three: "
        "raise LimitNOFILE= of the service, or the limits of the user";
    struct rlimit limit;
    enum finding how = FINDING_OK;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return; /* not on Linux */
    }
    if (limit.rlim_max < DESCRIPTORS_FAIR) {
        how = limit.rlim_max < DESCRIPTORS_POOR ? FINDING_FAIL : FINDING_WARN;
    }
    findings_add(f, how, "descriptors", remedy,
                 "%" PRIu64 " for each process of this user",
                 (uint64_t)limit.rlim_max);
}

static void look_at_ports(struct findings *f) {
    uint64_t n[2] = {0, 0};
    bool good = read_numbers("/proc/sys/net/ipv4/ip_local_port_range", n) == 2;
    uint64_t count = good && n[1] >= n[0] ? n[1] - n[0] + 1 : 0;

    findings_add(f, count >= PORTS_FAIR ? FINDING_OK : FINDING_WARN, "ports",
                 "where the balancer runs, sysctl "
                 "net.ipv4.ip_local_port_range='10240 65535', or give each "
                 "gateway several addresses",
                 "%" PRIu64 " connections from here to one address", count);
}

void doctor_host(struct findings *f) {
    look_at_descriptors(f);
    for (size_t i = 0; i < COUNT_OF(knobs); i++) {
        look_at_knob(f, &knobs[i]);
    }
    look_at_ports(f);
}
