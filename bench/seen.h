/* Which messages one session has been given: a window of the last 64 numbers,
 * 16 bytes a session. What is older than the window counts as seen, so a
 * message that comes so late is told as a repeat, and as lost: never hidden. */
#ifndef MOIM_BENCH_SEEN_H
#define MOIM_BENCH_SEEN_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing has been seen. */
struct seen {
    uint64_t next; /* one more than the highest seen */
    uint64_t mask; /* bit i: next - 1 - i has been */
};

/* Marks number `n` and answers whether it was marked before. */
static inline bool seen_before(struct seen *s, uint64_t n) {
    uint64_t back;

    if (n >= s->next) {
        uint64_t ahead = n + 1 - s->next;

        s->mask = ahead < 64 ? s->mask << ahead : 0;
        s->mask |= 1;
        s->next = n + 1;
        return false;
    }
    back = s->next - 1 - n;
    if (back >= 64 || (s->mask >> back & 1) != 0) {
        return true;
    }
    s->mask |= UINT64_C(1) << back;
    return false;
}

#endif
