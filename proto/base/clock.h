/* Time as a value that is handed in. Real in main.c, a number in tests.
 *
 * `mono_ms` never goes back and is for deadlines, `mono_us` is the same clock
 * for measuring; `wall_ms` is Unix time and is for people. Nothing promised
 * depends on the wall clock. */
#ifndef MOIM_BASE_CLOCK_H
#define MOIM_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    uint64_t mono_ms;
    uint64_t wall_ms; /* since 1970-01-01 UTC */
    uint64_t mono_us;
};

/* Reads both clocks of the machine into `c`. Called once per loop turn. */
void clock_update(struct clock *c);

#endif
