#include "bench/proc.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"

enum {
    LINE_MAX_BYTES = 512,
};

/* The field `index` (from 0) of a line, at spaces. Empty: there is none. */
static struct slice field(struct slice line, size_t index) {
    for (;;) {
        size_t n;

        while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
            line = slice_drop(line, 1);
        }
        n = 0;
        while (n < line.n && strchr(" \t\n", line.p[n]) == NULL) {
            n++;
        }
        if (index-- == 0 || n == 0) {
            return slice_take(line, n);
        }
        line = slice_drop(line, n);
    }
}

static uint64_t number(struct slice line, size_t index) {
    uint64_t v = 0;

    (void)slice_to_u64(field(line, index), &v);
    return v;
}

/* The number in field `index` of the first line of `path` that begins with
 * `start`; 0: no such line. */
static uint64_t find_number(const char *path, const char *start, size_t index) {
    FILE *f = fopen(path, "r");
    char line[LINE_MAX_BYTES];
    uint64_t v = 0;
    bool found = false;

    while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL) {
        found = slice_starts(slice_str(line), start);
        v = found ? number(slice_str(line), index) : 0;
    }
    if (f != NULL) {
        fclose(f);
    }
    return v;
}

struct memory proc_memory(pid_t pid) {
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    return (struct memory){
        .pss = (double)find_number(path, "Pss:", 1) * 1024,
        .anonymous = (double)find_number(path, "Pss_Anon:", 1) * 1024,
    };
}

uint64_t proc_cpu_us(pid_t pid) {
    struct timespec t = {0};
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &t) != 0) {
        return 0;
    }
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

struct memory proc_memory_all(const struct target *list, size_t count) {
    struct memory sum = {0};

    for (size_t i = 0; i < count; i++) {
        struct memory one = proc_memory(list[i].pid);

        sum.pss += one.pss;
        sum.anonymous += one.anonymous;
    }
    return sum;
}

uint64_t proc_cpu_us_all(const struct target *list, size_t count) {
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += proc_cpu_us(list[i].pid);
    }
    return sum;
}

static uint64_t descriptors(pid_t pid) {
    char path[64];
    uint64_t n = 0;
    struct dirent *e;
    DIR *d;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    d = opendir(path);
    while (d != NULL && (e = readdir(d)) != NULL) {
        n += e->d_name[0] != '.';
    }
    if (d != NULL) {
        closedir(d);
    }
    return n;
}

uint64_t proc_descriptors_all(const struct target *list, size_t count) {
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += descriptors(list[i].pid);
    }
    return sum;
}

/* A socket's descriptor has a file and a dentry of its own, but their slabs
 * are shared with the whole machine: they are counted by the sockets' inodes
 * instead, with their sizes. */
static bool is_socket_slab(struct slice name) {
    static const char *const names[] = {"TCP", "eventpoll_epi", "eventpoll_pwq",
                                        "ep_head"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (slice_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

double proc_socket_bytes(void) {
    FILE *f = fopen("/proc/slabinfo", "r");
    char line[LINE_MAX_BYTES];
    uint64_t inodes = 0;
    uint64_t each = 0; /* bytes beside a socket's inode, and of it */
    uint64_t sum = 0;

    if (f == NULL) {
        return (double)NAN;
    }
    while (fgets(line, sizeof(line), f) != NULL) {
        struct slice row = slice_str(line);
        struct slice name = field(row, 0);

        if (is_socket_slab(name)) {
            sum += number(row, 1) * number(row, 3);
        } else if (slice_is(name, "sock_inode_cache")) {
            inodes = number(row, 1);
            each += number(row, 3);
        } else if (slice_is(name, "filp") || slice_is(name, "dentry") ||
                   slice_is(name, "lsm_inode_cache") ||
                   slice_is(name, "lsm_file_cache")) {
            each += number(row, 3);
        }
    }
    fclose(f);
    return (double)(sum + inodes * each);
}

double proc_available(void) {
    return (double)find_number("/proc/meminfo", "MemAvailable:", 1) * 1024;
}

double proc_load(void) {
    FILE *f = fopen("/proc/loadavg", "r");
    double load = 0;

    if (f != NULL) {
        if (fscanf(f, "%lf", &load) != 1) {
            load = 0;
        }
        fclose(f);
    }
    return load;
}
