/* What the kernel's accounting says about processes and about itself. */
#ifndef MOIM_BENCH_PROC_H
#define MOIM_BENCH_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/options.h"

/* Memory of processes in bytes. */
struct memory {
    double pss;       /* proportional set size: pages shared are divided */
    double anonymous; /* of it, what is not a file's: heap and stacks */
};

/* Zero when it cannot be read. */
struct memory proc_memory(pid_t pid);
/* CPU time a process has used, user and system, in microseconds; 0 when it
 * cannot be read. */
uint64_t proc_cpu_us(pid_t pid);
/* The sums over several. */
struct memory proc_memory_all(const struct target *list, size_t count);
uint64_t proc_cpu_us_all(const struct target *list, size_t count);
/* Descriptors that they have open; one that cannot be read has none. */
uint64_t proc_descriptors_all(const struct target *list, size_t count);
/* Kernel memory of all TCP sockets in bytes: the slabs that hold nothing but
 * sockets and what belongs to each. NAN: /proc/slabinfo is for root only. */
double proc_socket_bytes(void);
/* Bytes that programs may still have before the machine swaps; 0: unknown. */
double proc_available(void);
/* The load average of the last minute. */
double proc_load(void);

#endif
