#include "tests/fault/proxy/link.h"

#include "proto/base/mem.h"

static void on_release(struct wheel_timer *t);

static struct stream *stream_of(const struct link *k, enum link_side side) {
    return k->ends[side].stream;
}

static void close_side(struct link *k, enum link_side side) {
    if (stream_of(k, side) != NULL) {
        stream_close(stream_of(k, side), RC_CLOSED);
    }
}

void link_reset(struct link *k) {
    k->home->plan->counts.reset++;
    for (unsigned side = 0; side < LINK_SIDES; side++) {
        if (stream_of(k, side) != NULL) {
            stream_reset(stream_of(k, side), RC_CLOSED);
        }
    }
}

void link_half_close(struct link *k, enum plan_way way) {
    struct stream *to = k->flows[way].to;

    if (to != NULL) {
        k->home->plan->counts.half_closed++;
        k->flows[way].lossy = true;
        stream_finish(to, RC_CLOSED, LINK_LINGER_MS);
    }
}

void link_healed(struct link *k) {
    bool whole =
        stream_of(k, LINK_CLIENT) != NULL && stream_of(k, LINK_SERVER) != NULL;

    for (unsigned way = 0; way < PLAN_WAYS; way++) {
        whole = whole && !k->flows[way].lossy;
    }
    if (!whole) {
        close_side(k, LINK_CLIENT);
        close_side(k, LINK_SERVER);
        return;
    }
    for (unsigned way = 0; way < PLAN_WAYS; way++) {
        flow_pump(&k->flows[way]);
    }
}

/* What the filter found out about this way. */
static void obey(struct link *k, enum filter_verdict verdict,
                 enum plan_way way) {
    if (verdict == FILTER_STALL) {
        k->flows[way].lossy = true;
    }
    if (verdict == FILTER_RESET) {
        link_reset(k);
    }
}

static void carry_up(struct link *k, struct slice in) {
    enum filter_verdict verdict;
    uint64_t delay_ms;
    struct buf up;
    struct buf down;

    buf_init(&up);
    buf_init(&down);
    verdict = resp_filter_up(&k->filter, in, &up, &down, &delay_ms);
    flow_push(&k->flows[PLAN_UP], buf_slice(&up), delay_ms);
    flow_push(&k->flows[PLAN_DOWN], buf_slice(&down), 0);
    buf_fini(&up);
    buf_fini(&down);
    obey(k, verdict, PLAN_UP);
}

static void carry_down(struct link *k, struct slice in) {
    enum filter_verdict verdict;
    struct buf down;

    buf_init(&down);
    verdict = resp_filter_down(&k->filter, in, &down);
    flow_push(&k->flows[PLAN_DOWN], buf_slice(&down), 0);
    buf_fini(&down);
    obey(k, verdict, PLAN_DOWN);
    if (k->filter.held_count > 0 && !wheel_is_set(&k->release)) {
        loop_timer(k->home->loop, &k->release, LINK_RELEASE_MS);
    }
}

static void on_release(struct wheel_timer *t) {
    struct link *k = CONTAINER_OF(t, struct link, release);
    struct buf down;

    buf_init(&down);
    resp_filter_release(&k->filter, &down);
    flow_push(&k->flows[PLAN_DOWN], buf_slice(&down), 0);
    buf_fini(&down);
}

/* Bytes from the source of `way`. Behind a loss the filter hears nothing: it
 * would count as lost what was never there. */
static void carry(struct link *k, enum plan_way way, struct slice in) {
    struct flow *f = &k->flows[way];

    if (!k->home->resp || f->lossy || f->rules->blackhole) {
        flow_push(f, in, 0);
    } else if (way == PLAN_UP) {
        carry_up(k, in);
    } else {
        carry_down(k, in);
    }
    if (f->reset) {
        f->reset = false;
        link_reset(k);
    }
}

static void on_client_bytes(void *owner, uint8_t *bytes, size_t n) {
    carry(((struct link_end *)owner)->link, PLAN_UP, slice_of(bytes, n));
}

static void on_server_bytes(void *owner, uint8_t *bytes, size_t n) {
    carry(((struct link_end *)owner)->link, PLAN_DOWN, slice_of(bytes, n));
}

static void on_client_drained(void *owner) {
    flow_pump(&((struct link_end *)owner)->link->flows[PLAN_DOWN]);
}

static void on_server_drained(void *owner) {
    flow_pump(&((struct link_end *)owner)->link->flows[PLAN_UP]);
}

static void free_link(struct link *k) {
    struct link_home *home = k->home;

    list_remove(&k->node);
    wheel_cancel(&k->release);
    flow_fini(&k->flows[PLAN_UP]);
    flow_fini(&k->flows[PLAN_DOWN]);
    resp_filter_fini(&k->filter);
    mem_free(k);
    home->on_gone(home);
}

/* One side has ended. The other is told, unless a fault swallows even that:
 * then it waits for an answer that never comes. */
static void side_closed(struct link *k, enum link_side side, enum rc why) {
    enum link_side other = side == LINK_CLIENT ? LINK_SERVER : LINK_CLIENT;
    struct flow *out = &k->flows[side == LINK_CLIENT ? PLAN_UP : PLAN_DOWN];
    struct flow *back = &k->flows[side == LINK_CLIENT ? PLAN_DOWN : PLAN_UP];

    k->ends[side].stream = NULL;
    out->from = NULL;
    back->to = NULL;
    if (stream_of(k, other) == NULL) {
        free_link(k);
    } else if (out->rules->blackhole || out->rules->hold) {
        out->lossy = true;
    } else if (why == RC_OK && !out->lossy) {
        flow_finish(out);
        stream_finish(stream_of(k, other), RC_OK, LINK_LINGER_MS);
    } else {
        stream_close(stream_of(k, other), RC_CLOSED);
    }
}

static void on_client_closed(void *owner, enum rc why) {
    side_closed(((struct link_end *)owner)->link, LINK_CLIENT, why);
}

static void on_server_closed(void *owner, enum rc why) {
    struct link *k = ((struct link_end *)owner)->link;

    side_closed(k, LINK_SERVER, why);
}

static const struct stream_events client_events = {
    .on_bytes = on_client_bytes,
    .on_drained = on_client_drained,
    .on_closed = on_client_closed,
};

static const struct stream_events server_events = {
    .on_bytes = on_server_bytes,
    .on_drained = on_server_drained,
    .on_closed = on_server_closed,
};

static void join(struct link *k, enum link_side side, struct stream *s) {
    enum plan_way out = side == LINK_CLIENT ? PLAN_UP : PLAN_DOWN;
    enum plan_way back = side == LINK_CLIENT ? PLAN_DOWN : PLAN_UP;

    k->ends[side] = (struct link_end){k, s};
    k->flows[out].from = s;
    k->flows[back].to = s;
}

void link_open(struct link_home *home, struct stream *client) {
    struct link *k = mem_new(sizeof(*k));
    struct stream *server = NULL;

    k->home = home;
    list_init(&k->node);
    list_push_back(&home->links, &k->node);
    resp_filter_init(&k->filter, home->plan, &home->loop->rand);
    wheel_timer_init(&k->release, on_release);
    flow_init(&k->flows[PLAN_UP], home->loop, home->plan, PLAN_UP);
    flow_init(&k->flows[PLAN_DOWN], home->loop, home->plan, PLAN_DOWN);
    join(k, LINK_CLIENT, client);
    stream_attach(client, &client_events, &k->ends[LINK_CLIENT]);
    if (stream_connect(&server, home->loop, home->target, LINK_CONNECT_MS,
                       LINK_QUEUE_BYTES) != RC_OK) {
        home->plan->counts.connect_failed++;
        stream_close(client, RC_BACKEND);
        return;
    }
    home->plan->counts.opened++;
    join(k, LINK_SERVER, server);
    stream_attach(server, &server_events, &k->ends[LINK_SERVER]);
}
