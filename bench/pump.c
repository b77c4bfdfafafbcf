#include "bench/pump.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_NS = 100 * 1000, /* the least between two looks at the clock */
};

uint64_t pump_now_ns(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * PUMP_SECOND_NS + (uint64_t)t.tv_nsec;
}

uint64_t pump_due_ns(const struct pump *p, uint64_t n) {
    return p->start_ns + n * p->interval_ns;
}

/* Everything that is due by now. */
static void on_tick(uv_poll_t *handle, int status, int events) {
    struct pump *p = handle->data;
    uint64_t now = pump_now_ns();
    uint64_t ticks;

    (void)status;
    (void)events;
    loop_wake(p->loop);
    if (read(p->fd, &ticks, sizeof(ticks)) < 0) {
        return; /* woken for nothing */
    }
    while (p->running && pump_due_ns(p, p->next) <= now) {
        buf_clear(&p->scratch);
        p->due(p->owner, p->next++, &p->scratch);
    }
}

enum rc pump_open(struct pump *p, struct loop *l,
                  void (*due)(void *owner, uint64_t n, struct buf *scratch),
                  void *owner) {
    *p = (struct pump){.loop = l, .due = due, .owner = owner};
    p->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (p->fd < 0) {
        return RC_BACKEND;
    }
    p->poll.data = p;
    if (uv_poll_init(&l->uv, &p->poll, p->fd) != 0) {
        close(p->fd);
        return RC_BACKEND;
    }
    return RC_OK;
}

void pump_start(struct pump *p, uint64_t interval_ns) {
    uint64_t tick = interval_ns > TICK_NS ? interval_ns : TICK_NS;
    struct itimerspec every = {.it_value = {.tv_nsec = 1}};

    p->interval_ns = interval_ns;
    p->start_ns = pump_now_ns();
    p->next = 0;
    p->running = true;
    every.it_interval.tv_sec = (time_t)(tick / PUMP_SECOND_NS);
    every.it_interval.tv_nsec = (long)(tick % PUMP_SECOND_NS);
    (void)timerfd_settime(p->fd, 0, &every, NULL);
    uv_poll_start(&p->poll, UV_READABLE, on_tick);
}

void pump_stop(struct pump *p) {
    p->running = false;
    uv_poll_stop(&p->poll);
}

/* uv_close is done with the descriptor when it returns. */
void pump_close(struct pump *p) {
    uv_close((uv_handle_t *)&p->poll, NULL);
    close(p->fd);
    buf_fini(&p->scratch);
}
