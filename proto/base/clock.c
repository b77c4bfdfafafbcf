#include "proto/base/clock.h"

#include <time.h>

static uint64_t read_us(clockid_t id) {
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void clock_update(struct clock *c) {
    c->mono_us = read_us(CLOCK_MONOTONIC);
    c->mono_ms = c->mono_us / 1000;
    c->wall_ms = read_us(CLOCK_REALTIME) / 1000;
}
