#include "tests/fault/proxy/flow.h"

#include "proto/base/buf.h"
#include "proto/base/mem.h"

enum {
    RATE_PIECES = 20, /* a second's bytes leave in so many pieces */
};

struct chunk {
    struct list node;
    uint64_t due_ms;
    struct buf bytes;
};

static void on_timer(struct wheel_timer *t) {
    flow_pump(CONTAINER_OF(t, struct flow, timer));
}

void flow_init(struct flow *f, struct loop *l, struct plan *plan,
               enum plan_way way) {
    *f = (struct flow){.loop = l, .plan = plan, .rules = &plan->flows[way]};
    list_init(&f->chunks);
    wheel_timer_init(&f->timer, on_timer);
}

static void drop_chunk(struct flow *f, struct chunk *c) {
    f->bytes -= c->bytes.n;
    list_remove(&c->node);
    buf_fini(&c->bytes);
    mem_free(c);
}

static void drop_all(struct flow *f) {
    while (!list_empty(&f->chunks)) {
        drop_chunk(f, CONTAINER_OF(f->chunks.next, struct chunk, node));
    }
}

void flow_fini(struct flow *f) {
    wheel_cancel(&f->timer);
    drop_all(f);
}

/* The bytes of these that are within the limit of this connection. */
static struct slice within_limit(struct flow *f, struct slice bytes) {
    const struct plan_flow *r = f->rules;

    if (r->limit_id != f->limit_id) {
        f->limit_id = r->limit_id;
        f->passed = 0;
    }
    if (r->limit == 0 || f->passed + bytes.n < r->limit) {
        f->passed += bytes.n;
        return bytes;
    }
    f->plan->counts.limited++;
    f->lossy = true;
    f->reset = r->limit_cut == PLAN_RESET;
    return slice_take(bytes, (size_t)(r->limit - f->passed));
}

static void add_chunk(struct flow *f, struct slice bytes, uint64_t due_ms) {
    struct chunk *c = mem_new(sizeof(*c));

    c->due_ms = due_ms;
    buf_init(&c->bytes);
    buf_add(&c->bytes, bytes);
    f->bytes += bytes.n;
    list_init(&c->node);
    list_push_back(&f->chunks, &c->node);
}

/* When the next bytes may leave: never before those ahead of them. */
static uint64_t due_ms(struct flow *f, uint64_t delay_ms) {
    uint64_t latency_ms = plan_latency(f->rules, &f->loop->rand);
    uint64_t due = f->loop->clock.mono_ms + delay_ms + latency_ms;

    f->plan->counts.delayed += latency_ms > 0;
    if (due > f->last_due_ms) {
        f->last_due_ms = due;
    }
    return f->last_due_ms;
}

static void add(struct flow *f, struct slice bytes, uint64_t delay_ms) {
    uint64_t rate = f->rules->rate;
    size_t most = rate == 0 ? bytes.n : (size_t)(rate / RATE_PIECES + 1);
    uint64_t due = due_ms(f, delay_ms);

    while (bytes.n > 0) {
        size_t n = bytes.n < most ? bytes.n : most;

        if (rate != 0) {
            due += n * 1000 / rate;
            f->last_due_ms = due;
            f->plan->counts.delayed++;
        }
        add_chunk(f, slice_take(bytes, n), due);
        bytes = slice_drop(bytes, n);
    }
}

static void push_back_on_source(struct flow *f) {
    size_t waiting = f->bytes + (f->to == NULL ? 0 : stream_queued(f->to));

    if (f->from == NULL) {
        return;
    }
    if (waiting > FLOW_BYTES_MAX) {
        stream_pause(f->from);
    } else {
        stream_resume(f->from);
    }
}

void flow_push(struct flow *f, struct slice bytes, uint64_t delay_ms) {
    if (bytes.n == 0) {
        return;
    }
    if (f->lossy || f->rules->blackhole || f->to == NULL) {
        f->lossy = true;
        f->plan->counts.swallowed++;
        return;
    }
    f->plan->counts.held += f->rules->hold;
    add(f, within_limit(f, bytes), delay_ms);
    flow_pump(f);
}

/* Sends the beginning of a chunk; one slice a turn, so that slices arrive as
 * such. False: enough for this turn. */
static bool send_some(struct flow *f, struct chunk *c) {
    uint64_t slice = f->rules->slice;
    size_t n = c->bytes.n;

    if (slice != 0 && n > slice) {
        n = (size_t)slice;
        f->plan->counts.sliced++;
    }
    if (stream_send_copy(f->to, slice_take(buf_slice(&c->bytes), n)) != RC_OK) {
        drop_all(f); /* it is closing: nobody reads any more */
        return false;
    }
    f->bytes -= n;
    buf_consume(&c->bytes, n);
    if (c->bytes.n == 0) {
        drop_chunk(f, c);
    }
    return slice == 0;
}

static bool sendable(const struct flow *f) {
    return f->to != NULL && !f->rules->hold && !list_empty(&f->chunks) &&
           (f->rules->slice == 0 || stream_queued(f->to) == 0);
}

void flow_pump(struct flow *f) {
    bool more = true;

    while (more && sendable(f)) {
        struct chunk *c = CONTAINER_OF(f->chunks.next, struct chunk, node);

        if (c->due_ms > f->loop->clock.mono_ms) {
            loop_timer(f->loop, &f->timer, c->due_ms - f->loop->clock.mono_ms);
            more = false;
        } else {
            more = send_some(f, c);
        }
    }
    push_back_on_source(f);
}

void flow_finish(struct flow *f) {
    while (f->to != NULL && !list_empty(&f->chunks)) {
        struct chunk *c = CONTAINER_OF(f->chunks.next, struct chunk, node);
        enum rc rc = stream_send_copy(f->to, buf_slice(&c->bytes));

        (void)rc; /* when it is closing, nobody misses the bytes */
        drop_chunk(f, c);
    }
}
