/* One job of a lane, from its start to its end: reads what it points to from
 * the history, posts one event after the other, remembers how far that went
 * and takes the entry away. */
#ifndef MOIM_HOOKS_TASK_H
#define MOIM_HOOKS_TASK_H

#include <stdint.h>

#include "chat-core/ports/history.h"
#include "hooks/lanes.h"
#include "hooks/sender.h"
#include "proto/base/clock.h"

struct task_counts {
    uint64_t told;     /* events that the receiver has */
    uint64_t passed;   /* events that nobody asked for */
    uint64_t recalled; /* notifications whose reason was gone */
    uint64_t given_up; /* events that were too old when they failed again */
};

/* What a task works with; outlives it. */
struct task_ports {
    struct hook_queue *queue;
    struct history *history;
    struct sender *sender;
    const struct clock *clock;
    unsigned families;   /* that are told, see families.h */
    uint64_t give_up_ms; /* after that long */
    struct task_counts *counts;
    /* The task is over and gone: was the job done? */
    void (*on_over)(void *owner, struct lane *lane, bool done);
    void *owner;
};

/* `lane` is busy, and stays so until on_over, which comes once, from the loop,
 * never from within. */
void task_start(const struct task_ports *ports, struct lane *lane);

#endif
