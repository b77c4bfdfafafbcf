/* The queue of calls behind the fake stores. */
#include "tests/fakes/fake_calls.h"

#include <assert.h>

#include "proto/base/macros.h"

void fake_calls_init(struct fake_calls *q) {
    list_init(&q->queue);
    q->count = 0;
    q->refuse = RC_OK;
}

static struct fake_call *pop(struct fake_calls *q) {
    assert(q->count > 0);
    q->count--;
    return CONTAINER_OF(list_pop_front(&q->queue), struct fake_call, node);
}

void fake_calls_fini(struct fake_calls *q) {
    while (q->count > 0) {
        struct fake_call *call = pop(q);

        call->answer(call, RC_CLOSED, true);
    }
}

void fake_calls_push(struct fake_calls *q, struct fake_call *call) {
    list_init(&call->node);
    list_push_back(&q->queue, &call->node);
    q->count++;
}

static void execute(struct fake_call *call) {
    if (!call->executed) {
        call->executed = true;
        call->execute(call);
    }
}

void fake_calls_execute(struct fake_calls *q) {
    for (struct list *n = q->queue.next; n != &q->queue; n = n->next) {
        execute(CONTAINER_OF(n, struct fake_call, node));
    }
}

void fake_calls_finish(struct fake_calls *q, enum fake_how how, enum rc rc) {
    struct fake_call *call = pop(q);

    if (how != FAKE_REFUSE) {
        execute(call);
    }
    call->answer(call, how == FAKE_DO ? call->rc : rc, false);
}

size_t fake_calls_turn(struct fake_calls *q) {
    size_t count = q->count;

    for (size_t i = 0; i < count; i++) {
        fake_calls_finish(q, q->refuse == RC_OK ? FAKE_DO : FAKE_REFUSE,
                          q->refuse);
    }
    return count;
}

const char *fake_calls_next(const struct fake_calls *q) {
    return q->count == 0
               ? ""
               : CONTAINER_OF(q->queue.next, struct fake_call, node)->name;
}
