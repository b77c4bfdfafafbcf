#include "hooks/pusher.h"

#include <assert.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/wire/json_read.h"
#include "storage/hook_push.h"

static const struct log_ctx log_ctx = {"push", 0};

/* A partition of the queue. */
struct part {
    struct pusher *pusher;
    bool works; /* its lease is ours */
    bool reading;
    bool stale; /* what is being read was asked for before it began anew */
    struct replay_id after; /* read up to here */
    uint64_t waiting;
};

struct pusher {
    struct pusher_config config;
    struct pusher_ports ports;
    struct push_task_ports tasks;
    struct pusher_counts counts;
    struct part parts[HOOK_PARTS];
    struct pushes pushes;
    struct wheel_timer poll;
    struct json_doc doc;
    size_t busy; /* tasks */
    bool stopped;
};

/* Tasks. */

static void pump(struct pusher *p) {
    while (!p->stopped && p->busy < p->config.concurrency) {
        struct push *push = pushes_take(&p->pushes);

        if (push == NULL) {
            return;
        }
        p->busy++;
        push_task_start(&p->tasks, push);
    }
}

/* Else it is found again by whoever works next. */
static void on_taken_away(void *ctx, enum rc rc) {
    (void)ctx;
    (void)rc;
}

static void take_away(struct pusher *p, unsigned part, struct replay_id entry) {
    hook_push_finish(p->ports.queue, part, entry, on_taken_away, p);
}

/* One that failed is not tried again when a newer one stands for it. */
static void on_over(void *owner, struct push *push, bool done,
                    uint64_t wait_ms) {
    struct pusher *p = owner;

    p->busy--;
    if (!done && !push->dropped && push_is_old(push)) {
        push->next.count += push->now.count;
        p->counts.collapsed++;
        take_away(p, push->part, push->now.entry);
        done = true;
    }
    if (done) {
        push_done(push);
    } else {
        push_rest(push, wait_ms);
    }
    pump(p);
}

static void on_ready(void *owner) {
    pump(owner);
}

/* Reading. */

static unsigned part_of(const struct part *p) {
    return (unsigned)(p - p->pusher->parts);
}

static void look(struct part *p);

/* False: not one that a notifier has written there. */
static bool notice_read(struct pusher *p, const struct hook_entry *e,
                        struct push_notice *out) {
    size_t at;

    *out = (struct push_notice){.entry = e->id, .ts_ms = e->ts_ms};
    if (e->kind != HOOK_EVENT || !notice_name_parse(e->name, &out->of) ||
        hook_part(out->of.conv.v) != e->part ||
        json_read(&p->doc, e->data) != RC_OK ||
        json_kind(&p->doc, 0) != JSON_KIND_OBJECT) {
        return false;
    }
    at = json_member(&p->doc, 0, "count");
    return at != 0 && json_u64(&p->doc, at, &out->count);
}

static void take_entry(struct part *part, const struct hook_entry *e) {
    struct pusher *p = part->pusher;
    struct push_notice notice;
    struct replay_id instead;

    part->after = e->id;
    if (!notice_read(p, e, &notice)) {
        log_error(&log_ctx, "push_foreign_entry", "id=%llu-%llu",
                  (unsigned long long)e->id.ms, (unsigned long long)e->id.seq);
        take_away(p, e->part, e->id);
        return;
    }
    instead = pushes_put(&p->pushes, &notice);
    if (instead.ms != 0) {
        p->counts.collapsed++;
        take_away(p, e->part, instead);
    }
}

/* From its first entry on, and nothing of it is held. */
static void begin_anew(struct part *p) {
    p->after = (struct replay_id){0, 0};
    p->stale = p->reading;
    pushes_drop(&p->pusher->pushes, part_of(p));
}

/* After a failure it is read anew, as the worker does (worker.c). */
static void on_page(void *ctx, enum rc rc, const struct hook_entry *entries,
                    size_t count, uint64_t waiting) {
    struct part *part = ctx;
    struct pusher *p = part->pusher;
    bool stale = part->stale;

    part->reading = false;
    part->stale = false;
    if (p->stopped || !part->works || stale) {
        return;
    }
    if (rc != RC_OK) {
        begin_anew(part);
        return;
    }
    part->waiting = waiting;
    for (size_t i = 0; i < count; i++) {
        take_entry(part, &entries[i]);
    }
    pump(p);
    if (count == HOOK_PAGE) {
        look(part);
    }
}

static void look(struct part *part) {
    struct pusher *p = part->pusher;

    if (part->works && !part->reading &&
        pushes_held(&p->pushes) < p->config.window) {
        part->reading = true;
        hook_push_read(p->ports.queue, part_of(part), part->after, on_page,
                       part);
    }
}

static void on_poll(struct wheel_timer *timer) {
    struct pusher *p = CONTAINER_OF(timer, struct pusher, poll);

    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        look(&p->parts[part]);
    }
    loop_timer(p->ports.loop, &p->poll, PUSHER_POLL_MS);
}

/* Life. */

struct pusher *pusher_open(const struct pusher_config *config,
                           const struct pusher_ports *ports) {
    struct pusher *p = mem_new(sizeof(*p));
    const struct pushes_ports pushes = {.clock = &ports->loop->clock,
                                        .wheel = &ports->loop->wheel,
                                        .rand = &ports->loop->rand,
                                        .on_ready = on_ready,
                                        .owner = p};

    p->config = *config;
    p->ports = *ports;
    p->tasks = (struct push_task_ports){.queue = ports->queue,
                                        .history = ports->history,
                                        .outbox = ports->outbox,
                                        .poster = ports->poster,
                                        .key = ports->key,
                                        .clock = &ports->loop->clock,
                                        .ttl_ms = config->ttl_ms,
                                        .preview = config->preview,
                                        .counts = &p->counts.tasks,
                                        .on_over = on_over,
                                        .owner = p};
    pushes_init(&p->pushes, &pushes);
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        p->parts[part].pusher = p;
    }
    json_doc_init(&p->doc);
    wheel_timer_init(&p->poll, on_poll);
    loop_timer(ports->loop, &p->poll, PUSHER_POLL_MS);
    return p;
}

void pusher_run(struct pusher *p, unsigned part, bool yes) {
    p->parts[part].works = yes;
    p->parts[part].waiting = 0;
    begin_anew(&p->parts[part]);
}

void pusher_stop(struct pusher *p) {
    p->stopped = true;
    wheel_cancel(&p->poll);
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        pusher_run(p, part, false);
    }
}

void pusher_free(struct pusher **p) {
    if (*p != NULL) {
        assert((*p)->busy == 0);
        pushes_fini(&(*p)->pushes);
        json_doc_fini(&(*p)->doc);
        mem_free(*p);
        *p = NULL;
    }
}

struct pusher_counts pusher_counts(const struct pusher *p) {
    struct pusher_counts out = p->counts;

    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        out.waiting += p->parts[part].waiting;
    }
    out.held = pushes_held(&p->pushes);
    out.resting = p->pushes.resting;
    return out;
}
