#include "hooks/worker.h"

#include <assert.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "storage/hook_due.h"

static const struct log_ctx log_ctx = {"hooks", 0};

/* A partition of the queue. */
struct part {
    struct worker *worker;
    bool works; /* its lease is ours */
    bool reading;
    bool beyond; /* it is read for the notifier alone: the lanes are full */
    bool stale;  /* what is being read was asked for before it began anew */
    struct replay_id after; /* read up to here, into the lanes */
    struct replay_id noted; /* and up to here, for the notifier */
    uint64_t waiting;
};

struct worker {
    struct worker_config config;
    struct worker_ports ports;
    struct task_ports tasks;
    struct task_counts counts;
    struct crew crew;
    struct part parts[HOOK_PARTS];
    struct lanes lanes;
    struct drain drain;
    struct notifier *notifier; /* NULL: nobody asked for notifications */
    struct wheel_timer poll;
    uint64_t foreign;
    size_t busy; /* tasks */
    bool stopped;
};

/* Tasks. */

static void pump(struct worker *w) {
    while (!w->stopped && w->busy < w->config.concurrency) {
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

static unsigned part_of(const struct part *p) {
    return (unsigned)(p - p->worker->parts);
}

static void look(struct part *p);

/* It is told by an entry before it; or it is none of ours. */
static void on_taken_away(void *ctx, enum rc rc) {
    (void)ctx;
    (void)rc; /* else it is found again by the next worker */
}

static void take_away(struct worker *w, const struct hook_entry *e) {
    hook_queue_finish(w->ports.queue,
                      &(struct hook_finish){.part = e->part, .entry = e->id},
                      on_taken_away, w);
}

static void take_entry(struct part *p, const struct hook_entry *e) {
    struct worker *w = p->worker;

    p->after = e->id;
    if (e->kind == HOOK_FOREIGN) {
        w->foreign++;
        log_error(&log_ctx, "hooks_foreign_entry", "id=%llu-%llu",
                  (unsigned long long)e->id.ms, (unsigned long long)e->id.seq);
        take_away(w, e);
    } else if (!lanes_put(&w->lanes, e)) {
        take_away(w, e);
    }
}

/* From its first entry on, and nothing of it is held. */
static void begin_anew(struct part *p) {
    p->after = (struct replay_id){0, 0};
    p->noted = (struct replay_id){0, 0};
    p->stale = p->reading;
    lanes_drop(&p->worker->lanes, part_of(p));
}

static void on_dues(void *ctx, enum rc rc) {
    struct part *p = ctx;

    if (rc != RC_OK && p->works && !p->worker->stopped) {
        begin_anew(p);
    }
}

/* When the conversations are to be looked at, whatever becomes of telling it:
 * an entry is as old as what it points to. The server hears of it before it is
 * told to take the entry away. */
static void note_dues(struct part *p, const struct hook_entry *entries,
                      size_t count) {
    struct worker *w = p->worker;
    struct hook_due_at dues[HOOK_PAGE];
    size_t n = 0;

    for (size_t i = 0; w->notifier != NULL && i < count; i++) {
        if (replay_id_after(entries[i].id, p->noted)) {
            p->noted = entries[i].id;
            dues[n] = (struct hook_due_at){
                entries[i].conv, entries[i].id.ms + w->config.notify_ms};
            n += entries[i].kind == HOOK_POINTER ? 1 : 0;
        }
    }
    if (n > 0) {
        hook_due_add(w->ports.queue, part_of(p), dues, n, on_dues, p);
    }
}

static bool is_full(const struct worker *w) {
    return w->lanes.jobs >= w->config.window;
}

/* After a failure another server may have the partition, which lacks the last
 * that the one before it had, and whose clock, which numbers the entries, may
 * be behind: there "after the last that was read" says nothing. What does not
 * fit into the lanes is left for later, and noted now. */
static void on_page(void *ctx, enum rc rc, const struct hook_entry *entries,
                    size_t count, uint64_t waiting) {
    struct part *p = ctx;
    struct worker *w = p->worker;
    bool beyond = p->beyond;
    bool stale = p->stale;

    p->reading = false;
    p->stale = false;
    if (w->stopped || !p->works || stale) {
        return;
    }
    if (rc != RC_OK) {
        begin_anew(p);
        return;
    }
    p->waiting = waiting;
    note_dues(p, entries, count);
    for (size_t i = 0; !beyond && i < count; i++) {
        take_entry(p, &entries[i]);
    }
    pump(w);
    if (count == HOOK_PAGE) {
        look(p);
    }
}

static void look(struct part *p) {
    struct worker *w = p->worker;

    if (p->works && !p->reading && (!is_full(w) || w->notifier != NULL)) {
        p->reading = true;
        p->beyond = is_full(w);
        hook_queue_read(w->ports.queue, part_of(p),
                        p->beyond ? p->noted : p->after, on_page, p);
    }
}

static void on_poll(struct wheel_timer *timer) {
    struct worker *w = CONTAINER_OF(timer, struct worker, poll);

    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        look(&w->parts[part]);
    }
    loop_timer(w->ports.loop, &w->poll, WORKER_POLL_MS);
}

/* Leases. What waits in PostgreSQL is carried by who works the first
 * partition. */
static void on_lease(void *owner, unsigned part, bool held) {
    struct worker *w = owner;
    struct part *p = &w->parts[part];

    p->works = held;
    p->waiting = 0;
    begin_anew(p);
    if (part == 0) {
        drain_run(&w->drain, held);
    }
    if (w->notifier != NULL) {
        notifier_run(w->notifier, part, held);
    }
    if (w->ports.pusher != NULL) {
        pusher_run(w->ports.pusher, part, held);
    }
    log_info(&log_ctx, "hooks_lease", "worker=%s partition=%u works=%s",
             id_text(w->config.id).s, part, held ? "yes" : "no");
}

/* Life. */

static void open_notifier(struct worker *w) {
    const struct notifier_ports ports = {
        w->ports.loop,   w->ports.queue,      w->ports.history,
        w->ports.outbox, w->config.notify_ms, w->config.notify_to};

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
                                   .counts = &w->counts,
                                   .on_over = on_over,
                                   .owner = w};
    lanes_init(&w->lanes, &lanes);
    drain_init(&w->drain, ports->loop, ports->queue, ports->outbox);
    open_notifier(w);
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        w->parts[part].worker = w;
    }
    w->crew = (struct crew){.loop = ports->loop,
                            .queue = ports->queue,
                            .worker = config->id,
                            .on_change = on_lease,
                            .owner = w};
    crew_open(&w->crew);
    wheel_timer_init(&w->poll, on_poll);
    loop_timer(ports->loop, &w->poll, WORKER_POLL_MS);
    return w;
}

void worker_stop(struct worker *w) {
    w->stopped = true;
    crew_stop(&w->crew);
    wheel_cancel(&w->poll);
    drain_stop(&w->drain);
    if (w->notifier != NULL) {
        notifier_stop(w->notifier);
    }
    if (w->ports.pusher != NULL) {
        pusher_stop(w->ports.pusher);
    }
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        lanes_drop(&w->lanes, part);
    }
}

void worker_leave(struct worker *w, void (*left)(void *ctx), void *ctx) {
    worker_stop(w);
    crew_leave(&w->crew, left, ctx);
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
    struct worker_counts out = {
        .tasks = w->counts,
        .notifier = w->notifier == NULL ? none : notifier_counts(w->notifier),
        .held = w->lanes.jobs,
        .resting = w->lanes.resting,
        .foreign = w->foreign,
        .carried = w->drain.done,
    };

    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        out.parts += w->parts[part].works;
        out.waiting += w->parts[part].waiting;
    }
    return out;
}
