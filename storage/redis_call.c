#include "storage/redis_call.h"

static void on_timer(struct wheel_timer *t) {
    struct redis_calls *q = CONTAINER_OF(t, struct redis_calls, timer);
    struct list now;
    struct list *node;

    list_init(&now);
    list_append(&now, &q->waiting); /* who waits again is not asked at once */
    while ((node = list_pop_front(&now)) != NULL) {
        struct resp_call *call = CONTAINER_OF(node, struct resp_call, node);
        struct redis_call *c = CONTAINER_OF(call, struct redis_call, call);

        c->send(c);
    }
}

void redis_calls_init(struct redis_calls *q, struct loop *l,
                      uint64_t patience_ms) {
    *q = (struct redis_calls){.loop = l, .patience_ms = patience_ms};
    list_init(&q->waiting);
    wheel_timer_init(&q->timer, on_timer);
}

void redis_calls_close(struct redis_calls *q) {
    struct list *node;

    q->closed = true;
    wheel_cancel(&q->timer);
    while ((node = list_pop_front(&q->waiting)) != NULL) {
        struct resp_call *call = CONTAINER_OF(node, struct resp_call, node);

        call->done(call, RC_CLOSED, NULL);
    }
}

bool redis_call_wait(struct redis_call *c) {
    struct redis_calls *q = redis_nodes_calls(c->nodes);
    uint64_t now_ms = q->loop->clock.mono_ms;

    if (c->until_ms == 0) {
        c->until_ms = now_ms + q->patience_ms;
    }
    if (now_ms >= c->until_ms || q->closed) {
        return false;
    }
    list_init(&c->call.node);
    list_push_back(&q->waiting, &c->call.node);
    if (!wheel_is_set(&q->timer)) {
        loop_timer(q->loop, &q->timer, REDIS_AGAIN_MS);
    }
    return true;
}

/* Who has waited also waits for a server that is still being connected to. */
bool redis_call_again(struct redis_call *c, enum rc rc,
                      const struct resp *replies, size_t count) {
    bool again = rc == RC_AGAIN && c->until_ms != 0;

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        again = redis_nodes_hear(c->nodes, &replies[i]) || again;
    }
    return again && redis_call_wait(c);
}

void redis_order_answered(struct redis_order *o, struct redis_call *c,
                          bool again) {
    if (again) {
        o->refused += !c->refused;
        o->first = o->first == NULL ? c : o->first;
    } else if (c->refused) {
        o->refused--;
        o->first = o->first == c ? NULL : o->first;
    }
    c->refused = again;
}

bool redis_order_turn(struct redis_order *o, struct redis_call *c) {
    if (o->first == NULL) {
        o->first = c;
    }
    return o->first == c || !redis_call_wait(c);
}
