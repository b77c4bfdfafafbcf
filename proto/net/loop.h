/* One event loop per process: libuv's loop, the clock it is read from once a
 * turn, the timer wheel, chance, and work put off to the end of the turn so
 * that everything one turn produced leaves in one write. */
#ifndef MOIM_NET_LOOP_H
#define MOIM_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "proto/base/clock.h"
#include "proto/base/histogram.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/rand.h"
#include "proto/base/rc.h"
#include "proto/base/wheel.h"
#include "proto/net/interest.h"

enum {
    LOOP_READ_BYTES = 64 * 1024, /* the read buffer all streams share */
    /* What a read of a stream under TLS says: with a record begun before. */
    LOOP_PLAIN_BYTES = LOOP_READ_BYTES + 16 * 1024,
    /* Of a turn, for streams that come and go: some handshakes under TLS, or
     * a hundred without. */
    LOOP_SHARE_US = 3000,
};

/* Work for the end of this turn. Embedded in its object. */
struct loop_task {
    struct list node;
    void (*run)(struct loop_task *t);
};

struct ring;

struct loop {
    uv_loop_t uv;
    uv_timer_t timer; /* drives the wheel */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_signal_t signals[3]; /* TERM, INT, HUP */
    struct clock clock;     /* read once per turn; see loop_wake */
    struct wheel wheel;
    struct rand rand;
    struct list tasks;
    struct interest_sets interest; /* the descriptors that somebody waits for */
    struct ring *ring;      /* what streams send through; NULL: by themselves */
    uint64_t turn_us;       /* when this turn began */
    struct histogram turns; /* how long they took: others waited so long */
    bool awake;             /* this turn's clock has been read */
    uint8_t *read_bytes;    /* LOOP_READ_BYTES; used within one callback */
    uint8_t *plain_bytes;   /* LOOP_PLAIN_BYTES, likewise */
    void (*on_signal)(void *owner, int signum);
    void *owner;
    /* clock_update, unless whoever made the loop moves time by itself. */
    void (*read_clock)(struct clock *c);
};

/* RC_BACKEND: the kernel refused (descriptors); logged. SIGPIPE is ignored. */
enum rc loop_init(struct loop *l) MUST_CHECK;
/* Hears SIGTERM, SIGINT and SIGHUP from now on. */
void loop_on_signal(struct loop *l, void (*fn)(void *owner, int signum),
                    void *owner);
/* Runs until loop_stop, or until nothing is left to wait for: wheel timers,
 * signals and paused streams do not count. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* Closes what the loop itself owns and runs it dry; asserts that everybody
 * else has closed. */
void loop_fini(struct loop *l);

/* The first thing in every callback that libuv calls: libuv has no hook
 * between the end of its wait and the first callback, and the clock is older
 * than the wait. The loop does it itself before sockets are told. */
void loop_wake(struct loop *l);

void loop_task_init(struct loop_task *t, void (*run)(struct loop_task *t));
/* Runs `t` once at the end of this turn (after all I/O callbacks, before the
 * loop waits). Deferring twice in a turn runs it once. */
void loop_defer(struct loop *l, struct loop_task *t);
/* Takes it back; for an object that dies before the end of the turn. */
void loop_undefer(struct loop_task *t);
/* Sets a wheel timer `after_ms` from now. */
void loop_timer(struct loop *l, struct wheel_timer *t, uint64_t after_ms);

#endif
