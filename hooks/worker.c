#include "hooks/worker.h"

#include <assert.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"

static const struct log_ctx log_ctx = {"hooks", 0};

struct worker {
    struct worker_config config;
    struct worker_ports ports;
    struct task_ports tasks;
    struct task_counts counts;
    struct lanes lanes;
    struct drain drain;
    struct notifier *notifier; /* NULL: nobody asked for notifications */
    struct wheel_timer renew;
    struct wheel_timer poll;
    struct replay_id after; /* read up to here */
    uint64_t held_ms;       /* when the lease was last ours; monotonic */
    uint64_t waiting;
    uint64_t foreign;
    size_t busy; /* tasks */
    bool works;
    bool reading;
    bool stopped;
    void (*left)(void *ctx);
    void *left_ctx;
};

/* Tasks. */

static void pump(struct worker *w) {
    while (w->works && !w->stopped && w->busy < w->config.concurrency) {
        struct lane *lane = lanes_take(&w->lanes);

        if (lane == NULL) {
            return;
        }
        w->busy++;
        task_start(&w->tasks, lane);
    }
}

static void on_over(void *owner, struct lane *lane, bool done) {
    struct worker *w = owner;

    w->busy--;
    if (done) {
        lane_done(lane);
    } else {
        lane_rest(lane);
    }
    pump(w);
}

static void on_ready(void *owner) {
    pump(owner);
}

/* Reading. */

static void look(struct worker *w);

/* It is told by an entry before it; or it is none of ours. */
static void on_taken_away(void *ctx, enum rc rc) {
    (void)ctx;
    (void)rc; /* else it is found again by the next worker */
}

static void take_away(struct worker *w, const struct hook_entry *e) {
    hook_queue_finish(w->ports.queue, &(struct hook_finish){.entry = e->id},
                      on_taken_away, w);
}

static void take_entry(struct worker *w, const struct hook_entry *e) {
    w->after = e->id;
    if (e->kind == HOOK_FOREIGN) {
        w->foreign++;
        log_error(&log_ctx, "hooks_foreign_entry", "id=%llu-%llu",
                  (unsigned long long)e->id.ms, (unsigned long long)e->id.seq);
        take_away(w, e);
    } else if (!lanes_put(&w->lanes, e)) {
        take_away(w, e);
    }
}

static void on_page(void *ctx, enum rc rc, const struct hook_entry *entries,
                    size_t count, uint64_t waiting) {
    struct worker *w = ctx;

    w->reading = false;
    if (w->stopped || !w->works) {
        return;
    }
    if (rc == RC_OK) {
        w->waiting = waiting;
    }
    for (size_t i = 0; i < count; i++) {
        take_entry(w, &entries[i]);
    }
    pump(w);
    if (count == HOOK_PAGE) {
        look(w);
    }
}

static void look(struct worker *w) {
    if (w->works && !w->reading && w->lanes.jobs < w->config.window) {
        w->reading = true;
        hook_queue_read(w->ports.queue, w->after, on_page, w);
    }
}

static void on_poll(struct wheel_timer *timer) {
    struct worker *w = CONTAINER_OF(timer, struct worker, poll);

    look(w);
    loop_timer(w->ports.loop, &w->poll, WORKER_POLL_MS);
}

/* The lease. */

static void set_works(struct worker *w, bool works) {
    if (w->works == works) {
        return;
    }
    w->works = works;
    w->after = (struct replay_id){0, 0};
    lanes_drop(&w->lanes);
    drain_run(&w->drain, works);
    if (w->notifier != NULL) {
        notifier_run(w->notifier, works);
    }
    log_info(&log_ctx, "hooks_lease", "worker=%s works=%s",
             id_text(w->config.id).s, works ? "yes" : "no");
}

static void on_held(void *ctx, enum rc rc, bool held) {
    struct worker *w = ctx;
    uint64_t now_ms = w->ports.loop->clock.mono_ms;

    if (w->stopped) {
        return;
    }
    if (rc == RC_OK) {
        w->held_ms = now_ms;
        set_works(w, held);
    } else if (now_ms - w->held_ms >= WORKER_LEASE_MS - WORKER_RENEW_MS) {
        set_works(w, false);
    }
}

static void on_renew(struct wheel_timer *timer) {
    struct worker *w = CONTAINER_OF(timer, struct worker, renew);

    hook_queue_lease(w->ports.queue, w->config.id, WORKER_LEASE_MS, on_held, w);
    loop_timer(w->ports.loop, &w->renew,
               hook_queue_ready(w->ports.queue) ? WORKER_RENEW_MS
                                                : WORKER_POLL_MS);
}

/* Life. */

static void open_notifier(struct worker *w) {
    const struct notifier_ports ports = {w->ports.loop, w->ports.queue,
                                         w->ports.history, w->ports.outbox,
                                         w->config.notify_ms};

    if (w->config.notify_ms != 0) {
        w->notifier = notifier_open(&ports);
    }
}

struct worker *worker_open(const struct worker_config *config,
                           const struct worker_ports *ports) {
    struct worker *w = mem_new(sizeof(*w));
    struct lanes_ports lanes = {.clock = &ports->loop->clock,
                                .wheel = &ports->loop->wheel,
                                .rand = &ports->loop->rand,
                                .on_ready = on_ready,
                                .owner = w};

    w->config = *config;
    w->ports = *ports;
    w->tasks = (struct task_ports){.queue = ports->queue,
                                   .history = ports->history,
                                   .sender = ports->sender,
                                   .clock = &ports->loop->clock,
                                   .families = config->families,
                                   .give_up_ms = config->give_up_ms,
                                   .notify_ms = config->notify_ms,
                                   .counts = &w->counts,
                                   .on_over = on_over,
                                   .owner = w};
    lanes_init(&w->lanes, &lanes);
    drain_init(&w->drain, ports->loop, ports->queue, ports->outbox);
    open_notifier(w);
    wheel_timer_init(&w->renew, on_renew);
    wheel_timer_init(&w->poll, on_poll);
    loop_timer(ports->loop, &w->renew, 0);
    loop_timer(ports->loop, &w->poll, WORKER_POLL_MS);
    return w;
}

void worker_stop(struct worker *w) {
    w->stopped = true;
    wheel_cancel(&w->renew);
    wheel_cancel(&w->poll);
    drain_stop(&w->drain);
    if (w->notifier != NULL) {
        notifier_stop(w->notifier);
    }
    lanes_drop(&w->lanes);
}

static void on_left(void *ctx, enum rc rc, bool held) {
    struct worker *w = ctx;

    (void)held; /* whatever came of it, it ends by itself */
    if (rc != RC_CLOSED) {
        w->left(w->left_ctx);
    }
}

void worker_leave(struct worker *w, void (*left)(void *ctx), void *ctx) {
    worker_stop(w);
    if (!w->works) {
        left(ctx);
        return;
    }
    w->left = left;
    w->left_ctx = ctx;
    hook_queue_lease(w->ports.queue, w->config.id, 1, on_left, w);
}

void worker_free(struct worker **w) {
    if (*w != NULL) {
        assert((*w)->busy == 0);
        notifier_free(&(*w)->notifier);
        lanes_fini(&(*w)->lanes);
        mem_free(*w);
        *w = NULL;
    }
}

struct worker_counts worker_counts(const struct worker *w) {
    static const struct notifier_counts none = {0};

    return (struct worker_counts){
        .tasks = w->counts,
        .notifier = w->notifier == NULL ? none : notifier_counts(w->notifier),
        .works = w->works,
        .waiting = w->waiting,
        .held = w->lanes.jobs,
        .resting = w->lanes.resting,
        .foreign = w->foreign,
        .carried = w->drain.done,
    };
}
