#include "hooks/crew.h"

static unsigned part_of(const struct crew_lease *lease) {
    return (unsigned)(lease - lease->owner->parts);
}

bool crew_part_is_mine(unsigned part, size_t rank, size_t crew) {
    return part % crew == rank;
}

static void set_held(struct crew_lease *lease, bool held) {
    struct crew *c = lease->owner;

    if (lease->held != held) {
        lease->held = held;
        c->on_change(c->owner, part_of(lease), held);
    }
}

static bool is_mine(const struct crew *c, unsigned part) {
    return crew_part_is_mine(part, c->rank, c->size);
}

/* The answer may be older than what gave the lease up. */
static void on_held(void *ctx, enum rc rc, bool held) {
    struct crew_lease *lease = ctx;
    struct crew *c = lease->owner;
    uint64_t now_ms = c->loop->clock.mono_ms;

    if (c->stopped) {
        return;
    }
    if (rc == RC_OK) {
        lease->held_ms = now_ms;
        set_held(lease, held && is_mine(c, part_of(lease)));
    } else if (now_ms - lease->held_ms >= LEASE_MS - LEASE_RENEW_MS) {
        set_held(lease, false);
    }
}

static void ask(struct crew *c, unsigned part, uint64_t ms, hook_held_fn done) {
    const struct hook_lease lease = {part, c->worker, ms};

    hook_queue_lease(c->queue, lease, done, &c->parts[part]);
}

/* Whatever comes of it: it ends by itself. */
static void on_given_up(void *ctx, enum rc rc, bool held) {
    (void)ctx;
    (void)rc;
    (void)held;
}

static void renew(struct crew *c, unsigned part) {
    if (is_mine(c, part)) {
        ask(c, part, LEASE_MS, on_held);
    } else if (c->parts[part].held) {
        set_held(&c->parts[part], false);
        ask(c, part, 1, on_given_up);
    }
}

/* Who does not hear of the others goes on as before. */
static void on_crew(void *ctx, enum rc rc, const uint64_t *workers,
                    size_t count) {
    struct crew *c = ctx;

    if (rc != RC_OK || count == 0) {
        return;
    }
    c->size = count;
    c->rank = 0;
    for (size_t i = 0; i < count; i++) {
        c->rank += workers[i] < c->worker;
    }
}

static void on_timer(struct wheel_timer *timer) {
    struct crew *c = CONTAINER_OF(timer, struct crew, timer);

    hook_queue_crew(c->queue, c->worker, LEASE_MS, on_crew, c);
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        renew(c, part);
    }
    loop_timer(c->loop, &c->timer,
               hook_queue_ready(c->queue) ? LEASE_RENEW_MS : LEASE_RETRY_MS);
}

void crew_open(struct crew *c) {
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        c->parts[part] = (struct crew_lease){.owner = c};
    }
    c->size = 1;
    c->rank = 0;
    c->stopped = false;
    wheel_timer_init(&c->timer, on_timer);
    loop_timer(c->loop, &c->timer, 0);
}

void crew_stop(struct crew *c) {
    c->stopped = true;
    wheel_cancel(&c->timer);
}

/* Leaving. */

static void one_left(struct crew *c, enum rc rc) {
    c->leaving--;
    if (c->leaving == 0 && rc != RC_CLOSED) {
        c->left(c->left_ctx);
    }
}

static void on_left(void *ctx, enum rc rc, bool held) {
    (void)held;
    one_left(((struct crew_lease *)ctx)->owner, rc);
}

static void on_gone(void *ctx, enum rc rc, const uint64_t *workers,
                    size_t count) {
    (void)workers;
    (void)count;
    one_left(ctx, rc);
}

void crew_leave(struct crew *c, void (*left)(void *ctx), void *ctx) {
    crew_stop(c);
    c->left = left;
    c->left_ctx = ctx;
    c->leaving = 1;
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        if (c->parts[part].held) {
            c->leaving++;
            ask(c, part, 1, on_left);
        }
    }
    hook_queue_crew(c->queue, c->worker, 0, on_gone, c);
}
