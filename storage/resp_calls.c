#include "storage/resp_calls.h"

#include <assert.h>

#include "proto/base/mem.h"

void resp_calls_init(struct resp_calls *q) {
    *q = (struct resp_calls){0};
    list_init(&q->fresh);
    list_init(&q->sent);
    list_init(&q->refused);
    list_init(&q->lost);
}

void resp_calls_fini(struct resp_calls *q) {
    assert(q->count == 0 && list_empty(&q->refused) && list_empty(&q->lost));
    mem_free(q->got);
    q->got = NULL;
}

void resp_calls_add(struct resp_calls *q, struct resp_call *call) {
    assert(call->want > 0);
    list_init(&call->node);
    list_push_back(&q->fresh, &call->node);
    q->count++;
}

void resp_calls_refuse(struct resp_calls *q, struct resp_call *call) {
    list_init(&call->node);
    list_push_back(&q->refused, &call->node);
}

void resp_calls_flushed(struct resp_calls *q) {
    list_append(&q->sent, &q->fresh);
}

static struct resp_call *first_call(const struct list *calls) {
    return list_empty(calls)
               ? NULL
               : CONTAINER_OF(calls->next, struct resp_call, node);
}

const struct resp_call *resp_calls_awaited(const struct resp_calls *q) {
    return first_call(&q->sent);
}

const struct resp_call *resp_calls_oldest(const struct resp_calls *q) {
    return first_call(list_empty(&q->sent) ? &q->fresh : &q->sent);
}

bool resp_calls_midway(const struct resp_calls *q) {
    return q->got_count > 0;
}

static void keep(struct resp_calls *q, const struct resp *reply) {
    if (q->got_count == q->got_cap) {
        q->got_cap = q->got_cap == 0 ? 8 : q->got_cap * 2;
        q->got = mem_resize(q->got, q->got_cap * sizeof(*q->got));
    }
    q->got[q->got_count++] = *reply;
}

bool resp_calls_take(struct resp_calls *q, const struct resp *reply) {
    struct resp_call *call = first_call(&q->sent);

    if (call == NULL) {
        return false;
    }
    keep(q, reply);
    if (q->got_count == call->want ||
        (call->all_or_error && reply->type == RESP_ERROR)) {
        list_remove(&call->node);
        q->count--;
        q->got_count = 0;
        call->done(call, RC_OK, q->got);
    }
    return true;
}

void resp_calls_break(struct resp_calls *q) {
    list_append(&q->lost, &q->sent);
    list_append(&q->refused, &q->fresh);
    q->count = 0;
    q->got_count = 0;
}

/* Also what is added meanwhile. */
static void answer_all(struct list *calls, enum rc rc) {
    struct list *node;

    while ((node = list_pop_front(calls)) != NULL) {
        struct resp_call *call = CONTAINER_OF(node, struct resp_call, node);

        call->done(call, rc, NULL);
    }
}

void resp_calls_answer_lost(struct resp_calls *q, enum rc why) {
    answer_all(&q->lost, why);
}

void resp_calls_answer_refused(struct resp_calls *q) {
    const struct list *last = q->refused.prev;
    const struct list *node = NULL;

    while (node != last && !list_empty(&q->refused)) {
        struct resp_call *call = first_call(&q->refused);

        node = list_pop_front(&q->refused);
        call->done(call, RC_AGAIN, NULL);
    }
}

void resp_calls_close(struct resp_calls *q) {
    resp_calls_break(q);
    answer_all(&q->lost, RC_CLOSED);
    answer_all(&q->refused, RC_CLOSED);
}
