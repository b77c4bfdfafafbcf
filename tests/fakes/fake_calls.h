/* What the fake stores have in common: calls wait in a queue until the test
 * finishes them, as well or as badly as it says. */
#ifndef MOIM_TESTS_FAKE_CALLS_H
#define MOIM_TESTS_FAKE_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/list.h"
#include "proto/base/rc.h"

struct fake_call;

/* Does what was asked; the result and its code are kept in the call. */
typedef void (*fake_execute_fn)(struct fake_call *call);
/* Tells the caller (`rc` not RC_OK: without a result) and frees the call; a
 * `silent` one is freed only. */
typedef void (*fake_answer_fn)(struct fake_call *call, enum rc rc, bool silent);

/* Embedded first in the call of a fake. */
struct fake_call {
    struct list node;
    const char *name; /* of the operation, for tests */
    fake_execute_fn execute;
    fake_answer_fn answer;
    enum rc rc; /* of the execution */
    bool executed;
};

/* The calls of one client of a fake, oldest first. */
struct fake_calls {
    struct list queue;
    size_t count;
    enum rc refuse; /* not RC_OK: what fake_calls_turn refuses with */
};

enum fake_how {
    FAKE_DO,     /* executed, and answered with what came of it */
    FAKE_REFUSE, /* not executed, answered with a failure */
    FAKE_LOSE,   /* executed, but answered with a failure */
};

void fake_calls_init(struct fake_calls *q);
/* Frees those that wait; their callbacks never come. */
void fake_calls_fini(struct fake_calls *q);
void fake_calls_push(struct fake_calls *q, struct fake_call *call);
/* Executes all that wait; the answers come when they are finished, and are old
 * by then. */
void fake_calls_execute(struct fake_calls *q);
/* Finishes the oldest; there has to be one. `rc`: the failure. One that has
 * been executed cannot be refused any more, only lost. */
void fake_calls_finish(struct fake_calls *q, enum fake_how how, enum rc rc);
/* Finishes all that waited before this call; answers how many. */
size_t fake_calls_turn(struct fake_calls *q);
/* The name of the oldest, "" when none waits. */
const char *fake_calls_next(const struct fake_calls *q);

#endif
