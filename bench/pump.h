/* The clock that sends: what is due is due by the time, whatever comes back
 * (open loop), so that a slow server cannot hide by slowing us down. */
#ifndef MOIM_BENCH_PUMP_H
#define MOIM_BENCH_PUMP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"

#define PUMP_SECOND_NS UINT64_C(1000000000)

/* Number 0 is due when it starts, number n so many intervals later. */
struct pump {
    uv_poll_t poll; /* of a timerfd: libuv's timers know milliseconds only */
    int fd;
    struct loop *loop;
    uint64_t start_ns;
    uint64_t interval_ns;
    uint64_t next; /* the number that is due next */
    bool running;
    struct buf scratch;
    /* `scratch` is empty and may be used. */
    void (*due)(void *owner, uint64_t n, struct buf *scratch);
    void *owner;
};

/* Monotonic, the same in all processes of this machine. */
uint64_t pump_now_ns(void);
/* RC_BACKEND: the kernel refused. `due` is not called before pump_start. */
enum rc pump_open(struct pump *p, struct loop *l,
                  void (*due)(void *owner, uint64_t n, struct buf *scratch),
                  void *owner) MUST_CHECK;
/* From number 0 on, `interval_ns` apart. */
void pump_start(struct pump *p, uint64_t interval_ns);
/* `due` may call it. */
void pump_stop(struct pump *p);
/* Before loop_fini, if it was opened. */
void pump_close(struct pump *p);
/* When number `n` was due. */
uint64_t pump_due_ns(const struct pump *p, uint64_t n);

#endif
