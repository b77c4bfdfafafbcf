#include "proto/base/clock.h"

#include <time.h>

static uint64_t read_ms(clockid_t id) {
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void clock_update(struct clock *c) {
    c->mono_ms = read_ms(CLOCK_MONOTONIC);
    c->wall_ms = read_ms(CLOCK_REALTIME);
}
